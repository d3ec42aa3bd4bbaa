import {
  catchError,
  defer,
  finalize,
  ignoreElements,
  isObservable,
  map,
  merge,
  mergeMap,
  type Observable,
  type SchedulerLike,
  throwError,
  timer,
} from 'rxjs';
import type { CancellationToken } from '../base/cancellation.ts';

/** What a body that takes some time has to do with. */
interface Lasting {
  /** How long it takes at the least, in ms. */
  readonly ms: number;
  readonly scheduler: SchedulerLike;
  readonly token: CancellationToken;
  /** Hears that nothing but time is waited for any more. */
  readonly onlyTime: () => void;
}

/** Has a body's end, and steps that it leaves the work to, come no earlier than after some time. It is called at once. */
export function lasting(body: () => unknown, { ms, scheduler, token, onlyTime }: Lasting): unknown {
  if (ms === 0) return body();
  const due = scheduler.now() + ms;
  const rest = (): Observable<never> =>
    defer(() => timer(Math.max(0, due - scheduler.now()), scheduler)).pipe(ignoreElements());
  const rested = (): Promise<void> =>
    new Promise((resolve, reject) => {
      onlyTime();
      const wait = rest().subscribe({ complete: resolve, error: reject });
      token.onCancel(() => {
        wait.unsubscribe();
        resolve();
      });
    });
  const failingLate = (error: unknown): Observable<never> => {
    onlyTime();
    // eslint-disable-next-line rxjs-x/throw-error -- whatever was thrown
    return timer(Math.max(0, due - scheduler.now()), scheduler).pipe(mergeMap(() => throwError(() => error)));
  };
  let returned: unknown;
  try {
    returned = body();
  } catch (error) {
    return failingLate(error);
  }
  if (isObservable(returned))
    return merge(returned.pipe(finalize(onlyTime), catchError(failingLate)), rest());
  if (isThenable(returned)) return settledLate(returned, rested);
  if (isAsyncIterable(returned)) return endingLate(returned, rested);
  onlyTime();
  // Steps can't be emitted, but a Promise of them is as good as they are.
  if (typeof returned === 'object' && returned !== null && !Array.isArray(returned))
    return settledLate(Promise.resolve(returned), rested);
  return timer(ms, scheduler).pipe(map(() => returned));
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function settledLate(settling: PromiseLike<unknown>, rested: () => Promise<void>): Promise<unknown> {
  try {
    return await settling;
  } finally {
    await rested();
  }
}

async function* endingLate(values: AsyncIterable<unknown>, rested: () => Promise<void>): AsyncGenerator {
  try {
    yield* values;
  } finally {
    await rested();
  }
}
