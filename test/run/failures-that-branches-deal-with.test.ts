import { choose, fallback, step, workflow } from 'millrace';
import { expect, test } from 'vitest';

const bad = step('bad', () => {
  throw new Error('broken');
});
const user = step('user', { bad }, () => 'user');
const ok = step('ok', () => 'ok');

/** A choice between one who needs what fails, and one who knows what to do then. */
const choice = (taken: 'user' | 'helped') =>
  workflow('choice', {
    chosen: choose('chosen', {}, () => taken, { user, helped: fallback('helped', bad, ok) }),
  });

/** The same choice, on the other side of a fallback. */
const nested = (taken: 'user' | 'ok') =>
  workflow('nested', {
    helped: fallback(
      'helped',
      bad,
      choose('chosen', {}, () => taken, { user, ok }),
    ),
  });

test('a failure that only a branch not taken can’t deal with fails nothing', async () => {
  expect(await choice('helped').run().result()).toEqual({ chosen: 'ok' });
  expect(await nested('ok').run().result()).toEqual({ helped: 'ok' });
});

test.each(['fail-fast', 'continue'] as const)(
  'a branch that is taken fails the run, also where it is taken after the failure (%s)',
  async (onFailure) => {
    await expect(choice('user').run({ onFailure }).result()).rejects.toThrow("'bad'");
    await expect(nested('user').run({ onFailure }).result()).rejects.toThrow("'bad'");
  },
);
