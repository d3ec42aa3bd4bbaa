import {
  fallback,
  firstOf,
  forEachStep,
  InvalidOptionsError,
  type Run,
  type Step,
  StepCancelledError,
  StepFailedError,
  step,
  stream,
  subflow,
  type Workflow,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER, Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { takes } from './support/branches.ts';
import { broken } from './support/broken.ts';
import { rootCause } from './support/root-cause.ts';
import { settlePromises } from './support/settle-promises.ts';
import { expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { watch } from './support/watch.ts';

const retry = { attempts: 5, delay: 5 } as const;

/** Where the one to be cancelled stands at 10 ms, and its path. */
const cases: [string, (time: VirtualTime) => Workflow<unknown, never>, string][] = [
  [
    'waiting',
    (time) => workflow('w', { one: step('one', { first: takes(time, 'first', 20) }, () => 1, { retry }) }),
    'one',
  ],
  [
    'ready',
    (time) =>
      workflow('w', {
        busy: step('busy', () => time.after(20, 1), { resource: 'gpu', priority: 1 }),
        one: step('one', () => 1, { resource: 'gpu', retry }),
      }),
    'one',
  ],
  ['running', () => workflow('w', { one: step('one', () => NEVER, { retry }) }), 'one'],
  [
    'running, with a slow finaliser',
    (time) =>
      workflow('w', {
        one: step(
          'one',
          (ctx) => {
            ctx.defer(() => time.after(20, 1));
            return NEVER;
          },
          { retry },
        ),
      }),
    'one',
  ],
  [
    'running and deaf',
    () => workflow('w', { one: step('one', () => new Promise(() => undefined), { retry }) }),
    'one',
  ],
  [
    'retrying',
    () => workflow('w', { one: step('one', broken, { retry: { attempts: 5, delay: 100 } }) }),
    'one',
  ],
  [
    'a subflow',
    (time) =>
      workflow('w', { one: subflow('one', workflow('inner', { a: takes(time, 'a', 20) }), { retry }) }),
    'one',
  ],
  [
    'a fan-out',
    (time) =>
      workflow('w', { one: forEachStep('one', { items: [1, 2] }, () => time.after(20, 1), { retry }) }),
    'one',
  ],
  [
    'a child',
    (time) =>
      workflow('w', { fan: forEachStep('fan', { items: [1, 2] }, () => time.after(20, 1), { retry }) }),
    'fan[1]',
  ],
  [
    'a child that waits',
    (time) =>
      workflow('w', {
        fan: forEachStep('fan', { items: [1, 2] }, () => time.after(20, 1), { resource: 'gpu', retry }),
      }),
    'fan[1]',
  ],
  [
    'a step of a subflow',
    (time) =>
      workflow('w', { sub: subflow('sub', workflow('inner', { one: takes(time, 'one', 20) }), { retry }) }),
    'sub/one',
  ],
  [
    'a step of a subflow that waits',
    (time) => {
      const first = takes(time, 'first', 20);
      return workflow('w', {
        sub: subflow('sub', workflow('inner', { one: step('one', { first }, () => 1) }), { retry }),
      });
    },
    'sub/one',
  ],
  [
    'a step of a child',
    (time) => {
      const inner = workflow('inner', { one: takes(time, 'one', 20) });
      return workflow('w', { fan: forEachStep('fan', { items: [1] }, () => inner, { retry }) });
    },
    'fan[0]/one',
  ],
  [
    'a returned step',
    (time) => workflow('w', { sub: step('sub', () => takes(time, 'one', 20), { retry }) }),
    'sub/one',
  ],
  [
    'a join that waits',
    (time) => workflow('w', { one: firstOf('one', [takes(time, 'a', 20), takes(time, 'b', 30)]) }),
    'one',
  ],
  [
    'a producer of a stream',
    () => {
      const one = step('one', async function* () {
        yield 1;
        await new Promise(() => undefined);
      });
      return workflow('w', {
        read: step('read', { one: stream(one) }, async ({ one: values }) => {
          let last = 0;
          for await (const value of values) last = value;
          return last;
        }),
      });
    },
    'one',
  ],
];

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 4; turn++) await settlePromises();
};

describe.each(['fail-fast', 'continue'] as const)('under onFailure: %s, the one that is', (onFailure) => {
  test.each(cases)(
    '%s fails, is never tried again, and what depends on it follows',
    async (name, make, id) => {
      const time = new VirtualTime();
      const run = watch(make(time), time, { limits: { gpu: 1 }, gracePeriod: 100, onFailure });
      time.advanceTo(5);
      await settle();
      time.advanceTo(10);
      const starts = run.all('step-started').filter(({ stepId }) => stepId === id).length;
      run.run.cancelStep(id, new Error('enough of it'));
      await settle();
      time.flush();
      await settle();
      time.flush();
      const failed = run.the('step-failed', id).error;
      expect(failed).toBeInstanceOf(StepFailedError);
      const { cause } = failed as StepFailedError;
      expect(cause).toBeInstanceOf(StepCancelledError);
      expect(cause).toMatchObject({
        code: 'STEP_CANCELLED',
        stepId: id,
        reason: { message: 'enough of it' },
      });
      expect(run.all('step-started').filter(({ stepId }) => stepId === id)).toHaveLength(starts);
      expect(run.error).toBeDefined();
      expect(rootCause(run.error)).toMatchObject({ message: 'enough of it' });
      expect(run.all('run-failed')).toHaveLength(1);
      if (name !== 'running and deaf' && name !== 'a producer of a stream') expectSound(run);
    },
  );

  test.each(cases)('%s may be cancelled twice', async (_, make, id) => {
    const time = new VirtualTime();
    const run = watch(make(time), time, { limits: { gpu: 1 }, gracePeriod: 100, onFailure });
    time.advanceTo(5);
    await settle();
    time.advanceTo(10);
    run.run.cancelStep(id, 'first');
    if (!run.isOver && run.run.snapshot().status === 'running') {
      try {
        run.run.cancelStep(id, 'second');
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidOptionsError);
      }
    }
    await settle();
    time.flush();
    await settle();
    time.flush();
    expect(rootCause(run.error)).toMatchObject({ reason: 'first' });
  });
});

