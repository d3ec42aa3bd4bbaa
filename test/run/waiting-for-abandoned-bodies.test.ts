import {
  fallback,
  forEachStep,
  optional,
  type Run,
  type Step,
  type StepFailedError,
  step,
  stream,
  subflow,
  type Workflow,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { HeldBack } from './support/held-back.ts';
import { settlePromises } from './support/settle-promises.ts';
import { counted } from './support/streamed.ts';
import { type Watched, watch } from './support/watch.ts';

const late = (): string => 'late';
const gpu = { resource: 'gpu' } as const;
const taken = (run: Run<unknown>): number => run.snapshot().resources['gpu']?.taken ?? Number.NaN;

/** Abandoned at 20 ms, with a gpu. */
const deafOne = (stubborn: HeldBack): Step<string, never> =>
  step('deaf', () => stubborn.body(late), { ...gpu, timeout: 10, priority: 1 });

/** Who needs the gpu that the abandoned body holds, and the id of the one who waits. */
const waiters: [string, (deaf: Step<string, never>) => Step<unknown, never>, string][] = [
  ['a step', (deaf) => step('user', { deaf: optional(deaf) }, () => 'done', gpu), 'user'],
  [
    'a step of a subflow',
    (deaf) => {
      const inner = workflow('inner', { user: step('user', () => 'done', gpu) });
      const gate = step('gate', { deaf: optional(deaf) }, () => inner);
      return gate;
    },
    'gate/user',
  ],
  [
    'a child',
    (deaf) => forEachStep('fan', { deaf: optional(deaf), items: [1] }, () => 'done', gpu),
    'fan[0]',
  ],
  [
    'steps that a stream connects',
    (deaf) => {
      const emitter = step('emitter', { deaf: optional(deaf) }, async function* () {
        yield 'done';
      });
      return step(
        'reader',
        { emitter: stream(emitter) },
        async ({ emitter: values }) => {
          let last = '';
          for await (const value of values) last = value;
          return last;
        },
        gpu,
      );
    },
    'emitter',
  ],
  [
    'what stands in for it',
    (deaf) =>
      fallback(
        'either',
        deaf,
        step('other', () => 'done', gpu),
      ),
    'other',
  ],
];

const options = { limits: { gpu: 1 }, gracePeriod: 10, onFailure: 'continue' } as const;

async function ended<Outputs>(run: Watched<Outputs>): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await settlePromises();
    run.time.advanceTo(run.time.now);
  }
}

describe.each(waiters)('%s that only an abandoned body keeps from starting', (_, make, id) => {
  const waiting = (stubborn: HeldBack, more: Record<string, Step<unknown, never>> = {}, extra = {}) => {
    const time = new VirtualTime();
    const work: Workflow<unknown, never> = workflow('w', { user: make(deafOne(stubborn)), ...more });
    const run = watch(work, time, { ...options, ...extra });
    return { time, run };
  };

  test('waits 30 s by default with a warning that names who waits for what, then fails', () => {
    const { time, run } = waiting(new HeldBack());
    time.advanceTo(20);
    expect(run.all('warning').map(({ topic }) => topic)).toStrictEqual(['abandoned', 'waiting']);
    expect(run.all('warning')[1]?.message).toContain("'deaf'");
    expect(run.all('warning')[1]?.message).toContain('30000 ms');
    time.advanceTo(30_019);
    expect(run.isOver).toBe(false);
    time.advanceTo(30_020);
    expect(run.isOver, run.story.join('\n')).toBe(true);
    const failed = run
      .all('step-failed')
      .map(({ error }) => (error as StepFailedError).cause as { code?: string });
    expect(failed.map(({ code }) => code)).toContain('RESOURCE_LIMIT');
    expect(taken(run.run)).toBe(1);
  });

  test('waits as long as anything else is under way, however long', () => {
    const time = new VirtualTime();
    const stubborn = new HeldBack();
    const work: Workflow<unknown, never> = workflow('w', {
      user: make(deafOne(stubborn)),
      long: step('long', () => time.after(100_000, 1), { resource: 'light-io' }),
    });
    const run = watch(work, time, options);
    time.advanceTo(100_000);
    expect(run.all('warning').map(({ topic }) => topic)).toStrictEqual(['abandoned', 'waiting']);
    expect(run.isOver).toBe(false);
    time.advanceTo(129_999);
    expect(run.isOver).toBe(false);
    time.advanceTo(130_000);
    expect(run.isOver).toBe(true);
  });

  test('starts when the body stops after all, also in its last moment', async () => {
    const stubborn = new HeldBack();
    const { time, run } = waiting(stubborn);
    time.advanceTo(30_019);
    await stubborn.release();
    await ended(run);
    expect(run.isOver, run.story.join('\n')).toBe(true);
    expect(run.all('step-started').map(({ stepId }) => stepId)).toContain(id);
    expect(time.planned).toBe(0);
    expect(taken(run.run)).toBe(0);
  });

  test('starts when the limit is raised', async () => {
    const { time, run } = waiting(new HeldBack());
    time.advanceTo(1000);
    run.run.setLimits({ gpu: 2 });
    await ended(run);
    expect(run.isOver, run.story.join('\n')).toBe(true);
    expect(run.all('step-started').map(({ stepId }) => stepId)).toContain(id);
    expect(time.planned).toBe(0);
  });

  test('ends at once when the run is cancelled', () => {
    const { time, run } = waiting(new HeldBack());
    time.advanceTo(1000);
    run.run.cancel('enough');
    expect(run.isOver).toBe(true);
    expect(time.planned).toBe(0);
    expect(taken(run.run)).toBe(1);
  });

  test('waits as long as it is told to', () => {
    const { time, run } = waiting(new HeldBack(), {}, { abandonedWait: '1s' });
    time.advanceTo(1019);
    expect(run.isOver).toBe(false);
    time.advanceTo(1020);
    expect(run.isOver).toBe(true);
  });

  test('fails at once where it is told not to wait', () => {
    const { time, run } = waiting(new HeldBack(), {}, { abandonedWait: 0 });
    time.advanceTo(20);
    expect(run.isOver).toBe(true);
  });
});

