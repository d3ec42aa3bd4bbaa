import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type RemoteTasks, type RemoteTasksOptions, remoteTasks, serveTasks } from 'millrace/bullmq';
import { inject, onTestFinished } from 'vitest';
import type { tasks } from '../fixtures/remote.worker.ts';

export type RemoteFixture = RemoteTasks<typeof tasks>;

const moduleUrl = inject('workerUrls')['remote'] ?? '';
const programUrl = inject('workerUrls')['serve.program'] ?? '';

/** Remote tasks that are closed when the test is over. */
export function remote(options: RemoteTasksOptions): RemoteFixture {
  const opened = remoteTasks<typeof tasks>(options);
  onTestFinished(() => opened.close());
  return opened;
}

/** A worker within this process, closed when the test is over. */
export async function worker(options: Parameters<typeof serveTasks>[1], module = moduleUrl) {
  const server = await serveTasks(module, { onSigterm: 'ignore', ...options });
  onTestFinished(() => server.close());
  return server;
}

/** A worker that is a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  readonly id: string;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
}

export async function workerProcess(options: Parameters<typeof serveTasks>[1]): Promise<WorkerProcess> {
  const child: ChildProcess = spawn(
    process.execPath,
    [fileURLToPath(programUrl), moduleUrl, JSON.stringify(options)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await exited;
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await Promise.race([once(lines, 'line'), exited.then(() => ['{}'])])) as [string];
  const { id, pid } = JSON.parse(line) as { readonly id: string; readonly pid: number };
  return {
    id,
    pid,
    kill: (signal) => {
      child.kill(signal);
    },
    exited,
  };
}

/** Where tasks of other processes write down what they do, and how they are let go on. */
export class Notes {
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-notes-'));
  readonly input = { notes: join(this.#folder, 'notes'), until: join(this.#folder, 'until') };

  constructor() {
    onTestFinished(() => {
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  get lines(): string[] {
    return existsSync(this.input.notes)
      ? readFileSync(this.input.notes, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [];
  }

  /** The processes that have begun, in that order. */
  get startedBy(): number[] {
    return this.lines.filter((line) => line.startsWith('started')).map((line) => Number(line.split(' ')[1]));
  }

  letGoOn(): void {
    writeFileSync(this.input.until, '');
  }
}

/** Waits for something to be so. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await wait(5);
}
