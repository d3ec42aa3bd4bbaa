/**
 * Tasks on workers of other processes, beside BullMQ alone: one Redis, a worker process of each, as many at once, the same payload.
 * Rounds take turns; a figure is the median over rounds, the ratio that of a round's ratios. Starts a Redis of its own.
 * Arguments: rounds, calls a round.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Queue, QueueEvents } from 'bullmq';
import { remoteTasks } from 'millrace/bullmq';
import { firstValueFrom } from 'rxjs';
import type { tasks } from './bullmq-tasks.worker.ts';
import { median, table } from './statistics.ts';

const [rounds = 5, calls = 2000] = process.argv.slice(2).map(Number);
const slots = 8;
const outstanding = 32;
const manyOutstanding = 512;
const payload = { text: 'x'.repeat(1024) };
const lease = 5000;

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const port = await freePort();
const redis = spawn(
  'redis-server',
  ['--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'no'],
  {
    stdio: 'ignore',
  },
);
await wait(500);
const ours = await worker('millrace');
const bareWorker = await worker('bare');

const remote = remoteTasks<typeof tasks>({ connection: { port }, queue: 'bench', batch: 1 });
const sharing = remoteTasks<typeof tasks>({ connection: { port }, queue: 'bench' });
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
const queue = new Queue('bare', { connection });
const events = new QueueEvents('bare', { connection });
events.setMaxListeners(0);
queue.setMaxListeners(0);
await events.waitUntilReady();

const contestants = {
  millrace: () => firstValueFrom(remote.run('echo', payload)),
  bare: async () => {
    const job = await queue.add('echo', payload, { removeOnComplete: { count: 1000 } });
    return job.waitUntilFinished(events) as Promise<unknown>;
  },
};
const trivial = {
  millrace: () => firstValueFrom(sharing.run('echo', 1)),
  bare: async () => {
    const job = await queue.add('echo', 1, { removeOnComplete: { count: 1000 } });
    return job.waitUntilFinished(events) as Promise<unknown>;
  },
};

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? ''}, load before: ${loadavg()[0]?.toFixed(2) ?? '?'}; ${String(slots)} slots, ${String(outstanding)} calls at a time, 1 KiB`,
);
for (const call of Object.values(contestants)) await together(call, 500, outstanding);
for (const call of Object.values(trivial)) await together(call, 1500, manyOutstanding);
const throughput = { millrace: [] as number[], bare: [] as number[] };
const sharedThroughput = { millrace: [] as number[], bare: [] as number[] };
for (let round = 0; round < rounds; round++) {
  const names = round % 2 === 0 ? (['millrace', 'bare'] as const) : (['bare', 'millrace'] as const);
  for (const name of names)
    throughput[name].push((1000 * calls) / (await together(contestants[name], calls, outstanding)));
  for (const name of names) {
    const count = name === 'bare' ? calls : 5 * calls;
    sharedThroughput[name].push((1000 * count) / (await together(trivial[name], count, manyOutstanding)));
  }
}
const ratios = ratiosOf(throughput);
const sharedRatios = ratiosOf(sharedThroughput);
const hops = {
  millrace: await oneByOne(contestants.millrace, 500),
  bare: await oneByOne(contestants.bare, 500),
};
const cancels = await cancelTimes(100);
console.log(
  table(
    ['', 'calls/s', 'hop p50', 'hop p99', 'cancel p50', 'cancel p99'],
    [
      [
        'millrace',
        number(median(throughput.millrace)),
        ms(hops.millrace, 0.5),
        ms(hops.millrace, 0.99),
        ms(cancels, 0.5),
        ms(cancels, 0.99),
      ],
      ['BullMQ alone', number(median(throughput.bare)), ms(hops.bare, 0.5), ms(hops.bare, 0.99), '-', '-'],
    ],
  ),
);
console.log(`\nthroughput to BullMQ alone: ${median(ratios).toFixed(2)}`);
console.log(
  `trivial calls that share jobs, ${String(manyOutstanding)} at a time: ${number(median(sharedThroughput.millrace))} calls/s to ${number(median(sharedThroughput.bare))}, ${median(sharedRatios).toFixed(2)} times BullMQ alone`,
);
console.log(
  `a worker killed: another begins after ${await afterKill()} ms, at a lease of ${String(lease)} ms`,
);

// Its last call has lost its worker.
void remote.close();
void sharing.close();
for (const child of [ours, bareWorker, redis]) child.kill('SIGKILL');
rmSync(folder, { recursive: true, force: true });
process.exit();

/** The time of so many calls, some at a time, in ms. */
async function together(call: () => Promise<unknown>, count: number, atATime: number): Promise<number> {
  const start = performance.now();
  let left = count;
  const line = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: atATime }, line));
  return performance.now() - start;
}

