import { type InteropObservable, isObservable, Observable, Subscriber } from 'rxjs';
import { InvalidOptionsError } from '../base/errors.ts';
import { macrotask } from '../base/host.ts';
import { inspectValue } from '../base/inspect.ts';
import type { Step } from '../definition/handle.ts';
import { type Hostable, hosted } from '../definition/hosted.ts';
import { isHandle, isStep } from '../definition/step.ts';
import type { Outlet } from './outlet.ts';

/** Something that a function returned and that goes on. */
export interface RunningBody {
  /** Tells it to stop; the listener hears when it has. */
  stop(reason?: unknown): void;
  /** Where it is several steps: nothing more starts, but what runs may finish. */
  drain?(reason: unknown): void;
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
  /** Where each value goes beside the last one's being the output, where others read them. */
  readonly outlet?: Outlet | undefined;
  /** A stream is about to be subscribed to, and can be told to stop. A Promise can't: it is waited for. */
  running?(body: RunningBody): void;
  /** It is steps of their own that do the work. Who doesn't know what to do with them takes them for the output. */
  handedOver?(work: Hostable | Step): void;
  /** Something that the stream had set up threw as it was torn down. Its outcome stands. */
  tornDown?(error: unknown): void;
}

/** Whether what a function returned is its output, rather than something that leads to it. */
export function isPlain(returned: unknown): boolean {
  return (
    (typeof returned !== 'object' && typeof returned !== 'function') ||
    returned === null ||
    Array.isArray(returned)
  );
}

type Kind = 'plain' | 'promise' | 'thenable' | 'observable' | 'interop' | 'iterable' | 'steps';

function kindOf(returned: unknown): Kind {
  if (isPlain(returned)) return 'plain';
  const value = returned as Partial<
    PromiseLike<unknown> & AsyncIterable<unknown> & InteropObservable<unknown>
  >;
  if (value instanceof Promise) return 'promise';
  if (typeof value.then === 'function') return 'thenable';
  if (isObservable(value)) return 'observable';
  if (typeof value[interopKey()] === 'function') return 'interop';
  if (typeof value[Symbol.asyncIterator] === 'function') return 'iterable';
  if (hosted in value || isStep(value)) return 'steps';
  if (isHandle(value))
    throw new InvalidOptionsError("a step's function", [
      { option: 'what it returns', expected: 'a value, a stream of values, a step or a workflow', value },
    ]);
  return 'plain';
}

/** Where a host has no `Symbol.observable`, as Node hasn't, libraries agree on this name. */
function interopKey(): typeof Symbol.observable {
  return (
    (Symbol as { readonly observable?: typeof Symbol.observable }).observable ?? ('@@observable' as never)
  );
}

/**
 * Follows what a function returned to its output. The listener may be called before this returns.
 *
 * Adds no Promise of its own, except around a thenable that isn't one.
 */
export function followBody(returned: unknown, listener: BodyListener): void {
  let kind: Kind;
  try {
    kind = kindOf(returned);
  } catch (error) {
    listener.failed(error);
    return;
  }
  switch (kind) {
    case 'plain':
      listener.completed(returned);
      break;
    case 'promise':
      followPromise(returned as Promise<unknown>, listener);
      break;
    case 'thenable':
      followPromise(Promise.resolve(returned), listener);
      break;
    case 'observable':
      new ObservedBody(listener).follow(returned as Observable<unknown>);
      break;
    case 'interop':
      new ObservedBody(listener).follow(fromInterop(returned as InteropObservable<unknown>));
      break;
    case 'steps':
      if (listener.handedOver === undefined) listener.completed(returned);
      else listener.handedOver(returned as Hostable | Step);
      break;
    case 'iterable':
      void new IteratedBody(listener).follow(returned as AsyncIterable<unknown>);
  }
}

