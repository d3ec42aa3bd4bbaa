import type { OptionChecker } from '../base/option-checker.ts';

/**
 * How long a step may take, where that isn't certain. All numbers are ms.
 *
 * @example
 * ```ts
 * const download: Distribution = { triangular: [200, 300, 2_000] };
 * const measured: Distribution = { samples: [410, 395, 1_210, 402] };
 * ```
 */
export type Distribution =
  | {
      /** As likely anywhere from the least to the most. */
      readonly uniform: readonly [least: number, most: number];
    }
  | {
      /** Most likely near the usual, never outside of the least and the most. */
      readonly triangular: readonly [least: number, usual: number, most: number];
    }
  | {
      /** Mostly short and now and then long: by its mean. */
      readonly exponential: number;
    }
  | {
      /** One of those that were measured, each as likely. */
      readonly samples: readonly number[];
    };

/** A distribution, read. */
export interface Spread {
  readonly mean: number;
  draw(random: () => number): number;
}

const expected =
  'a number of ms of at least 0, or one of { uniform: [least, most] }, { triangular: [least, usual, most] }, ' +
  '{ exponential: mean } and { samples: […] }';

/** Reads a distribution; what is wrong is noted with the checker. */
export function readDistribution(checker: OptionChecker, path: string, value: unknown): Spread | undefined {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const [[kind, given] = ['', undefined]] = entries;
  const numbers: unknown[] = Array.isArray(given) ? given : [given];
  const spread = entries.length === 1 && areTimes(numbers) ? spreadOf(kind, numbers) : undefined;
  return spread ?? checker.fail(path, expected, value);
}

function areTimes(values: readonly unknown[]): values is number[] {
  return values.every((value) => typeof value === 'number' && value >= 0 && value < Infinity);
}

function spreadOf(kind: string, numbers: readonly number[]): Spread | undefined {
  const [first = 0, second = first, third = second] = numbers;
  switch (kind) {
    case 'uniform':
      if (numbers.length !== 2 || first > second) return undefined;
      return { mean: (first + second) / 2, draw: (random) => first + (second - first) * random() };
    case 'triangular':
      if (numbers.length !== 3 || first > second || second > third) return undefined;
      return {
        mean: (first + second + third) / 3,
        draw: (random) => triangular(first, second, third, random()),
      };
    case 'exponential':
      if (numbers.length !== 1) return undefined;
      return { mean: first, draw: (random) => -first * Math.log(1 - random()) };
    case 'samples':
      if (numbers.length === 0) return undefined;
      return {
        mean: numbers.reduce((sum, each) => sum + each, 0) / numbers.length,
        draw: (random) => numbers[Math.floor(random() * numbers.length)] as number,
      };
    default:
      return undefined;
  }
}

function triangular(least: number, usual: number, most: number, share: number): number {
  const width = most - least;
  if (width === 0) return least;
  return share < (usual - least) / width
    ? least + Math.sqrt(share * width * (usual - least))
    : most - Math.sqrt((1 - share) * width * (most - usual));
}
