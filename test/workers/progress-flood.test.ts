import { expect, onTestFinished, test } from 'vitest';
import type { ProgressAmount } from '../../lib/definition/step-context.ts';
import { threadPool } from '../../lib/pool/thread-pool.ts';
import { heardLines, LogGate } from '../../lib/task/log-gate.ts';
import { heardBatch, ProgressGate } from '../../lib/task/progress-gate.ts';
import { tasks } from './fixtures/streams.worker.ts';
import { outputOf } from './support/outcome.ts';
import { sharedWord, until, workerUrl } from './support/pools.ts';

test('a million reports while the main side is busy are no more than 65 messages, the latest among them', async () => {
  const pool = threadPool<typeof tasks>(workerUrl('streams'), { size: 1 });
  onTestFinished(() => pool.close());
  await pool.prewarm();
  const [count, word] = [1_000_000, sharedWord()];
  const heard: ProgressAmount[] = [];
  const over = outputOf(
    pool.run('report', { count, word }, { onProgress: (amount) => void heard.push(amount) }),
  );
  // The main side hears nothing before the worker has made all its reports.
  Atomics.wait(word, 0, 0);
  await until(() => heard.length >= 65);
  expect(heard).toHaveLength(65);
  expect(heard[0]).toStrictEqual({ done: 1, total: count });
  expect(heard[64]).toStrictEqual({ done: count, total: count });
  Atomics.store(word, 0, 2);
  expect(await over).toBe('reported');
  expect(heard.slice(65)).toStrictEqual([{ done: count + 1, total: count }]);
});

test('a hundred thousand lines while the main side is busy are 1024, and how many were left out', async () => {
  const pool = threadPool<typeof tasks>(workerUrl('streams'), { size: 1 });
  onTestFinished(() => pool.close());
  await pool.prewarm();
  const [count, word] = [100_000, sharedWord()];
  const heard: string[] = [];
  const over = outputOf(pool.run('chatter', { count, word }, { onLog: (line) => void heard.push(line) }));
  // The main side hears nothing before the worker has logged all its lines.
  Atomics.wait(word, 0, 0);
  await until(() => heard.length >= 1025);
  expect(heard).toHaveLength(1025);
  expect(heard[1023]).toBe('line 1024');
  expect(heard[1024]).toBe('98976 lines were left out here: the task logs faster than it is heard');
  Atomics.store(word, 0, 2);
  expect(await over).toBe('chattered');
  expect(heard.slice(1025)).toStrictEqual(['the last line']);
});

test('a task on the main thread may log without end', async () => {
  const pool = threadPool<typeof tasks>(workerUrl('streams'), { size: 1, tasks });
  onTestFinished(() => pool.close());
  const word = sharedWord();
  const heard: string[] = [];
  const over = outputOf(
    pool.run('chatter', { count: 3000, word }, { inline: 'always', onLog: (line) => void heard.push(line) }),
  );
  expect(heard).toHaveLength(3000);
  Atomics.store(word, 0, 2);
  expect(await over).toBe('chattered');
});

test('a task on the main thread is heard at once, so nothing is left out', async () => {
  const pool = threadPool<typeof tasks>(workerUrl('streams'), { size: 1, tasks });
  onTestFinished(() => pool.close());
  const word = sharedWord();
  const heard: ProgressAmount[] = [];
  const over = outputOf(
    pool.run(
      'report',
      { count: 500, word },
      { inline: 'always', onProgress: (amount) => void heard.push(amount) },
    ),
  );
  expect(heard).toHaveLength(500);
  Atomics.store(word, 0, 2);
  expect(await over).toBe('reported');
});

/** A gate and what has left it. */
function gate(receive: () => void = () => undefined): { gate: ProgressGate; sent: unknown[] } {
  const sent: unknown[] = [];
  return { gate: new ProgressGate((amount) => void sent.push(amount), receive), sent };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('what is kept leaves when some were heard', () => {
  const { gate: one, sent } = gate();
  for (const amount of upTo(100)) one.tell(amount, undefined);
  expect(sent).toStrictEqual(upTo(64));
  one.heard(heardBatch);
  expect(sent).toStrictEqual([...upTo(64), 99]);
  one.tell(100, undefined);
  expect(sent.at(-1)).toBe(100);
});

test('what is kept leaves when it has to, once', () => {
  const { gate: one, sent } = gate();
  for (const amount of upTo(100)) one.tell(amount, undefined);
  one.flush();
  one.flush();
  expect(sent).toStrictEqual([...upTo(64), 99]);
});

test('a loop that never waits fetches what was heard itself', () => {
  let hears = true;
  const { gate: one, sent } = gate(() => {
    if (hears) one.heard(64);
    hears = false;
  });
  for (const amount of upTo(100)) one.tell(amount, undefined);
  expect(sent).toStrictEqual(upTo(100));
});

test('a line that there is no room for is counted, and told of at the end', () => {
  const sent: string[] = [];
  const lines = new LogGate(
    (message) => void sent.push(message),
    () => undefined,
  );
  for (let line = 0; line < 1025; line++) lines.tell(String(line), undefined);
  expect(sent).toHaveLength(1024);
  lines.flush();
  lines.flush();
  expect(sent.slice(1024)).toStrictEqual(['1 line was left out here: the task logs faster than it is heard']);
});

test('a loop that never waits fetches itself what was heard of its lines', () => {
  const sent: string[] = [];
  const lines: LogGate = new LogGate(
    (message) => void sent.push(message),
    () => {
      lines.heard(heardLines);
    },
  );
  for (let line = 0; line < 5000; line++) lines.tell(String(line), undefined);
  expect(sent).toHaveLength(5000);
});
