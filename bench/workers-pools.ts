import { Worker } from 'node:worker_threads';
import { threadPool } from 'millrace/workers';
import { Piscina } from 'piscina';
import { firstValueFrom } from 'rxjs';
import * as threads from 'threads';
import { Tinypool } from 'tinypool';
import workerpool from 'workerpool';
import { startWorker } from '../lib/pool/node-worker.ts';
import type { tasks } from './workers-millrace.worker.ts';
import type { PlainTask } from './workers-tasks.ts';

/** A pool of 2 threads as every benchmark uses it. */
export interface BenchPool {
  run(task: PlainTask, input?: unknown, moved?: readonly ArrayBuffer[]): Promise<unknown>;
  close(): Promise<unknown>;
}

/** How many threads every pool has. */
export const poolSize = 2;

function urlOf(name: string): URL {
  return new URL(`./workers-${name}.worker.js`, import.meta.url);
}

function millrace(): BenchPool {
  const pool = threadPool<typeof tasks>(urlOf('millrace'), { size: poolSize });
  return {
    run: (task, input, moved) =>
      firstValueFrom(pool.run(task as 'echo', input, moved === undefined ? {} : { transfer: () => moved })),
    close: () => pool.close(),
  };
}

function piscina(): BenchPool {
  const pool = new Piscina({ filename: urlOf('piscina').href, minThreads: poolSize, maxThreads: poolSize });
  return {
    run: (task, input, moved) =>
      pool.run(input, { name: task, ...(moved && { transferList: moved as ArrayBuffer[] }) }),
    close: () => pool.destroy(),
  };
}

function tinypool(): BenchPool {
  const pool = new Tinypool({ filename: urlOf('piscina').href, minThreads: poolSize, maxThreads: poolSize });
  return {
    run: (task, input, moved) =>
      pool.run(input, {
        name: task,
        ...(moved && { transferList: moved as ArrayBuffer[] }),
      }) as Promise<unknown>,
    close: () => pool.destroy(),
  };
}

function workerPool(): BenchPool {
  const pool = workerpool.pool(urlOf('workerpool').pathname, {
    workerType: 'thread',
    minWorkers: poolSize,
    maxWorkers: poolSize,
    workerThreadOpts: { stdout: false, stderr: false },
  });
  return {
    run: async (task, input, moved) =>
      pool.exec(
        task,
        [input],
        moved === undefined ? undefined : { transfer: moved as ArrayBuffer[] },
      ) as PromiseLike<unknown>,
    close: async () => pool.terminate(),
  };
}

type ThreadsRemote = Readonly<Record<PlainTask, (input: unknown) => Promise<unknown>>>;

/** The part of threads.js that is only used here. */
interface ThreadsPool {
  queue(work: (remote: ThreadsRemote) => Promise<unknown>): PromiseLike<unknown>;
  terminate(): Promise<void>;
}

function threadsPool(): BenchPool {
  const { Pool } = threads as unknown as {
    Pool: (start: () => Promise<ThreadsRemote>, size: number) => ThreadsPool;
  };
  const pool = Pool(
    () => threads.spawn<ThreadsRemote>(startWorker(urlOf('threads'), 'threads', undefined)),
    poolSize,
  );
  return {
    run: async (task, input, moved) =>
      pool.queue((remote) => remote[task](moved === undefined ? input : threads.Transfer(input, moved))),
    close: () => pool.terminate(),
  };
}

/** Messages in turn to 2 threads, as many as there are: no queue, no errors, no cancelling. */
function rawMessages(): BenchPool {
  const waiting = new Map<number, (value: unknown) => void>();
  const workers = Array.from({ length: poolSize }, () => {
    const worker = new Worker(urlOf('raw'));
    worker.on('message', ([id, value]: [id: number, value: unknown]) => {
      waiting.get(id)?.(value);
      waiting.delete(id);
    });
    return worker;
  });
  let id = 0;
  return {
    run: (task, input, moved) =>
      new Promise((resolve) => {
        waiting.set(++id, resolve);
        workers[id % poolSize]?.postMessage([id, task, input], moved);
      }),
    close: () => Promise.all(workers.map((worker) => worker.terminate())),
  };
}

/** The contestants, the project's pool first. */
export const contestants = {
  millrace,
  piscina,
  tinypool,
  workerpool: workerPool,
  'threads Pool': threadsPool,
  'raw messages': rawMessages,
} as const satisfies Record<string, () => BenchPool>;

/** The name of a contestant. */
export type Contestant = keyof typeof contestants;

/** Starts a pool and lets each of its threads work. */
export async function warmPool(name: Contestant): Promise<BenchPool> {
  const pool = contestants[name]();
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 2 * poolSize }, () => pool.run('compute', 300_000)));
  }
  return pool;
}
