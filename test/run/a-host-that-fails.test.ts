import { step, workflow } from 'millrace';
import { NEVER, type SchedulerLike } from 'rxjs';
import { expect, test } from 'vitest';

test('a scheduler that throws ends the run with its error: nobody waits for ever', async () => {
  const broken = new Error('no timers left');
  const scheduler: SchedulerLike = {
    now: () => 0,
    schedule: () => {
      throw broken;
    },
  };
  const run = workflow('unlucky', { timed: step('timed', () => NEVER, { timeout: 10 }) }).run({ scheduler });
  const ends: string[] = [];
  run.progress$.subscribe({ complete: () => ends.push('progress$') });
  await expect(run.result()).rejects.toBe(broken);
  expect(ends).toStrictEqual(['progress$']);
  expect([run.token.isCancelled, run.snapshot().status]).toStrictEqual([true, 'failed']);
});
