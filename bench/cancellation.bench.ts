/** Nanoseconds a cancellation check, on the main thread and in a worker on a token that crossed into it. */
import { CancellationToken } from 'millrace';
import { threadPool } from 'millrace/workers';
import { lastValueFrom } from 'rxjs';
import type { tasks } from './cancellation.worker.ts';
import { type CheckCosts, checkCosts } from './check-costs.ts';
import { table } from './statistics.ts';

const rounds = 15;
const pool = threadPool<typeof tasks>(new URL('./cancellation.worker.js', import.meta.url), { size: 1 });
const inWorker = await lastValueFrom(pool.run('checkCosts', rounds, { token: new CancellationToken() }));
await pool.close();

const row = (where: string, { isCancelled, throwIfCancelled, aborted }: CheckCosts): string[] => [
  where,
  isCancelled.toFixed(1),
  throwIfCancelled.toFixed(1),
  aborted.toFixed(1),
];
console.log('ns a check, the loop taken off; medians\n');
console.log(
  table(
    ['where', 'token.isCancelled', 'token.throwIfCancelled()', 'signal.aborted'],
    [row('main thread', checkCosts(new CancellationToken(), rounds)), row('worker', inWorker)],
  ),
);
