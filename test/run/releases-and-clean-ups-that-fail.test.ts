import { type Step, step, subflow, type Workflow, workflow } from 'millrace';
import { NEVER, Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { ClosingLog, settled } from './support/closing-log.ts';
import { expectSound } from './support/sound.ts';
import { watch } from './support/watch.ts';

describe('a release', () => {
  test('that fails is a warning, whatever becomes of the run', async () => {
    for (const release of [
      broken,
      () => Promise.reject(new Error('later')),
      () => new Observable<never>((to) => to.error(new Error('x'))),
    ]) {
      const log = new ClosingLog();
      const open = step('open', () => 1, { release });
      const run = watch(workflow('w', { user: step('user', { open }, () => 1) }), log.time);
      await settled();
      log.time.flush();
      expect(run.the('warning')).toMatchObject({ topic: 'release', stepId: 'open' });
      expect(run.result).toStrictEqual({ user: 1 });
      expectSound(run);
    }
  });

  test.each([
    [
      'a run',
      (open: Step<unknown, never>) => workflow('w', { user: step('user', { open }, () => 1) }),
      'open',
    ],
    [
      'a subflow',
      (open: Step<unknown, never>) =>
        workflow('w', { sub: subflow('sub', workflow('inner', { user: step('user', { open }, () => 1) })) }),
      'sub/open',
    ],
  ] as [string, (open: Step<unknown, never>) => Workflow<unknown, never>, string][])(
    'that never ends is a warning that names it, and %s ends',
    (_, make, id) => {
      const log = new ClosingLog();
      const open = step('open', () => 1, { release: () => NEVER });
      const run = watch(make(open), log.time, { gracePeriod: 50 });
      log.time.advanceTo(49);
      expect(run.isOver).toBe(false);
      log.time.advanceTo(50);
      expect(run.isOver).toBe(true);
      expect(run.the('warning')).toMatchObject({ topic: 'release', stepId: id });
      expect(run.the('warning').message).toContain(`'${id}'`);
      expect(run.result).toBeDefined();
      expectSound(run);
    },
  );

  test('doesn’t start what waits for it twice, and isn’t for what is given', () => {
    const log = new ClosingLog();
    const open = log.opens('open');
    const user = step('user', { open }, () => 1);
    log.play(workflow('w', { user }), { given: { open: 'given' } });
    expect(log.lines).toStrictEqual([]);
  });
});

describe('a clean-up', () => {
  test.each<[string, (first: Step<unknown, never>) => Workflow<unknown, never>, string]>([
    ['a run', (first) => workflow('w', { bad: step('bad', { first }, broken) }), 'first'],
    [
      'a subflow',
      (first) =>
        workflow('w', { sub: subflow('sub', workflow('inner', { bad: step('bad', { first }, broken) })) }),
      'sub/first',
    ],
  ])('that never ends is a warning that names it, and %s ends', (_, make, id) => {
    const log = new ClosingLog();
    const cleaned: string[] = [];
    const zero = step('zero', () => 0, { cleanup: () => cleaned.push('zero') });
    const first = step('first', { zero }, () => 1, { cleanup: () => NEVER });
    const run = watch(make(first), log.time, { gracePeriod: 50 });
    log.time.advanceTo(49);
    expect(run.isOver).toBe(false);
    log.time.flush();
    expect(run.the('warning')).toMatchObject({ topic: 'cleanup', stepId: id });
    expect(run.the('warning').message).toContain(`'${id}'`);
    expect(cleaned).toStrictEqual(['zero']);
    expect(run.error).toBeDefined();
    expectSound(run);
  });
});
