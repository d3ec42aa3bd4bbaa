/**
 * Tasks on workers of other processes, beside BullMQ alone: one Redis, a worker process of each, as many at once, the same payload. Ours has
 * them in threads, as by default, or inline, on the main thread, where BullMQ has them, too.
 * Rounds take turns; a figure is the median over rounds, the ratio that of a round's ratios. Starts a Redis of its own.
 * Arguments: rounds, calls a round.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
const kinds = ['threads', 'inline', 'bare'] as const;
type Kind = (typeof kinds)[number];
const workers = {
  threads: await worker('threads'),
  inline: await worker('inline'),
  bare: await worker('bare'),
};

const remotes = { threads: remoteOf('threads', 1), inline: remoteOf('inline', 1) };
const sharing = { threads: remoteOf('threads'), inline: remoteOf('inline') };
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
const queue = new Queue('bare', { connection });
const events = new QueueEvents('bare', { connection });
events.setMaxListeners(0);
queue.setMaxListeners(0);
await events.waitUntilReady();

const bare = async (value: unknown): Promise<unknown> => {
  const job = await queue.add('echo', value, { removeOnComplete: { count: 1000 } });
  return job.waitUntilFinished(events);
};
const contestants: Record<Kind, () => Promise<unknown>> = {
  threads: () => firstValueFrom(remotes.threads.run('echo', payload)),
  inline: () => firstValueFrom(remotes.inline.run('echo', payload)),
  bare: () => bare(payload),
};
const trivial: Record<Kind, () => Promise<unknown>> = {
  threads: () => firstValueFrom(sharing.threads.run('echo', 1)),
  inline: () => firstValueFrom(sharing.inline.run('echo', 1)),
  bare: () => bare(1),
};

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? ''}, load before: ${loadavg()[0]?.toFixed(2) ?? '?'}; ${String(slots)} slots, ${String(outstanding)} calls at a time, 1 KiB`,
);
for (const call of Object.values(contestants)) await together(call, 500, outstanding);
for (const call of Object.values(trivial)) await together(call, 1500, manyOutstanding);
const throughput = figures();
const sharedThroughput = figures();
const work = figures();
const sharedWork = figures();
for (let round = 0; round < rounds; round++) {
  const names = round % 2 === 0 ? kinds : kinds.toReversed();
  for (const name of names) {
    const { ms, cpu } = await costOf(name, contestants[name], calls, outstanding);
    throughput[name].push((1000 * calls) / ms);
    work[name].push(cpu);
  }
  for (const name of names) {
    const count = name === 'bare' ? calls : 5 * calls;
    const { ms, cpu } = await costOf(name, trivial[name], count, manyOutstanding);
    sharedThroughput[name].push((1000 * count) / ms);
    sharedWork[name].push(cpu);
  }
}
const rows: string[][] = [];
for (const name of kinds) {
  const hops = await oneByOne(contestants[name], 500);
  const cancels = name === 'bare' ? undefined : await cancelTimes(name, 100);
  rows.push([
    { threads: 'millrace, in threads', inline: 'millrace, inline', bare: 'BullMQ alone' }[name],
    number(median(throughput[name])),
    ratioOf(throughput, name),
    number(median(work[name])),
    number(median(sharedThroughput[name])),
    ratioOf(sharedThroughput, name),
    number(median(sharedWork[name])),
    ms(hops, 0.5),
    ms(hops, 0.99),
    ...(cancels === undefined ? ['-', '-'] : [ms(cancels, 0.5), ms(cancels, 0.99)]),
  ]);
}
const heads = ['calls/s', 'to BullMQ', 'CPU µs', 'trivial ones, shared', 'to BullMQ', 'CPU µs'];
console.log(table(['', ...heads, 'hop p50', 'hop p99', 'cancel p50', 'cancel p99'], rows));
console.log(
  `trivial ones: ${String(manyOutstanding)} at a time\na worker killed: another begins after ${await afterKill()} ms, at a lease of ${String(lease)} ms`,
);

// Its last call has lost its worker.
for (const each of [remotes, sharing]) for (const open of Object.values(each)) void open.close();
for (const child of [...Object.values(workers), redis]) child.kill('SIGKILL');
rmSync(folder, { recursive: true, force: true });
process.exit();

/** The time of so many calls in ms, and what each takes of all processes' CPU, in µs. */
async function costOf(
  name: Kind,
  call: () => Promise<unknown>,
  count: number,
  atATime: number,
): Promise<{ readonly ms: number; readonly cpu: number }> {
  const pids = [process.pid, workers[name].pid, redis.pid];
  const used = (): number => pids.reduce((sum: number, pid) => sum + cpuOf(pid ?? 0), 0);
  const before = used();
  const ms = await together(call, count, atATime);
  return { ms, cpu: (used() - before) / count };
}

/** What a process has had of the CPU, in µs: as Linux tells it, in hundredths of a second. */
function cpuOf(pid: number): number {
  const path = `/proc/${String(pid)}/stat`;
  if (!existsSync(path)) return Number.NaN;
  const fields = readFileSync(path, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return 10_000 * (Number(fields[11]) + Number(fields[12]));
}

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

function remoteOf(kind: 'threads' | 'inline', batch?: number) {
  return remoteTasks<typeof tasks>({ connection: { port }, queue: kind, batch });
}

function figures(): Record<Kind, number[]> {
  return { threads: [], inline: [], bare: [] };
}

/** The median over rounds of what a contestant has to what BullMQ alone has. */
function ratioOf(of: Record<Kind, number[]>, name: Kind): string {
  return median(of[name].map((each, at) => each / (of.bare[at] ?? 1))).toFixed(2);
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
async function cancelTimes(name: 'threads' | 'inline', count: number): Promise<number[]> {
  const times: number[] = [];
  for (let done = 0; done < count; done++) {
    const notes = join(folder, `notes-${name}-${String(done)}`);
    const subscription = remotes[name].run('untilCancelled', notes).subscribe({ error: () => undefined });
    await noted(notes, 'began');
    const from = process.hrtime.bigint();
    subscription.unsubscribe();
    times.push(Number((await noted(notes, 'seen')) - from) / 1e6);
  }
  return times;
}

/** From the kill of a worker to when another begins what it did, in ms. */
async function afterKill(): Promise<string> {
  workers.threads.kill('SIGKILL');
  await once(workers.threads, 'exit');
  while (remotes.threads.stats().workers > 0) await wait(50);
  const both = [await worker('threads', 1), await worker('threads', 1)];
  while (remotes.threads.stats().workers < 2) await wait(50);
  const notes = join(folder, 'killed');
  let isOver = false;
  const call = (): void => {
    remotes.threads.run('untilCancelled', notes).subscribe({
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

async function worker(kind: Kind, count = slots): Promise<ChildProcess> {
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
