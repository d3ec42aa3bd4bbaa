import fc, { type Arbitrary } from 'fast-check';
import { OptionChecker } from '../base/option-checker.ts';

/** What a graph looks like as a whole. */
export type Shape = 'random' | 'layered' | 'chain' | 'fan' | 'tree' | 'series-parallel';

const shapes: readonly Shape[] = ['random', 'layered', 'chain', 'fan', 'tree', 'series-parallel'];

/** What graphs are made. */
export interface DagConstraints {
  /** How many steps at the least. @defaultValue 1 */
  readonly minSteps?: number | undefined;
  /** How many steps at the most. @defaultValue 8 */
  readonly maxSteps?: number | undefined;
  /** How likely a step of a random or layered graph needs one that it may need, from 0 to 1. @defaultValue 0.4 */
  readonly density?: number | undefined;
  /** What the graph looks like. @defaultValue 'random' */
  readonly shape?: Shape | undefined;
}

/** A step of a graph: its id, and the ids of those it needs, which come before it. */
export interface DagStep {
  /** `a`, `b`, … */
  readonly id: string;
  /** The ids of the steps it needs. */
  readonly dependsOn: readonly string[];
}

/** How {@link dag} reads its constraints. */
interface DagLimits {
  readonly minSteps: number;
  readonly maxSteps: number;
  readonly density: number;
  readonly shape: Shape;
}

/** Reads constraints; those that can't be met are noted with the checker. */
export function readConstraints(checker: OptionChecker, constraints: DagConstraints): DagLimits {
  const minSteps = checker.finiteCount('minSteps', constraints.minSteps, 1) ?? 1;
  const maxSteps = checker.finiteCount('maxSteps', constraints.maxSteps, 1) ?? Math.max(8, minSteps);
  if (minSteps > maxSteps) checker.fail('minSteps', `at most maxSteps (${String(maxSteps)})`, minSteps);
  return {
    minSteps,
    maxSteps,
    density: checker.number('density', constraints.density, 0, 1) ?? 0.4,
    shape: checker.oneOf('shape', constraints.shape, shapes) ?? 'random',
  };
}

export const dagConstraintNames = ['minSteps', 'maxSteps', 'density', 'shape'];

/**
 * Graphs without cycles, in topological order. They shrink to fewer steps with fewer dependencies.
 *
 * @throws InvalidOptionsError for constraints that no graph can meet
 * @example
 * ```ts
 * import fc from 'fast-check';
 *
 * fc.assert(fc.property(dag({ maxSteps: 20, shape: 'layered' }), (steps) => steps.length <= 20));
 * ```
 */
export function dag(constraints: DagConstraints = {}): Arbitrary<readonly DagStep[]> {
  const checker = new OptionChecker();
  let limits: DagLimits | undefined;
  if (checker.record('constraints', constraints)) {
    checker.knownKeys('', constraints, dagConstraintNames);
    limits = readConstraints(checker, constraints);
  }
  checker.throwIfAny('dag');
  return dagWithin(limits as DagLimits);
}

/** A step as drawn: numbers from which, with its place, follows what it needs. */
type Draft = readonly number[];

/** {@link dag}, of constraints that were read. */
export function dagWithin({ minSteps, maxSteps, density, shape }: DagLimits): Arbitrary<readonly DagStep[]> {
  // Numbers per cent of density; the smallest are the shrunk ones, so a choice is made where a number is high.
  const draft: Arbitrary<Draft> = fc.array(fc.nat(99), { minLength: 4, maxLength: 4 });
  const threshold = Math.ceil(100 - 100 * density);
  return fc.array(draft, { minLength: minSteps, maxLength: maxSteps, size: 'max' }).map((drawn) => {
    // Shrinking leaves out the first ones that were drawn: these have to be the last steps, which nothing needs.
    const drafts = drawn.toReversed();
    const ids = drafts.map((_, index) =>
      index < 26 ? String.fromCodePoint(97 + index) : `s${String(index)}`,
    );
    return drafts.map((numbers, index): DagStep => {
      const needed = new Set(needs(shape, drafts, index, numbers, threshold));
      return { id: ids[index] ?? '', dependsOn: [...needed].map((place) => ids[place] ?? '') };
    });
  });
}

/** The places of the steps that the one at a place needs. */
function needs(
  shape: Shape,
  drafts: readonly Draft[],
  index: number,
  numbers: Draft,
  threshold: number,
): number[] {
  const isChosen = (number: number): boolean => number >= threshold;
  const [first = 0] = numbers;
  if (index === 0) return [];
  switch (shape) {
    case 'chain':
      return [index - 1];
    case 'fan':
      // Out of the first and, where there are more than two, into the last.
      return index === drafts.length - 1 && index > 1 ? range(1, index) : [0];
    case 'tree':
      return [first % index];
    case 'layered': {
      const width = Math.ceil(Math.sqrt(drafts.length));
      const layer = Math.floor(index / width);
      const above = layer === 0 ? [] : range((layer - 1) * width, layer * width);
      const chosen = above.filter((_, at) =>
        isChosen(((numbers[at % 4] ?? 0) + 37 * Math.floor(at / 4)) % 100),
      );
      return above.length > 0 && chosen.length === 0 ? [above[first % above.length] ?? 0] : chosen;
    }
    case 'series-parallel': {
      // Blocks of three side by side between joints: 0 | 1 2 3 | 4 | 5 6 7 | 8 …
      const joint = Math.floor((index - 1) / 4) * 4;
      return index % 4 === 0 ? range(index - 3, index) : [joint];
    }
    case 'random':
      // The shrunk ones are the nearest.
      return numbers.flatMap((number, at) =>
        at < index && isChosen(number) ? [index - 1 - ((number - threshold + at) % index)] : [],
      );
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}
