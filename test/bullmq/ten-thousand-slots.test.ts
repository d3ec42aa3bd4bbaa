import type { Subscription } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import { QueueStage, type Work } from './support/stage.ts';

const processes = 320;
const slots = 32;
const calls = 12_000;

/** How many works there were at once at most. */
function mostAtOnce(works: readonly Work[]): number {
  const changes = works.flatMap(({ from, to = Infinity }) => [
    { at: from, by: 1 },
    { at: to, by: -1 },
  ]);
  changes.sort((left, right) => left.at - right.at || left.by - right.by);
  let now = 0;
  let most = 0;
  for (const { by } of changes) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

test('ten thousand slots in 320 processes: each call is answered once, no slot is idle or given twice, and cancels get there', {
  timeout: 60_000,
}, async () => {
  const stage = new QueueStage(60_000);
  for (let at = 0; at < processes; at++) stage.worker(`w${String(at)}`, slots);
  const { remote } = stage.coordinator();
  // Its limit is the process's.
  onTestFinished(() => void remote.close());
  remote.stats$.subscribe().unsubscribe();
  await stage.advanceTo(10);
  expect(remote.stats()).toMatchObject({ workers: processes, slots: processes * slots });

  const answers: string[] = [];
  const subscriptions: Subscription[] = [];
  // Neighbours take different times, so that an answer tells whose it is.
  const msOf = (at: number): number => 1000 + (at % 250);
  for (let at = 0; at < calls; at++) {
    const call = remote.run('wait', msOf(at), { batch: 1 });
    subscriptions.push(
      call.subscribe({
        next: (ms) => answers.push(`${String(at)}: ${String(ms)}`),
        complete: () => answers.push(`${String(at)} is over`),
        error: (error: unknown) => answers.push(`${String(at)} failed: ${String(error)}`),
      }),
    );
  }
  await stage.advanceTo(500);
  expect(stage.busy).toBe(processes * slots);
  expect(remote.stats()).toMatchObject({ running: processes * slots, queued: calls - processes * slots });

  // Some of those that run, and some that wait.
  const isCancelled = (at: number): boolean => at % 10 === 3;
  for (const [at, each] of subscriptions.entries()) if (isCancelled(at)) each.unsubscribe();
  await stage.advanceTo(1000);
  const stopped = stage.works.filter(({ how }) => how === 'stopped');
  expect(stopped).toHaveLength((processes * slots) / 10);
  expect(stopped.every(({ input }) => isCancelled(Number(input)))).toBe(true);
  await stage.advanceTo(30_000);

  const expected: string[] = [];
  for (let at = 0; at < calls; at++)
    if (!isCancelled(at)) expected.push(`${String(at)}: ${String(msOf(at))}`, `${String(at)} is over`);
  expect(answers.toSorted()).toStrictEqual(expected.toSorted());
  expect(remote.stats()).toMatchObject({ queued: 0, running: 0, completed: calls, dropped: 0 });
  // What was cancelled while it waited was never begun, and nothing was begun twice.
  expect(stage.works).toHaveLength(calls - (calls - processes * slots) / 10);
  for (let at = 0; at < processes; at++) {
    const name = `w${String(at)}`;
    expect([name, mostAtOnce(stage.works.filter(({ worker }) => worker === name))]).toStrictEqual([
      name,
      slots,
    ]);
  }
});
