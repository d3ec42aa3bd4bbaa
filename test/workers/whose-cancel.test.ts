import { CancellationToken, CancelledError, step, workflow } from 'millrace';
import { expect, test } from 'vitest';
import { raised, sharedWord, taskPool } from './support/pools.ts';

test('a call that its own token cancels is the ordinary failure of its step, in a thread too', async () => {
  const pool = taskPool({ size: 1 });
  let attempts = 0;
  const one = step(
    'one',
    async () => {
      if (++attempts > 1) return 'done';
      const word = sharedWord();
      const token = new CancellationToken();
      const cancelled = raised(word, 1).then(() => {
        token.cancel('the call');
      });
      await pool.run('cooperative', word, { token }).forEach(() => undefined);
      await cancelled;
      return 'never';
    },
    { retry: 1 },
  );
  expect(await workflow('w', { one }).run().result()).toEqual({ one: 'done' });
});

test('a call that the step’s own token cancels is the cancel of the run', async () => {
  const pool = taskPool({ size: 1 });
  const one = step(
    'one',
    (ctx) => {
      const word = sharedWord();
      void raised(word, 1).then(() => {
        ctx.token.cancel('the step');
      });
      return pool.run('cooperative', word, { token: ctx.token });
    },
    { retry: 3 },
  );
  const run = workflow('w', { one }).run();
  const types: string[] = [];
  run.progress$.subscribe(({ type }) => types.push(type));
  await expect(run.result()).rejects.toBeInstanceOf(CancelledError);
  expect(types).not.toContain('step-retrying');
});
