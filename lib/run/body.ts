import { from, type InteropObservable, isObservable, type Observable, Subscriber } from 'rxjs';

/** Who is told how a body ended. Exactly one of the three is called, once. */
export interface BodyListener {
  /** It produced its output: the value, or the last one of a stream. */
  completed(output: unknown): void;
  /** Its stream completed without a value. */
  empty(): void;
  failed(error: unknown): void;
  /** It stopped because it was told to, without an outcome of its own. */
  stopped(): void;
}

/** A body that goes on after its function returned. */
export interface RunningBody {
  /** Tells it to stop; the listener hears when it has. A Promise can't be told, only waited for. */
  stop(): void;
}

/** Whether what a function returned is its output, rather than something that leads to it. */
export function isPlain(returned: unknown): boolean {
  return (typeof returned !== 'object' && typeof returned !== 'function') || returned === null || Array.isArray(returned);
}

/**
 * Follows what a function returned to its output. The listener may be called before this returns.
 *
 * Adds no Promise of its own, except around a thenable that isn't one.
 */
export function followBody(returned: unknown, listener: BodyListener): RunningBody | undefined {
  if (isPlain(returned)) {
    listener.completed(returned);
    return undefined;
  }
  const value = returned as Partial<PromiseLike<unknown>> & Partial<AsyncIterable<unknown>> & Partial<InteropObservable<unknown>>;
  if (value instanceof Promise) return new PromisedBody(value, listener);
  if (typeof value.then === 'function') return new PromisedBody(Promise.resolve(value), listener);
  if (isObservable(value)) return new ObservedBody(value, listener);
  if (typeof value[Symbol.observable] === 'function') return new ObservedBody(from(value as InteropObservable<unknown>), listener);
  if (typeof value[Symbol.asyncIterator] === 'function') return new IteratedBody(value as AsyncIterable<unknown>, listener);
  listener.completed(returned);
  return undefined;
}

class PromisedBody implements RunningBody {
  readonly #listener: BodyListener;
  #inner: RunningBody | undefined;
  #isStopping = false;

  constructor(promise: Promise<unknown>, listener: BodyListener) {
    this.#listener = listener;
    promise.then(
      (value) => {
        this.#resolved(value);
      },
      (error: unknown) => {
        listener.failed(error);
      },
    );
  }

  stop(): void {
    this.#isStopping = true;
    this.#inner?.stop();
  }

  #resolved(value: unknown): void {
    if (isPlain(value)) this.#listener.completed(value);
    else if (this.#isStopping) this.#listener.stopped();
    else this.#inner = followBody(value, this.#listener);
  }
}

/** Keeps the last value of a stream. A Subscriber of its own can be unsubscribed while `subscribe` still runs. */
class ObservedBody extends Subscriber<unknown> implements RunningBody {
  readonly #listener: BodyListener;
  #hasValue = false;
  #last: unknown;

  constructor(source: Observable<unknown>, listener: BodyListener) {
    super();
    this.#listener = listener;
    source.subscribe(this);
  }

  stop(): void {
    if (this.closed) return;
    this.unsubscribe();
    this.#listener.stopped();
  }

  protected override _next(value: unknown): void {
    this.#hasValue = true;
    this.#last = value;
  }

  // Teardown comes first: a body that still holds something has not stopped.
  protected override _error(error: unknown): void {
    this.unsubscribe();
    this.#listener.failed(error);
  }

  protected override _complete(): void {
    this.unsubscribe();
    if (this.#hasValue) this.#listener.completed(this.#last);
    else this.#listener.empty();
  }
}

class IteratedBody implements RunningBody {
  readonly #iterable: AsyncIterable<unknown>;
  readonly #listener: BodyListener;
  #iterator: AsyncIterator<unknown> | undefined;
  /** Settles when the iterator has done its own clean-up; there only once told to stop. */
  #returned: Promise<unknown> | undefined;

  constructor(iterable: AsyncIterable<unknown>, listener: BodyListener) {
    this.#iterable = iterable;
    this.#listener = listener;
    void this.#drain();
  }

  stop(): void {
    this.#returned ??= this.#return();
  }

  async #return(): Promise<unknown> {
    // A generator takes its `return` when the `next` under way has settled.
    return this.#iterator?.return?.();
  }

  async #drain(): Promise<void> {
    const listener = this.#listener;
    let hasValue = false;
    let last: unknown;
    try {
      this.#iterator = this.#iterable[Symbol.asyncIterator]();
      for (;;) {
        const result = await this.#iterator.next();
        if (this.#returned !== undefined) break;
        if (result.done === true) {
          if (hasValue) listener.completed(last);
          else listener.empty();
          return;
        }
        hasValue = true;
        last = result.value;
      }
    } catch (error) {
      if (this.#returned === undefined) {
        listener.failed(error);
        return;
      }
    }
    try {
      await this.#returned;
    } catch (error) {
      listener.failed(error);
      return;
    }
    listener.stopped();
  }
}