/** A fan-out over a stream of three, whose first child doesn't stop. */
function liveFan(stubborn: HeldBack) {
  const calls = { count: 0 };
  const numbers = step('numbers', () => counted(3));
  const fan = forEachStep(
    'fan',
    { items: stream(numbers) },
    () => (++calls.count === 1 ? stubborn.body(late) : calls.count),
    { ...gpu, timeout: 10, settle: true },
  );
  return { fan, calls };
}

describe('an abandoned attempt', () => {
  test('is tried again once its next attempt fits beside what is held', async () => {
    const time = new VirtualTime();
    const stubborn = new HeldBack();
    let attempts = 0;
    const again = step('again', () => (++attempts === 1 ? stubborn.body(late) : 'done'), {
      ...gpu,
      timeout: 10,
      retry: 1,
    });
    const run = watch(workflow('w', { again }), time, options);
    time.advanceTo(5000);
    expect(attempts).toBe(1);
    expect(run.of('again')).toStrictEqual(['step-started', 'warning', 'step-retrying', 'warning']);
    await stubborn.release();
    await ended(run);
    expect(run.result).toStrictEqual({ again: 'done' });
  });

  test.each([
    ['held', 3, 3],
    ['as much as fits', 2, 2],
  ])('%s: running and abandoned are what is taken', (_, limit, most) => {
    const time = new VirtualTime();
    const stubborn = new HeldBack();
    const again = step('again', () => stubborn.body(late), { ...gpu, timeout: 10, retry: 2 });
    const run = watch(workflow('w', { again }), time, { ...options, limits: { gpu: limit } });
    let peak = 0;
    for (let ms = 0; ms < 60_000; ms += 10) {
      time.advanceTo(ms);
      peak = Math.max(peak, taken(run.run));
    }
    expect(peak).toBe(most);
    expect(run.isOver).toBe(true);
    expect(taken(run.run)).toBe(most);
  });

  test('in a fan-out, in a subflow and in a thread of children gives back what it holds when it stops', async () => {
    const time = new VirtualTime();
    const stubborn = new HeldBack();
    const fan = forEachStep('fan', { items: [1, 2, 3] }, () => stubborn.body(late), {
      ...gpu,
      timeout: 10,
      settle: true,
    });
    const run = watch(workflow('w', { sub: subflow('sub', workflow('inner', { fan })) }), time, {
      ...options,
      limits: { gpu: 3 },
    });
    time.advanceTo(1000);
    expect(run.isOver).toBe(true);
    expect(taken(run.run)).toBe(3);
    await stubborn.release();
    expect(taken(run.run)).toBe(0);
  });

  test('keeps what a live fan-out held for its children', async () => {
    const time = new VirtualTime();
    const stubborn = new HeldBack();
    const { fan, calls } = liveFan(stubborn);
    const run = watch(workflow('w', { fan }), time, {
      limits: { gpu: 1 },
      gracePeriod: 10,
      abandonedWait: 100,
    });
    for (let ms = 0; ms < 300; ms += 10) {
      time.advanceTo(ms);
      await settlePromises();
      expect(taken(run.run), `${String(ms)} ms`).toBeLessThanOrEqual(1);
    }
    expect(calls.count).toBe(1);
    expect(run.isOver, run.story.join('\n')).toBe(true);
    expect(taken(run.run)).toBe(1);
    await stubborn.release();
    expect(taken(run.run)).toBe(0);
  });

  test('in the lane lets the others go on when it stops', async () => {
    const time = new VirtualTime();
    const stubborn = new HeldBack();
    const { fan, calls } = liveFan(stubborn);
    const run = watch(workflow('w', { fan }), time, { limits: { gpu: 1 }, gracePeriod: 10 });
    for (let ms = 0; ms < 300; ms += 10) {
      time.advanceTo(ms);
      await settlePromises();
    }
    expect(calls.count).toBe(1);
    await stubborn.release();
    await ended(run);
    expect(run.result).toMatchObject({
      fan: [{ status: 'rejected' }, { value: 2 }, { value: 3 }],
    });
    expect(taken(run.run)).toBe(0);
  });
});

test('a step that only a running body keeps from starting isn’t one of them', () => {
  const time = new VirtualTime();
  const busy = step('busy', () => NEVER, { ...gpu, priority: 1 });
  const run = watch(workflow('w', { busy, next: step('next', () => 1, gpu) }), time, options);
  time.advanceTo(100_000);
  expect(run.all('warning')).toStrictEqual([]);
  expect(run.isOver).toBe(false);
});
