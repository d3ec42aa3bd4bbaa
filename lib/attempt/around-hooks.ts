import type { Around, AroundAttempt } from '../definition/around.ts';
import { AroundError } from './around-error.ts';

/** Several hooks as one, the first outermost; `undefined` where there is none. */
export function composed(hooks: readonly Around[]): Around | undefined {
  return hooks.reduceRight<Around | undefined>(
    (inner, hook) => (attempt, next) =>
      new HookCall(hook, attempt, inner === undefined ? next : () => inner(attempt, next)).run(),
    undefined,
  );
}

/**
 * One call of a hook, which has to do what is asked of it.
 *
 * 1. What the body throws or rejects with passes as it is; anything else that the hook throws is an `AroundError`.
 * 2. So is a hook that doesn't call `next`, calls it twice, or keeps what it gives to itself.
 */
class HookCall {
  readonly #hook: Around;
  readonly #attempt: AroundAttempt;
  readonly #next: () => unknown;
  #hasCalled = false;
  #isOver = false;
  /** What the body has returned, and what its Promise has come to. */
  #given: unknown;
  /** What the body has thrown, or rejected with. */
  #thrown: { readonly error: unknown } | undefined;

  constructor(hook: Around, attempt: AroundAttempt, next: () => unknown) {
    this.#hook = hook;
    this.#attempt = attempt;
    this.#next = next;
  }

  run(): unknown {
    let returned: unknown;
    try {
      returned = this.#hook(this.#attempt, this.#callNext);
    } catch (error) {
      this.#isOver = true;
      throw this.#errorOf(error);
    }
    // Nothing of its own is waited for.
    if (returned === this.#given && this.#hasCalled) return returned;
    if (!isThenable(returned)) return this.#checked(returned);
    return Promise.resolve(returned).then(
      (value) => this.#checked(value),
      (error: unknown) => {
        this.#isOver = true;
        throw this.#errorOf(error);
      },
    );
  }

  readonly #callNext = (): unknown => {
    if (this.#isOver) throw this.#fault('called next() when it was over already; wait for it');
    if (this.#hasCalled) throw this.#fault('called next() more than once');
    this.#hasCalled = true;
    try {
      this.#given = this.#next();
    } catch (error) {
      this.#thrown = { error };
      throw error;
    }
    if (this.#given instanceof Promise)
      this.#given.then(
        (value) => {
          this.#given = value;
        },
        (error: unknown) => {
          this.#thrown = { error };
        },
      );
    return this.#given;
  };

  #checked(returned: unknown): unknown {
    this.#isOver = true;
    if (!this.#hasCalled) throw this.#fault("didn't call next(), so that the step has done nothing");
    if (returned === undefined && this.#given !== undefined)
      throw this.#fault('returned nothing; it has to return what next() gives');
    return returned;
  }

  #errorOf(error: unknown): unknown {
    if (error instanceof AroundError || (this.#thrown !== undefined && this.#thrown.error === error))
      return error;
    return new AroundError(this.#attempt.stepId, undefined, { cause: error });
  }

  #fault(what: string): AroundError {
    return new AroundError(this.#attempt.stepId, what);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}
