import { from, type InteropObservable, isObservable, type Observable, Subscriber } from 'rxjs';

/** Something that a function returned and that goes on. */
export interface RunningBody {
  /** Tells it to stop; the listener hears when it has. */
  stop(): void;
}

/** Who is told how a body ended: by exactly one of the first four, once. */
export interface BodyListener {
  /** It produced its output: the value, or the last one of a stream. */
  completed(output: unknown): void;
  /** Its stream completed without a value. */
  empty(): void;
  failed(error: unknown): void;
  /** It stopped because it was told to, without an outcome of its own. */
  stopped(): void;
  /** A stream is about to be subscribed to, and can be told to stop. A Promise can't: it is waited for. */
  running?(body: RunningBody): void;
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
export function followBody(returned: unknown, listener: BodyListener): void {
  if (isPlain(returned)) {
    listener.completed(returned);
    return;
  }
  const value = returned as Partial<PromiseLike<unknown> & AsyncIterable<unknown> & InteropObservable<unknown>>;
  if (value instanceof Promise) {
    followPromise(value, listener);
  } else if (typeof value.then === 'function') {
    followPromise(Promise.resolve(value), listener);
  } else if (isObservable(value)) {
    new ObservedBody(listener).follow(value);
  } else if (typeof value[Symbol.observable] === 'function') {
    new ObservedBody(listener).follow(from(value as InteropObservable<unknown>));
  } else if (typeof value[Symbol.asyncIterator] === 'function') {
    void new IteratedBody(listener).follow(value as AsyncIterable<unknown>);
  } else {
    listener.completed(returned);
  }
}

function followPromise(promise: Promise<unknown>, listener: BodyListener): void {
  promise.then(
    (value) => {
      followBody(value, listener);
    },
    (error: unknown) => {
      listener.failed(error);
    },
  );
}

/** Keeps the last value of a stream. A Subscriber of its own can be unsubscribed while `subscribe` still runs. */
class ObservedBody extends Subscriber<unknown> implements RunningBody {
  readonly #listener: BodyListener;
  #hasValue = false;
  #last: unknown;

  constructor(listener: BodyListener) {
    super();
    this.#listener = listener;
  }

  follow(source: Observable<unknown>): void {
    this.#listener.running?.(this);
    if (!this.closed) source.subscribe(this);
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
  readonly #listener: BodyListener;
  #iterator: AsyncIterator<unknown> | undefined;
  /** Settles when the iterator has done its own clean-up; there only once told to stop. */
  #returned: Promise<unknown> | undefined;

  constructor(listener: BodyListener) {
    this.#listener = listener;
  }

  stop(): void {
    this.#returned ??= this.#return();
  }

  async #return(): Promise<unknown> {
    // A generator heeds its `return` when the `next` under way has settled.
    return this.#iterator?.return?.();
  }

  async follow(iterable: AsyncIterable<unknown>): Promise<void> {
    const listener = this.#listener;
    listener.running?.(this);
    if (this.#returned !== undefined) {
      listener.stopped();
      return;
    }
    let hasValue = false;
    let last: unknown;
    try {
      this.#iterator = iterable[Symbol.asyncIterator]();
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