function fromInterop(source: InteropObservable<unknown>): Observable<unknown> {
  return new Observable((subscriber) => source[interopKey()]().subscribe(subscriber));
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

/** How a stream ended. */
type Ending =
  | { readonly kind: 'completed' | 'empty' | 'stopped' }
  | { readonly kind: 'failed'; readonly error: unknown };

const completed: Ending = { kind: 'completed' };
const empty: Ending = { kind: 'empty' };
const stopped: Ending = { kind: 'stopped' };

/**
 * Keeps the last value of a stream. A Subscriber of its own can be unsubscribed while `subscribe` still runs.
 *
 * Its end is told after its teardown, which a synchronous stream hands over only as `subscribe` returns: a body that
 * still holds something has not stopped.
 */
class ObservedBody extends Subscriber<unknown> implements RunningBody {
  readonly #listener: BodyListener;
  #isSubscribing = false;
  #ending: Ending | undefined;
  #hasValue = false;
  #last: unknown;
  readonly #outlet: Outlet | undefined;

  constructor(listener: BodyListener) {
    super();
    this.#listener = listener;
    this.#outlet = listener.outlet;
  }

  follow(source: Observable<unknown>): void {
    this.#listener.running?.(this);
    if (this.closed) return;
    try {
      this.#outlet?.checkPolicies();
    } catch (error) {
      this.error(error);
      return;
    }
    this.#isSubscribing = true;
    try {
      source.subscribe(this);
    } catch (error) {
      // From a teardown, or from a source that has no other way to say so.
      if (this.#ending === undefined) this.error(error);
      else this.#listener.tornDown?.(error);
    }
    this.#isSubscribing = false;
    if (this.#ending !== undefined) this.#tell(this.#ending);
  }

  stop(): void {
    if (this.#ending === undefined) this.#end(stopped);
  }

  protected override _next(value: unknown): void {
    this.#hasValue = true;
    this.#last = value;
    if (this.#outlet === undefined) return;
    try {
      this.#outlet.push(value);
    } catch (error) {
      this.error(error);
    }
  }

  protected override _error(error: unknown): void {
    this.#end({ kind: 'failed', error });
  }

  protected override _complete(): void {
    this.#end(this.#hasValue ? completed : empty);
  }

  #end(ending: Ending): void {
    this.#ending = ending;
    try {
      this.unsubscribe();
    } catch (error) {
      this.#listener.tornDown?.(error);
    }
    if (!this.#isSubscribing) this.#tell(ending);
  }

  #tell(ending: Ending): void {
    if (ending.kind === 'failed') this.#listener.failed(ending.error);
    else if (ending.kind === 'completed') this.#listener.completed(this.#last);
    else this.#listener[ending.kind]();
  }
}

/** After so many values of an iterable the event loop turns once. */
const valuesATurn = 256;

class IteratedBody implements RunningBody {
  readonly #listener: BodyListener;
  #iterator: AsyncIterator<unknown> | undefined;
  /** Settles when the iterator has done its own clean-up; there only once told to stop. */
  #returned: Promise<unknown> | undefined;
  /** Ends the wait for a reader. */
  #wake: (() => void) | undefined;

  constructor(listener: BodyListener) {
    this.#listener = listener;
  }

  stop(): void {
    if (this.#returned !== undefined) return;
    this.#wake?.();
    this.#returned = this.#return();
    // Where `next` never settles, nobody comes to see that this rejects.
    this.#returned.catch(() => undefined);
  }

  async #return(): Promise<unknown> {
    // A generator heeds its `return` when the `next` under way has settled.
    return this.#iterator?.return?.();
  }

  // A call, since the compiler takes a field for unchanged across waits that change it.
  #isStopped(): boolean {
    return this.#returned !== undefined;
  }

  async #waitFor(room: Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      void room.then(resolve);
    });
  }

  async follow(iterable: AsyncIterable<unknown>): Promise<void> {
    const listener = this.#listener;
    const { outlet } = listener;
    listener.running?.(this);
    if (this.#returned !== undefined) {
      listener.stopped();
      return;
    }
    let hasValue = false;
    let last: unknown;
    let values = 0;
    try {
      this.#iterator = iterable[Symbol.asyncIterator]();
      for (;;) {
        const result = await this.#iterator.next();
        if (this.#returned !== undefined) break;
        // As `for await` does: what has no `done` would never end.
        if (typeof result !== 'object' || (result as unknown) === null)
          throw new TypeError(
            `the iterator's next() gave ${inspectValue(result)}, which is no iterator result`,
          );
        if (result.done === true) {
          if (hasValue) listener.completed(last);
          else listener.empty();
          return;
        }
        hasValue = true;
        last = result.value;
        if (outlet !== undefined) {
          outlet.push(last);
          const room = outlet.room();
          if (room !== undefined) await this.#waitFor(room);
          if (this.#isStopped()) break;
        }
        if (++values % valuesATurn !== 0) continue;
        // One that never waits would keep timers and I/O, a timeout among them, from ever coming through.
        await new Promise<void>(macrotask);
        if (this.#returned !== undefined) break;
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
      listener.tornDown?.(error);
    }
    listener.stopped();
  }
}
