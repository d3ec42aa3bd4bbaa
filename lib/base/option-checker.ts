import { type Bytes, bytesExpected, parseBytes } from './bytes.ts';
import { type Duration, durationExpected, parseDuration } from './durations.ts';
import { InvalidOptionsError, type OptionProblem } from './errors.ts';
import { nearestName } from './nearest.ts';
import { ownOf } from './record.ts';

/** Reads options one by one and remembers every one that can't be used. `undefined` is always absent. */
export class OptionChecker {
  readonly problems: OptionProblem[] = [];

  /** Notes a problem and goes on. */
  fail(option: string, expected: string, value: unknown): undefined {
    this.problems.push({ option, expected, value });
    return undefined;
  }

  duration(option: string, value: Duration | undefined): number | undefined {
    if (value === undefined) return undefined;
    return parseDuration(value) ?? this.fail(option, durationExpected, value);
  }

  bytes(option: string, value: Bytes | undefined): number | undefined {
    if (value === undefined) return undefined;
    return parseBytes(value) ?? this.fail(option, bytesExpected, value);
  }

  /** A whole number of at least `least`; `Infinity` is one. */
  count(option: string, value: number | undefined, least: number): number | undefined {
    if (value === undefined) return undefined;
    const good = (Number.isInteger(value) || value === Infinity) && value >= least;
    return good ? value : this.fail(option, `a whole number of at least ${String(least)}`, value);
  }

  /** As `count`, but there is an end to it. */
  finiteCount(option: string, value: number | undefined, least: number): number | undefined {
    if (value !== Infinity) return this.count(option, value, least);
    return this.fail(option, `a finite whole number of at least ${String(least)}`, value);
  }

  /** A number in a range, both ends included. */
  number(option: string, value: number | undefined, least: number, most: number): number | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    const range =
      least === -Infinity && most === Infinity
        ? 'a number'
        : most === Infinity
          ? `a number of at least ${String(least)}`
          : most === Number.MAX_VALUE
            ? least === -most
              ? 'a finite number'
              : `a finite number of at least ${String(least)}`
            : `a number from ${String(least)} to ${String(most)}`;
    return this.fail(option, range, value);
  }

  flag(option: string, value: boolean | undefined): boolean | undefined {
    if (value === undefined || typeof value === 'boolean') return value;
    return this.fail(option, 'true or false', value);
  }

  text(option: string, value: string | undefined): string | undefined {
    if (value === undefined || typeof value === 'string') return value;
    return this.fail(option, 'a string', value);
  }

  function<F>(option: string, value: F | undefined): F | undefined {
    if (value === undefined || typeof value === 'function') return value;
    return this.fail(option, 'a function', value);
  }

  oneOf<const T extends string>(option: string, value: T | undefined, allowed: readonly T[]): T | undefined {
    if (value === undefined || allowed.includes(value)) return value;
    return this.fail(option, allowed.map((name) => `'${name}'`).join(' or '), value);
  }

  /** Whether the value is a plain record; `what` describes it. */
  record<Value>(option: string, value: Value, what = 'an object'): value is Value & object {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return true;
    this.fail(option, what, value);
    return false;
  }

  /** Notes every key that isn't an option, with the one that was probably meant; `elsewhere` has what others call them. */
  knownKeys(
    path: string,
    options: object,
    known: readonly string[],
    elsewhere: Readonly<Record<string, string>> = {},
  ): void {
    const given = options as Readonly<Record<string, unknown>>;
    for (const key of Object.keys(given)) {
      if (known.includes(key)) continue;
      const meant = ownOf(elsewhere, key) ?? nearestName(key, known, (name) => given[name] !== undefined);
      this.fail(
        `${path}${key}`,
        `absent (there is no such option${meant === undefined ? '' : `; did you mean '${meant}'?`})`,
        given[key],
      );
    }
  }

  /** Throws one {@link InvalidOptionsError} for all problems noted. */
  throwIfAny(owner: string): void {
    if (this.problems.length > 0) throw new InvalidOptionsError(owner, this.problems);
  }
}
