/**
 * The async context (`AsyncLocalStorage`) in which something was asked for, to be entered again by whoever answers: a
 * message, a timer or another's call has a context of its own, which is no concern of who waits for the answer.
 */
import { builtinModule } from './host.ts';

/** Runs work in the context that was captured, and gives what it gives; what it throws is thrown. */
export type EnterContext = <Result>(work: () => Result) => Result;

interface AsyncHooks {
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

/** Where there is no context to enter. */
function callDirectly<Result>(work: () => Result): Result {
  return work();
}