test('its own subflow and fan-out have fallbacks for it', () => {
  const time = new VirtualTime();
  const saved = fallback(
    'saved',
    step('one', () => NEVER),
    step('other', () => 'other'),
  );
  const sub = subflow('sub', workflow('inner', { saved }));
  const fan = forEachStep('fan', { items: [1, 2] }, () => time.after(20, 1), { settle: true });
  const run = watch(workflow('w', { saved, sub, fan }), time);
  time.advanceTo(10);
  run.run.cancelStep('one');
  run.run.cancelStep('sub/one');
  run.run.cancelStep('fan[0]', 'this one');
  time.flush();
  expect(run.result).toMatchObject({
    saved: 'other',
    sub: { saved: 'other' },
    fan: [
      { status: 'rejected', reason: { cause: { reason: 'this one' } } },
      { status: 'fulfilled', value: 1 },
    ],
  });
  expectSound(run);
});

test('its body is told at once, and its signal aborts', () => {
  const time = new VirtualTime();
  const told: unknown[] = [];
  const one = step('one', (ctx) => {
    ctx.signal.addEventListener('abort', () => told.push('aborted'));
    return new Observable<number>(() => () => told.push('torn down'));
  });
  const run = watch(workflow('w', { one }), time);
  run.run.cancelStep('one');
  expect(told).toStrictEqual(['aborted', 'torn down']);
  expect(run.isOver).toBe(true);
});

test('its demand comes back, and its clean-up isn’t called', () => {
  const time = new VirtualTime();
  const cleaned: unknown[] = [];
  const one = step('one', () => NEVER, { resource: 'gpu', priority: 1, cleanup: () => cleaned.push('one') });
  const run = watch(workflow('w', { one, next: step('next', () => 1, { resource: 'gpu' }) }), time, {
    limits: { gpu: 1 },
    onFailure: 'continue',
  });
  run.run.cancelStep('one');
  expect(run.error).toMatchObject({ outputs: { next: 1 } });
  expect(cleaned).toStrictEqual([]);
  expectSound(run);
});

describe('cancelStep', () => {
  const made = (time: VirtualTime): Workflow<unknown, never> =>
    workflow('w', { done: step('done', () => 1), failing: takes(time, 'failing-step', 20) });

  test('leaves a settled step what it is', () => {
    const time = new VirtualTime();
    const run = watch(made(time), time);
    time.advanceTo(10);
    run.run.cancelStep('done');
    time.flush();
    expect(run.result).toBeDefined();
    run.run.cancelStep('done');
    expectSound(run);
  });

  test.each(['nobody', '', 'done/x', 'done[0]', undefined, 5])('refuses %j, which is no step', (id) => {
    const time = new VirtualTime();
    const run = watch(made(time), time);
    expect(thrownBy(() => run.run.cancelStep(id as string))).toBeInstanceOf(InvalidOptionsError);
    time.flush();
    expect(run.result).toBeDefined();
  });

  test('suggests the nearest id', () => {
    const time = new VirtualTime();
    const run = watch(made(time), time);
    expect(() => run.run.cancelStep('failing-stp')).toThrow("did you mean 'failing-step'");
  });

  test('before the start fails the run as it starts', () => {
    const time = new VirtualTime();
    const calls: string[] = [];
    const run = workflow('w', { one: step('one', () => calls.push('one')) }).run({
      scheduler: time.scheduler,
    });
    run.cancelStep('one', 'not today');
    let error: unknown;
    run.result$.subscribe({ error: (thrown: unknown) => (error = thrown) });
    expect(calls).toStrictEqual([]);
    expect(error).toMatchObject({ stepId: 'one', cause: { reason: 'not today' } });
  });

  test('on hearing that a step starts keeps its body from being called', () => {
    const time = new VirtualTime();
    const calls: string[] = [];
    const work: Workflow<unknown, never> = workflow('w', { one: step('one', () => calls.push('one')) });
    const run: Run<unknown> = work.run({ scheduler: time.scheduler });
    run.progress$.subscribe((event) => {
      if (event.type === 'step-started') run.cancelStep(event.stepId);
    });
    let error: unknown;
    run.result$.subscribe({ error: (thrown: unknown) => (error = thrown) });
    expect(calls).toStrictEqual([]);
    expect(error).toMatchObject({ cause: { code: 'STEP_CANCELLED' } });
  });

  test('by the step itself is its failure', () => {
    const time = new VirtualTime();
    const one: Step<unknown, never> = step('one', () => {
      run.cancelStep('one', 'of itself');
      return 1;
    });
    const run: Run<unknown> = workflow('w', { one }).run({ scheduler: time.scheduler });
    let error: unknown;
    run.result$.subscribe({ error: (thrown: unknown) => (error = thrown) });
    expect(error).toMatchObject({ cause: { reason: 'of itself' } });
  });
});
