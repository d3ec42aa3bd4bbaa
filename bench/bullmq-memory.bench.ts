/**
 * How much memory Redis takes over a long run whose steps are done by another process: a fan-out with results of 10 KiB, folded to one number,
 * not kept, and kept in files. It is asked for a hundred times a run; a row is the most within a tenth of it. Starts a Redis of its own.
 * Arguments: steps.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { forEachStep, workflow } from 'millrace';
import { remoteTasks } from 'millrace/bullmq';
import { fileStore } from '../lib/store/index.ts';
import { TestRedis } from '../test/bullmq/support/redis.ts';
import type { tasks } from './bullmq-tasks.worker.ts';
import { table } from './statistics.ts';

const [steps = 100_000] = process.argv.slice(2).map(Number);
const resultBytes = 10 * 1024;
const samples = 100;
const folder = mkdtempSync(join(tmpdir(), 'millrace-bullmq-memory-'));

const plain = await memoryOver(false);
const kept = await memoryOver(true);
rmSync(folder, { recursive: true, force: true });

console.log(
  table(
    ['steps', 'MB', 'MB, of a run that is kept'],
    plain.tenths.map((bytes, tenth) => [
      String(((tenth + 1) * steps) / 10),
      inMB(bytes),
      inMB(kept.tenths[tenth] ?? Number.NaN),
    ]),
  ),
);
for (const [name, { before, after, peak, keys, seconds }] of Object.entries({ plain, kept }))
  console.log(
    `\n${name}: ${seconds.toFixed(0)} s; MB before ${inMB(before)}, after ${inMB(after)}, at most ${inMB(peak)} by Redis's own account; keys of millrace left over: ${String(keys)}`,
  );

interface Memory {
  readonly tenths: readonly number[];
  readonly before: number;
  readonly after: number;
  readonly peak: number;
  readonly keys: number;
  readonly seconds: number;
}

async function memoryOver(isKept: boolean): Promise<Memory> {
  await using server = await TestRedis.start();
  const watcher = new Redis(server.url);
  const figure = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await watcher.info('memory'))?.[1]);
  const worker = await workerOf(server);
  const remote = remoteTasks<typeof tasks>({ connection: server.url, queue: 'threads' });
  const before = await figure('used_memory');
  const asked: Promise<number>[] = [];
  const all = forEachStep(
    'all',
    { items: () => numbers() },
    remote.task('bytes', (_: { readonly item: number }) => resultBytes, { batch: 4 }),
    { reduce: (sum: number, bytes) => sum + bytes.byteLength, initial: 0, concurrency: 64 },
  );
  const run = workflow('memory', { all }).run(isKept ? { store: fileStore(folder), runId: 'memory' } : {});
  let completed = 0;
  run.progress$.subscribe(({ type }) => {
    if (type === 'step-completed' && ++completed % Math.ceil(steps / samples) === 0)
      asked.push(figure('used_memory'));
  });
  const from = performance.now();
  const { all: total } = await run.result();
  if (total !== steps * resultBytes) throw new Error(`the results have ${String(total)} bytes`);
  const seconds = (performance.now() - from) / 1000;
  await remote.close();
  const sampled = await Promise.all(asked);
  const memory = {
    tenths: Array.from({ length: 10 }, (_, tenth) =>
      Math.max(...sampled.slice((tenth * samples) / 10, ((tenth + 1) * samples) / 10)),
    ),
    before,
    after: await figure('used_memory'),
    peak: await figure('used_memory_peak'),
    keys: (await watcher.keys('millrace:*')).length,
    seconds,
  };
  worker.kill('SIGKILL');
  watcher.disconnect();
  return memory;
}

function* numbers(): Iterable<number> {
  for (let number = 0; number < steps; number++) yield number;
}

async function workerOf({ port }: TestRedis): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('./bullmq-serve.worker.js', import.meta.url));
  const child = fork(program, ['threads', String(port), '2', '10000'], { stdio: 'inherit' });
  await once(child, 'message');
  return child;
}

function inMB(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
