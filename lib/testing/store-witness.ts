import { clockOf } from '../base/clock.ts';
import { messageOf } from '../base/inspect.ts';
import type { Awaitable } from '../store/backend.ts';
import type { RunHeldError, StoreError } from '../store/store-errors.ts';
import { StoreLawBrokenError } from './store-law-broken-error.ts';

/** How often it is looked whether something has come, in ms. */
const pollMs = 5;

/** Notes every call to a store on trial; what goes otherwise than expected breaks the law. */
export class StoreWitness {
  /** What the store calls itself. */
  store = 'the store';
  readonly #law: string;
  readonly #patienceMs: number;
  readonly #calls: string[] = [];

  constructor(law: string, patienceMs: number) {
    this.#law = law;
    this.#patienceMs = patienceMs;
  }

  /** Does something that has to succeed. */
  async try<Value>(call: string, work: () => Awaitable<Value>): Promise<Value> {
    try {
      const value = await work();
      this.#calls.push(call);
      return value;
    } catch (error) {
      this.#calls.push(`${call} → ${messageOf(error)}`);
      throw this.broken('it failed', error);
    }
  }

  /** Does something that has to fail in a certain way. */
  async refused(
    call: string,
    errorType: typeof StoreError | typeof RunHeldError,
    work: () => Awaitable<unknown>,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#calls.push(`${call} → ${messageOf(error)}`);
      if (error instanceof errorType) return;
      throw this.broken(`it failed with something else than a ${errorType.name}`, error);
    }
    this.#calls.push(call);
    throw this.broken(`it succeeded, and should have failed with a ${errorType.name}`);
  }

  /** What came of the last call has to be this. */
  equal(what: string, found: unknown, expected: unknown): void {
    if (textOf(found) !== textOf(expected))
      throw this.broken(`${what} should have been ${shown(expected)}, and was ${shown(found)}`);
  }

  /** Something has to come. */
  async comes(what: string, isThere: () => boolean): Promise<void> {
    const clock = clockOf(undefined);
    const end = clock.now() + this.#patienceMs;
    while (!isThere()) {
      if (clock.now() > end)
        throw this.broken(`${what} should have come within ${String(this.#patienceMs)} ms`);
      await new Promise<void>((resolve) => {
        clock.after(pollMs, resolve);
      });
    }
    this.#calls.push(`(${what} came)`);
  }

  broken(violation: string, cause?: unknown): StoreLawBrokenError {
    return new StoreLawBrokenError(
      this.store,
      this.#law,
      violation,
      // What is done to tidy up is no part of it.
      [...this.#calls],
      cause === undefined ? undefined : { cause },
    );
  }
}

const longestShown = 120;

/** A value, for messages. */
export function shown(value: unknown): string {
  const text = textOf(value);
  return text.length <= longestShown
    ? text
    : `${text.slice(0, longestShown)}… (${String(text.length)} characters)`;
}

/** Tells values apart that differ. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes [${value.join(' ')}]`;
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
