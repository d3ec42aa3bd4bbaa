import { expect, test } from 'vitest';
import type { Step } from '../../lib/definition/handle.ts';
import { step } from '../../lib/definition/step.ts';
import { workflow } from '../../lib/workflow.ts';
import { outputOf } from './support/outcome.ts';
import { openGate, raised, sharedWord, taskPool, until } from './support/pools.ts';

test('runs are served in turn: a short one does not wait for a long one, nor do direct calls', async () => {
  const pool = taskPool({ size: 1 });
  const word = sharedWord();
  const gate = outputOf(pool.run('gate', word));
  await raised(word, 1);
  const order: string[] = [];
  const stepOf = (name: string): Step =>
    step(
      name,
      pool.task('echo', () => name),
    );
  const start = (names: readonly string[]): Promise<unknown> => {
    const run = workflow(names[0] ?? '', Object.fromEntries(names.map((name) => [name, stepOf(name)]))).run({
      limits: { 'heavy-cpu': 1000 },
    });
    run.progress$.subscribe((event) => {
      if (event.type === 'step-completed') order.push(event.stepId);
    });
    return run.result();
  };
  const long = start(Array.from({ length: 200 }, (_, index) => `long${String(index)}`));
  await until(() => pool.stats().queued === 200);
  const short = start(['short']);
  await until(() => pool.stats().queued === 201);
  const direct = outputOf(pool.run('echo', 'direct')).then((name) => order.push(String(name)));
  openGate(word);
  await Promise.all([long, short, direct, gate]);
  expect(order.indexOf('short')).toBeLessThan(10);
  expect(order.indexOf('direct')).toBeLessThan(10);
  const ofLong = order.filter((name) => name.startsWith('long'));
  expect(ofLong).toStrictEqual(Array.from({ length: 200 }, (_, index) => `long${String(index)}`));
});
