import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ProgressEvent } from 'millrace';
import { fileStore } from 'millrace/store';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../store/support/temporary-folder.ts';
import { type HeldTerms, heldFlow } from './support/held-flow.ts';
import { hasRedis, TestRedis } from './support/redis.ts';
import { Notes, remote, until, workerProcess } from './support/workers.ts';

/** Begins a run in a process of its own, which is killed once a worker is at its task. */
async function diedAtIt(terms: HeldTerms, notes: Notes): Promise<void> {
  const program = fileURLToPath(inject('workerUrls')['held.program'] ?? '');
  const child = spawn(process.execPath, [program, JSON.stringify(terms)], { stdio: 'inherit' });
  const exited = once(child, 'exit');
  await until(() => notes.startedBy.length === 1 || child.exitCode !== null);
  child.kill('SIGKILL');
  await exited;
}

/** Goes on with it; what it comes to, and which errors were no reason to give up. */
function goOn(terms: HeldTerms) {
  const { connection, queue, lease, folder } = terms;
  const store = fileStore(folder);
  onTestFinished(() => store[Symbol.asyncDispose]());
  const run = heldFlow(remote({ connection, queue, lease }), terms).run({ store, runId: 'held' });
  const retries: unknown[] = [];
  run.progress$.subscribe((event: ProgressEvent) => {
    if (event.type === 'step-retrying') retries.push(event.error);
  });
  return { result: run.result(), retries };
}

describe.skipIf(!hasRedis)('while the process that had the run is dead', { timeout: 60_000 }, () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  function terms(queue: string, task: HeldTerms['task'], { input }: Notes): HeldTerms {
    return { connection: redis.url, queue, lease: '2s', folder: temporaryFolder(), task, input };
  }

  test('a task fails: whoever goes on with the run gets its error, and tries again as the step says', async () => {
    const notes = new Notes();
    const of = terms('failed', 'breakOnce', notes);
    const { pid } = await workerProcess({
      connection: of.connection,
      queue: of.queue,
      slots: 1,
      lease: of.lease,
    });
    await diedAtIt(of, notes);
    notes.letGoOn();
    await until(() => notes.lines.some((line) => line.startsWith('ended')));
    const { result, retries } = goOn(of);
    expect(await result).toStrictEqual({ held: { by: pid, attempt: 2 } });
    expect(retries).toMatchObject([{ name: 'FlightError', message: 'it breaks once', airport: 'ZRH' }]);
    expect(notes.startedBy).toHaveLength(2);
  });

  test('its worker dies too: another one does it, which is no failure', async () => {
    const notes = new Notes();
    const of = terms('stalled', 'hold', notes);
    const options = { connection: of.connection, queue: of.queue, slots: 1, lease: of.lease };
    const first = await workerProcess(options);
    await diedAtIt(of, notes);
    first.kill('SIGKILL');
    await first.exited;
    const { result, retries } = goOn(of);
    const second = await workerProcess(options);
    await until(() => notes.startedBy.length === 2);
    notes.letGoOn();
    expect(await result).toStrictEqual({ held: { by: second.pid, attempt: 1 } });
    expect(retries).toStrictEqual([]);
  });
});