function ratiosOf({ millrace, bare }: { readonly millrace: number[]; readonly bare: number[] }): number[] {
  return millrace.map((each, at) => each / (bare[at] ?? 1));
}

async function oneByOne(call: () => Promise<unknown>, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let done = 0; done < count; done++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return times;
}

/** From the cancel here to when the body has seen it, in ms. */
async function cancelTimes(count: number): Promise<number[]> {
  const times: number[] = [];
  for (let done = 0; done < count; done++) {
    const notes = join(folder, `notes-${String(done)}`);
    const subscription = remote.run('untilCancelled', notes).subscribe({ error: () => undefined });
    await noted(notes, 'began');
    const from = process.hrtime.bigint();
    subscription.unsubscribe();
    times.push(Number((await noted(notes, 'seen')) - from) / 1e6);
  }
  return times;
}

/** From the kill of a worker to when another begins what it did, in ms. */
async function afterKill(): Promise<string> {
  ours.kill('SIGKILL');
  await once(ours, 'exit');
  while (remote.stats().workers > 0) await wait(50);
  const both = [await worker('millrace', 1), await worker('millrace', 1)];
  while (remote.stats().workers < 2) await wait(50);
  const notes = join(folder, 'killed');
  let isOver = false;
  const call = (): void => {
    remote.run('untilCancelled', notes).subscribe({
      error: () => {
        if (!isOver) call();
      },
    });
  };
  call();
  await noted(notes, 'began');
  const from = process.hrtime.bigint();
  process.kill(pidsOf(notes)[0] ?? 0, 'SIGKILL');
  while (beginnings(notes).length < 2) await wait(1);
  const to = beginnings(notes)[1] ?? from;
  isOver = true;
  for (const child of both) child.kill('SIGKILL');
  return (Number(to - from) / 1e6).toFixed(0);
}

function pidsOf(notes: string): number[] {
  return linesOf(notes).map((line) => Number(line.split(' ')[2]));
}

function beginnings(notes: string): bigint[] {
  return linesOf(notes)
    .filter((line) => line.startsWith('began'))
    .map((line) => BigInt(line.split(' ')[1] ?? 0));
}

async function noted(notes: string, word: string): Promise<bigint> {
  for (;;) {
    const line = linesOf(notes).find((each) => each.startsWith(word));
    if (line !== undefined) return BigInt(line.split(' ')[1] ?? 0);
    await wait(1);
  }
}

function linesOf(path: string): string[] {
  return readFileSync(path, { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1);
}

async function worker(kind: string, count = slots): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('./bullmq-serve.worker.js', import.meta.url));
  const child = fork(program, [kind, String(port), String(count), String(lease)], { stdio: 'inherit' });
  await once(child, 'message');
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as { readonly port: number };
  server.close();
  return free;
}

function ms(values: readonly number[], share: number): string {
  const sorted = [...values].sort((left, right) => left - right);
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(1)} ms`;
}

function number(value: number): string {
  return value.toFixed(0);
}
