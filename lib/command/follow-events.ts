import { clockOf } from '../base/clock.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { Store } from '../store/store.ts';

/**
 * What happens in a run of whatever process, as it comes, from its beginning: until nobody is at it any more, or the signal is given.
 *
 * Reads all of its events each time it looks. Rejects with an `UnknownRunError`.
 *
 * @param everyMs - how often it is looked for what is new
 */
export async function* followEvents(
  store: Store,
  runId: string,
  signal: AbortSignal,
  everyMs = 500,
): AsyncGenerator<ProgressEvent> {
  /** How many have been told, of each process that was at it. */
  const told: number[] = [];
  while (!signal.aborted) {
    // Asked first: what is written after that is read all the same.
    const runs = await store.backend.listRuns();
    const isHeld = runs.some((run) => run.runId === runId && run.heldBy !== undefined);
    for (const [at, { events }] of (await store.goes(runId)).entries()) {
      yield* events.slice(told[at]);
      told[at] = events.length;
    }
    if (!isHeld) return;
    await pause(everyMs, signal);
  }
}

/** Until then, or until the signal is given. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      cancel();
      signal.removeEventListener('abort', over);
      resolve();
    };
    const cancel = clockOf(undefined).after(ms, over);
    signal.addEventListener('abort', over);
  });
}
