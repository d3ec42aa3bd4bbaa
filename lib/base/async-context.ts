/**
 * The async context (`AsyncLocalStorage`) in which something was asked for, to be entered again by whoever answers: a
 * message, a timer or another's call has a context of its own, which is no concern of who waits for the answer.
 */
import { builtinModule } from './host.ts';

/** Runs work in the context that was captured, and gives what it gives; what it throws is thrown. */
export type EnterContext = <Result>(work: () => Result) => Result;

interface Storage {
  run<Argument>(mark: object, work: (argument: Argument) => void, argument: Argument): void;
  getStore(): unknown;
}

interface AsyncHooks {
  readonly AsyncLocalStorage?: new () => Storage;
  readonly AsyncResource?: new (
    type: string,
    options: { readonly requireManualDestroy: boolean },
  ) => { readonly runInAsyncScope: EnterContext };
}

/** Found once, when it is first asked for: `undefined` before that, `null` where the platform has no such thing. */
let Resource: AsyncHooks['AsyncResource'] | null | undefined;

/**
 * Captures the context of whoever calls; where the platform has none, what it gives just calls.
 *
 * Costs tens of nanoseconds, and so does entering it: `AsyncLocalStorage.snapshot()` takes Node 20 several microseconds.
 */
export function captureContext(): EnterContext {
  Resource ??= (builtinModule('node:async_hooks') as AsyncHooks | undefined)?.AsyncResource ?? null;
  if (Resource === null) return callDirectly;
  // Nobody counts it as alive, so there is nothing to destroy.
  const resource = new Resource('millrace', { requireManualDestroy: true });
  return (work) => resource.runInAsyncScope(work);
}

/** Made when something is marked first, since Node 20 makes every Promise a little slower from then on; `null` where there is none. */
let storage: Storage | null | undefined;

/**
 * Does work in the context of whoever calls, and marks it: all that comes of it, whenever, finds the mark by {@link currentMark}. Where
 * the platform has no contexts, it is just done.
 *
 * Costs some twenty nanoseconds. A mark may live as long as anything that the work has made.
 */
export function marked<Argument>(mark: object, work: (argument: Argument) => void, argument: Argument): void {
  if (storage === undefined) {
    const Made = (builtinModule('node:async_hooks') as AsyncHooks | undefined)?.AsyncLocalStorage;
    storage = Made === undefined ? null : new Made();
  }
  if (storage === null) work(argument);
  else storage.run(mark, work, argument);
}

/** The innermost mark on the context of whoever calls; `undefined` where there is none. */
export function currentMark(): unknown {
  return storage?.getStore();
}

/** Where there is no context to enter. */
function callDirectly<Result>(work: () => Result): Result {
  return work();
}
