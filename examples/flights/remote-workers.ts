import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type RemoteTasks, remoteTasks } from 'millrace/bullmq';
import type { tasks } from './flights.worker.ts';

// The build puts it beside this file.
const programUrl = new URL('./serve.js', import.meta.url);

/** Worker processes of this machine, and the tasks that they do. */
export interface RemoteWorkers extends AsyncDisposable {
  readonly remote: RemoteTasks<typeof tasks>;
  readonly count: number;
}

/** Starts worker processes that get their work by way of a Redis, as those of other machines would. */
export async function startWorkers(connection: string, count = 2): Promise<RemoteWorkers> {
  // A queue of its own, so that no other demo's workers take its tasks.
  const queue = `flights-${String(process.pid)}`;
  const remote = remoteTasks<typeof tasks>({ connection, queue });
  const slots = String(Math.max(1, Math.floor(availableParallelism() / count)));
  const workers = Array.from({ length: count }, () =>
    fork(fileURLToPath(programUrl), [connection, queue, slots], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    }),
  );
  try {
    await Promise.all(workers.map(ready));
  } catch (error) {
    await stop(remote, workers);
    throw error;
  }
  return { remote, count, [Symbol.asyncDispose]: () => stop(remote, workers) };
}

/** Resolves when a worker is; rejects with what it has said where it never is. */
async function ready(worker: ChildProcess): Promise<void> {
  let said = '';
  worker.stderr?.on('data', (data: Buffer) => {
    said += String(data);
  });
  const ended = once(worker, 'close').then(() => {
    throw Object.assign(new Error(`a worker process could not start: ${said.trim()}`), {
      code: 'FLIGHTS_WORKER',
    });
  });
  await Promise.race([once(worker, 'message'), ended]);
  ended.catch(() => undefined);
}

async function stop(remote: RemoteTasks<typeof tasks>, workers: readonly ChildProcess[]): Promise<void> {
  await remote.close();
  await Promise.all(
    workers.map(async (worker) => {
      if (worker.exitCode !== null || worker.signalCode !== null) return;
      const ended = once(worker, 'exit');
      worker.kill('SIGTERM');
      await ended;
    }),
  );
}
