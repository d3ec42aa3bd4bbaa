/*
 * Every way to stop a run, one after another. Ctrl-C stops the one under way: the first lets the steps that run finish, a second
 * one stops them too.
 *
 *   npm run example:cancellation               all of them, in a second
 *   npm run example:cancellation -- --forever  a run without an end, for Ctrl-C
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineWorkflow, type Run, step, workflow } from 'millrace';
import { threadPool } from 'millrace/workers';
import { concat, delay, filter, interval, lastValueFrom, map, switchMap, tap, timer } from 'rxjs';
import type { tasks } from './spin.tasks.ts';

let current: Run | undefined;
let interruptions = 0;
process.on('SIGINT', () => {
  process.exitCode = 130;
  interruptions++;
  console.log(interruptions === 1 ? 'Ctrl-C: waiting for the steps that run' : 'Ctrl-C again: stopping them');
  current?.cancel('Ctrl-C', { drain: interruptions === 1 });
});

/** Four steps of 60 ms, two at a time. A step that is stopped says so as its stream is left. */
const slow = defineWorkflow(
  'slow',
  [1, 2, 3, 4].map((id) => ({
    id: `step ${String(id)}`,
    resource: 'light-io' as const,
    run: () => timer(60).pipe(tap({ unsubscribe: () => console.log(`  step ${String(id)} was stopped`) })),
  })),
);
const limits = { 'light-io': 2 };

/** Runs it, and says how it ended. */
async function show(title: string, run: Run): Promise<void> {
  if (interruptions > 0) return;
  current = run;
  console.log(title);
  const done = await run.result().then(
    () => 'completed',
    (error: unknown) => String(error),
  );
  const { counts } = run.snapshot();
  console.log(`  ${done}; completed: ${String(counts.completed)}, cancelled: ${String(counts.cancelled)}`);
}

if (process.argv.includes('--forever')) {
  const beat = step('beat', () => interval(1000), { resource: 'light-io' });
  const last = step('last', { beat }, () => 'never');
  await show('until Ctrl-C', workflow('forever', { last }).run());
} else {
  await show('a timeout of the whole run', slow.run({ limits, timeout: 30 }));
  await show('an AbortSignal from outside', slow.run({ limits, signal: AbortSignal.timeout(90) }));

  const atOnce = slow.run({ limits });
  setTimeout(() => {
    atOnce.cancel('no longer needed');
  }, 90);
  await show('cancelled at once', atOnce);

  const drained = slow.run({ limits });
  setTimeout(() => {
    drained.cancel('no longer needed', { drain: true });
  }, 90);
  await show('cancelled, what runs may finish', drained);

  console.log('unsubscribed');
  const subscription = slow.result$({ limits }).subscribe({ error: console.error });
  await sleep(30);
  subscription.unsubscribe();

  console.log('switchMap: each search cancels the one before');
  const search = (text: string) => {
    const found = step('found', () => timer(50).pipe(map(() => `found ${text}`)));
    return workflow('search', { found }).result$();
  };
  const typed$ = concat(...['m', 'mi', 'mill'].map((text) => timer(20).pipe(map(() => text))));
  const { found } = await lastValueFrom(typed$.pipe(switchMap(search)), {
    defaultValue: { found: 'nothing' },
  });
  console.log(`  ${found}`);

  await using pool = threadPool<typeof tasks>(new URL('./spin.worker.js', import.meta.url), { size: 1 });
  await pool.prewarm();
  for (const task of ['polite', 'stubborn'] as const) {
    const spin = step(task, pool.task(task));
    const run = workflow(task, { spin }).run({ gracePeriod: 100 });
    run.progress$
      .pipe(
        filter(({ type }) => type === 'step-started'),
        delay(50),
      )
      .subscribe({
        next: () => {
          run.cancel('enough');
        },
        error: console.error,
      });
    await show(`a ${task} task in a thread`, run);
    console.log(`  threads that had to be ended: ${String(pool.stats().replaced)}`);
  }
}
