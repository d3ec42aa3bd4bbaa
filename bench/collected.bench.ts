/**
 * What a run costs after a major collection, as between two requests to a server: the collector takes with the last run what
 * compiled code relies on. Beside runs that follow each other, on the main thread and in a worker thread.
 *
 * Needs `--expose-gc`. Arguments: sizes, by default 1000 10000.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type CollectedTimes, collectedTimes } from './collected-runs.ts';
import { table } from './statistics.ts';

const sizes = process.argv.slice(2).map(Number);
if (sizes.length === 0) sizes.push(1000, 10_000);

async function inThread(size: number): Promise<CollectedTimes> {
  const worker = new Worker(new URL('collected.worker.js', import.meta.url), { workerData: size });
  const [times] = (await once(worker, 'message')) as [CollectedTimes];
  await worker.terminate();
  return times;
}

const rows: string[][] = [];
for (const size of sizes) {
  for (const [where, measure] of [
    ['main', collectedTimes],
    ['worker', inThread],
  ] as const) {
    const { steady, collected } = await measure(size);
    rows.push([
      String(size),
      where,
      steady.toFixed(2),
      collected.toFixed(2),
      (collected / steady).toFixed(2),
    ]);
  }
}
console.log('ms a run of layered synchronous steps, medians\n');
console.log(table(['steps', 'thread', 'steady', 'after a collection', 'ratio'], rows));
