import {
  CancelledError,
  choose,
  fallback,
  firstOf,
  forEachStep,
  InvalidOptionsError,
  input,
  NoneSucceededError,
  optional,
  type Step,
  StepSkippedError,
  step,
  subflow,
  type,
  UnknownBranchError,
  type Workflow,
  workflow,
} from 'millrace';
import { map, NEVER, type Observable } from 'rxjs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { testDisturbances } from './support/disturbances.ts';
import { expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { VirtualTime } from './support/virtual-time.ts';
import { play, watch } from './support/watch.ts';

const broken = (): never => {
  throw new Error('broken');
};
const no = { when: () => false };
const bad = step('bad', broken);
const never = step('never', () => NEVER as Observable<number>);
const skipped = step('skipped', () => 1, no);

/** A step that takes so long. */
const takes = (time: VirtualTime, id: string, ms: number): Step<string, never> =>
  step(id, () => time.after(ms, id));
/** A step that takes so long, and fails. */
const failsAfter = (time: VirtualTime, id: string, ms: number): Step<string, never> =>
  step(id, () => time.after(ms, id).pipe(map(broken)));

describe('when', () => {
  test('that says yes lets the step run, and is asked once with its inputs', () => {
    const seen: unknown[] = [];
    const a = step('a', () => 1);
    const b = step('b', { a }, ({ a }, { attempt }) => (attempt < 3 ? broken() : a), {
      when: (inputs) => seen.push(inputs) > 0,
      retry: 2,
    });
    const run = play(workflow('w', { b }));
    expect(run.result).toStrictEqual({ b: 1 });
    expect(seen).toStrictEqual([{ a: 1 }]);
    expectSound(run);
  });

  test('that says no skips the step and those that need it, and says because of whom', () => {
    const b = step('b', { skipped }, broken);
    const c = step('c', { b }, broken);
    const run = play(workflow('w', { c: optional(c) }));
    expect(run.result).toStrictEqual({ c: undefined });
    expect(
      run.all('step-skipped').map(({ stepId, because, reason }) => [stepId, because, reason]),
    ).toStrictEqual([
      ['skipped', 'skipped', 'when'],
      ['b', 'skipped', 'when'],
      ['c', 'skipped', 'when'],
    ]);
    expectSound(run);
  });

  test('of a long chain needs no deep stack', () => {
    let last: Step<number, never> = skipped;
    for (let place = 0; place < 20_000; place++) {
      const before = last;
      last = step(`s${String(place)}`, { before }, (inputs) => inputs.before);
    }
    const run = play(workflow('w', { end: step('end', { last: optional(last) }, (inputs) => inputs.last) }));
    expect(run.all('step-skipped')).toHaveLength(20_001);
    expect(run.result).toStrictEqual({ end: undefined });
    expect(run.isOver).toBe(true);
  });

  test.each<[string, () => boolean, string]>([
    ['throws', broken, 'broken'],
    ['gives no boolean', () => 'yes' as never, 'yes'],
    ['gives a Promise', () => Promise.resolve(false) as never, 'true or false'],
  ])('that %s fails the step', (_, when, message) => {
    const run = play(workflow('w', { a: step('a', broken, { when, retry: 3 }), never }));
    expect(run.error).toMatchObject({ stepId: 'a', attempts: 0 });
    expect(((run.error as Error).cause as Error).message).toContain(message);
    expect(run.of('a')).toStrictEqual(['step-failed']);
    expectSound(run);
  });

  test('that throws fails the run also where nothing else runs and all goes on', () => {
    const run = play(workflow('w', { a: step('a', broken, { when: broken }) }), { onFailure: 'continue' });
    expect(run.error).toMatchObject({ code: 'WORKFLOW_FAILED', errors: [{ stepId: 'a' }] });
    expectSound(run);
  });

  test('decides of an output, and says so where it may not be missing', () => {
    const run = play(workflow('w', { skipped, never }));
    expect(run.error).toMatchObject({ code: 'STEP_FAILED', stepId: 'skipped' });
    const { cause } = run.error as Error;
    expect(cause).toBeInstanceOf(StepSkippedError);
    expect(cause).toMatchObject({ stepId: 'skipped', because: 'skipped', reason: 'when' });
    expect(run.of('skipped')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('decides of an output under onFailure: continue as well, after the others', () => {
    const time = new VirtualTime();
    const run = play(
      workflow('w', { skipped, slow: takes(time, 'slow', 10) }),
      { onFailure: 'continue' },
      time,
    );
    expect(run.error).toMatchObject({ code: 'WORKFLOW_FAILED', outputs: { slow: 'slow' } });
    expectSound(run);
  });

  test('keeps the outputs that are there', () => {
    const a = step('a', () => 1);
    const run = play(workflow('w', { a, b: optional(skipped) }));
    expect(run.result).toStrictEqual({ a: 1, b: undefined });
    expectSound(run);
  });

  test('makes output$ error with why', () => {
    const run = workflow('w', { a: optional(skipped) }).run();
    const errors: unknown[] = [];
    run.output$('skipped').subscribe({ error: (error: unknown) => errors.push(error) });
    run.result$.subscribe();
    expect(errors).toMatchObject([{ code: 'STEP_SKIPPED', stepId: 'skipped', reason: 'when' }]);
  });

  test.each<[string, () => boolean]>([
    ['says yes', () => true],
    ['says no', () => false],
    ['throws', broken],
  ])('that cancels the run and %s is the last that is asked', (_, answer) => {
    const time = new VirtualTime();
    const gate = takes(time, 'gate', 5);
    const first = step('first', { gate }, broken, {
      when: () => {
        run.run.cancel('enough');
        return answer();
      },
    });
    const second = step('second', { gate }, broken, { when: broken });
    const run = watch(workflow('w', { first, second }), time);
    time.flush();
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'enough' });
    expectSound(run);
  });
});

describe('optional', () => {
  test('gives undefined where the step is skipped, and its output where it isn’t', () => {
    const there = step('there', () => 1);
    const both = step('both', { there: optional(there), missing: optional(skipped) }, (inputs) => {
      expectTypeOf(inputs).toEqualTypeOf<{
        readonly there: number | undefined;
        readonly missing: number | undefined;
      }>();
      return inputs;
    });
    const run = play(workflow('w', { both }));
    expect(run.result).toStrictEqual({ both: { there: 1, missing: undefined } });
    expectSound(run);
  });

  test('waits until the step is settled', () => {
    const time = new VirtualTime();
    const slow = takes(time, 'slow', 10);
    const late = step('late', { slow }, () => 1, no);
    const end = step('end', { late: optional(late) }, () => time.now);
    const run = play(workflow('w', { end }), {}, time);
    expect(run.result).toStrictEqual({ end: 10 });
    expectSound(run);
  });

  test('doesn’t help where the step fails', () => {
    const run = play(workflow('w', { end: step('end', { bad: optional(bad) }, () => 1), never }));
    expect(run.error).toMatchObject({ stepId: 'bad' });
    expect(run.of('end')).toStrictEqual(['step-cancelled']);
    expectSound(run);
  });

  test('gives undefined where the step fails and the run goes on', () => {
    const end = step('end', { bad: optional(bad) }, (inputs) => [inputs.bad]);
    const run = play(workflow('w', { end }), { onFailure: 'continue' });
    expect(run.error).toMatchObject({
      code: 'WORKFLOW_FAILED',
      errors: [{ stepId: 'bad' }],
      outputs: { end: [undefined] },
    });
    expectSound(run);
  });

  test('of one step and the same step itself is skipped with it', () => {
    const end = step('end', { a: optional(skipped), b: skipped }, broken);
    const run = play(workflow('w', { end: optional(end) }));
    expect(run.of('end')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('makes an output of the workflow one that may be missing', () => {
    const w = workflow('w', { a: optional(step('a', () => 'text')), b: step('b', () => 1) });
    expectTypeOf(w).toEqualTypeOf<Workflow<{ readonly a: string | undefined; readonly b: number }, never>>();
  });

  test('is of steps alone', () => {
    expect(() => optional(input('n', type<number>()) as never)).toThrow(InvalidOptionsError);
    expect(() => optional(optional(skipped) as never)).toThrow(InvalidOptionsError);
  });
});

describe('choose', () => {
  const size = input('size', type<number>());
  const sized = (inputs: { readonly size: number }): 'large' | 'small' =>
    inputs.size > 5 ? 'large' : 'small';

  test.each([
    [9, 'large'],
    [1, 'small'],
  ])('with %i runs one branch alone, with what only it needs', (given, name) => {
    const large = step('large', { a: step('prepare-large', () => 1) }, () => 'large');
    const small = step('small', { a: step('prepare-small', () => 1) }, () => 'small');
    const file = choose('file', { size }, sized, { large, small });
    const run = play(workflow('w', { file }) as never, { inputs: { size: given } });
    const other = name === 'large' ? 'small' : 'large';
    expect(run.result).toStrictEqual({ file: name });
    expect(run.of(`prepare-${name}`)).toContain('step-completed');
    expect(run.the('step-skipped', other)).toMatchObject({ because: 'file', reason: 'branch' });
    expect(run.the('step-skipped', `prepare-${other}`)).toMatchObject({ because: 'file', reason: 'branch' });
    expectSound(run);
  });

  test('starts nothing before the selector has said which', () => {
    const time = new VirtualTime();
    const slow = takes(time, 'slow', 10);
    const c = choose('c', { slow }, () => 'x', { x: step('x', () => time.now) });
    const run = play(workflow('w', { c }), {}, time);
    expect(run.result).toStrictEqual({ c: 10 });
    expectSound(run);
  });

  test('gives the outputs of a record of steps', () => {
    const c = choose('c', {}, () => 'both', {
      both: { a: step('a', () => 1), b: step('b', () => 'b') },
      one: step('one', () => true),
    });
    expectTypeOf(c).toExtend<Step<{ readonly a: number; readonly b: string } | boolean, never>>();
    const run = play(workflow('w', { c }));
    expect(run.result).toStrictEqual({ c: { a: 1, b: 'b' } });
    expectSound(run);
  });

  test('asks its selector once, with the dependencies and nothing else', () => {
    const seen: unknown[] = [];
    const c = choose(
      'c',
      { 1: step('one', () => 'one'), b: optional(skipped) },
      (inputs) => {
        seen.push(inputs);
        return 'x';
      },
      { x: step('x', () => 1), y: step('y', () => 2) },
    );
    play(workflow('w', { c }));
    expect(seen).toStrictEqual([{ 1: 'one', b: undefined }]);
  });

  test.each<[string, () => unknown]>([
    ['no branch', () => 'smal'],
    ['what objects have by themselves', () => 'toString'],
    ['nothing', () => undefined],
  ])('whose selector names %s fails', (_, selector) => {
    const c = choose('c', {}, selector as () => 'small', {
      small: step('small', broken),
      large: step('large', broken),
    });
    const run = play(workflow('w', { c }));
    expect((run.error as Error).cause).toBeInstanceOf(UnknownBranchError);
    expect(run.error).toMatchObject({
      stepId: 'c',
      attempts: 0,
      cause: { stepId: 'c', selected: selector(), branches: ['small', 'large'] },
    });
    expectSound(run);
  });

  test('whose selector throws fails, and its branches never run', () => {
    const time = new VirtualTime();
    const c = choose('c', {}, broken, { x: step('x', broken) });
    const run = play(workflow('w', { c, other: takes(time, 'other', 5) }), { onFailure: 'continue' }, time);
    expect(run.error).toMatchObject({
      code: 'WORKFLOW_FAILED',
      errors: [{ stepId: 'c', cause: { message: 'broken' } }],
      outputs: { other: 'other' },
    });
    expect(run.of('x')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test.each<[string, () => 'x']>([
    ['names a branch', () => 'x'],
    ['names none', () => 'y' as 'x'],
    ['throws', broken],
  ])('whose selector cancels the run and %s starts nothing', (_, answer) => {
    const time = new VirtualTime();
    const c = choose(
      'c',
      { gate: takes(time, 'gate', 5) },
      () => {
        run.run.cancel('enough');
        return answer();
      },
      { x: step('x', broken), z: step('z', broken) },
    );
    const run = watch(workflow('w', { c, never }), time);
    time.flush();
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'enough' });
    expectSound(run);
  });

  test('runs a step of another branch where something else needs it too', () => {
    const shared = step('shared', () => 'shared');
    const x = step('x', { shared }, () => 'x');
    const y = step('y', { shared }, () => 'y');
    const c = choose('c', {}, () => 'x', { x, y });
    const user = step('user', { y: optional(y) }, (inputs) => inputs.y);
    const run = play(workflow('w', { c, user }));
    expect(run.result).toStrictEqual({ c: 'x', user: 'y' });
    expectSound(run);
  });

  test('runs what two branches share once, whichever is chosen', () => {
    const shared = step('shared', () => 'shared');
    const c = choose('c', {}, () => 'y', {
      x: step('x', { shared }, () => 'x'),
      y: step('y', { shared }, () => 'y'),
    });
    const run = play(workflow('w', { c }));
    expect(run.result).toStrictEqual({ c: 'y' });
    expect(run.of('shared')).toStrictEqual(['step-started', 'step-completed']);
    expectSound(run);
  });

  test('may have one step in two branches', () => {
    const same = step('same', () => 1);
    const c = choose('c', {}, () => 'b', { a: { same, other: step('other', broken) }, b: same });
    const run = play(workflow('w', { c }));
    expect(run.result).toStrictEqual({ c: 1 });
    expect(run.of('other')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('may have one step as a dependency and a branch', () => {
    const same = step('same', () => 1);
    const run = play(
      workflow('w', { c: choose('c', { same }, () => 'b', { b: same, d: step('d', broken) }) }),
    );
    expect(run.result).toStrictEqual({ c: 1 });
    expectSound(run);
  });

  test('may be a branch of another, however deep', () => {
    let c: Step<unknown, never> = step('leaf', () => 'leaf');
    for (let depth = 0; depth < 5000; depth++)
      c = choose(`c${String(depth)}`, {}, () => 'on', { on: c, off: step(`off${String(depth)}`, broken) });
    const run = play(workflow('w', { c }));
    expect(run.result).toStrictEqual({ c: 'leaf' });
    expect(run.all('step-skipped')).toHaveLength(5000);
    expectSound(run);
  });

  test('that is not chosen itself never asks its selector', () => {
    const inner = choose('inner', {}, broken, { x: step('x', broken) });
    const run = play(
      workflow('w', { c: choose('c', {}, () => 'good', { good: step('good', () => 1), inner }) }),
    );
    expect(run.result).toStrictEqual({ c: 1 });
    expect(run.of('x')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('is skipped with the branch it has chosen, and with what it needs', () => {
    const chosen = choose('chosen', {}, () => 'skipped', { skipped });
    const needs = choose('needs', { skipped }, broken, { x: step('x', broken) });
    const run = play(workflow('w', { chosen: optional(chosen), needs: optional(needs) }));
    expect(run.result).toStrictEqual({ chosen: undefined, needs: undefined });
    expect(run.all('step-skipped').map(({ stepId, because }) => [stepId, because])).toStrictEqual(
      expect.arrayContaining([
        ['chosen', 'skipped'],
        ['needs', 'skipped'],
        ['x', 'skipped'],
      ]),
    );
    expectSound(run);
  });

  test('fails with its branch', () => {
    const c = choose('c', {}, () => 'bad', { bad, good: step('good', broken) });
    const run = play(workflow('w', { c }), { onFailure: 'continue' });
    expect(run.error).toMatchObject({ code: 'WORKFLOW_FAILED', errors: [{ stepId: 'bad' }] });
    expect(run.the('step-skipped', 'c')).toMatchObject({ because: 'bad', reason: 'failed' });
    expectSound(run);
  });

  test('may choose a fan-out or a subflow', () => {
    const items = forEachStep('items', { items: [1, 2] }, (n) => n);
    const part = subflow('part', workflow('inner', { x: step('x', broken) }));
    const run = play(workflow('w', { c: choose('c', {}, () => 'items', { items, part }) }));
    expect(run.result).toStrictEqual({ c: [1, 2] });
    expectSound(run);
  });

  test('undoes what it has where the run fails later', () => {
    const log: unknown[] = [];
    const cleanup = (output: unknown): void => {
      log.push(output);
    };
    const c = choose(
      'c',
      {},
      () => 'x',
      { x: step('x', () => 'x', { cleanup }), y: step('y', () => 'y', { cleanup }) },
      { cleanup: (output) => log.push(`c ${output}`) },
    );
    play(workflow('w', { end: step('end', { c }, broken) }));
    expect(log).toStrictEqual(['c x', 'x']);
  });

  test.each<[string, () => unknown]>([
    ['no branches', () => choose('c', {}, () => 'x' as never, {})],
    ['a branch that is no step', () => choose('c', {}, () => 'x', { x: 5 as never })],
    ['a record with what is no step', () => choose('c', {}, () => 'x', { x: { y: 5 } as never })],
    ['no selector', () => choose('c', {}, 'x' as never, { x: skipped })],
    ['an option it has no use for', () => choose('c', {}, () => 'x', { x: skipped }, { retry: 1 } as never)],
  ])('with %s is refused at once', (_, make) => {
    expect(thrownBy(make)).toBeInstanceOf(InvalidOptionsError);
  });
});

describe('firstOf', () => {
  test('gives the first output, and stops the others and what only they need', () => {
    const time = new VirtualTime();
    const prepare = takes(time, 'prepare', 50);
    const far = step('far', { prepare }, broken);
    const stopped: unknown[] = [];
    const slow = step('slow', (ctx) => {
      ctx.token.onCancel(() => stopped.push(ctx.token.reason));
      return time.after(20, 'slow');
    });
    const run = play(workflow('w', { f: firstOf('f', [slow, far, takes(time, 'near', 10)]) }), {}, time);
    expect(run.result).toStrictEqual({ f: 'near' });
    expect(
      run.all('step-cancelled').map(({ stepId, because, attempt }) => [stepId, because, attempt]),
    ).toStrictEqual(
      expect.arrayContaining([
        ['slow', 'f', 1],
        ['far', 'f', 0],
        ['prepare', 'f', 1],
      ]),
    );
    expect(stopped).toHaveLength(1);
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('lets what another step needs go on', () => {
    const time = new VirtualTime();
    const slow = takes(time, 'slow', 20);
    const f = firstOf('f', [slow, takes(time, 'near', 10)]);
    const run = play(workflow('w', { f, user: step('user', { slow }, (inputs) => inputs.slow) }), {}, time);
    expect(run.result).toStrictEqual({ f: 'near', user: 'slow' });
    expectSound(run);
  });

  test('takes the earlier one in its list of those that are there at once', () => {
    const time = new VirtualTime();
    const a = takes(time, 'a', 10);
    const b = takes(time, 'b', 5);
    const gate = step('gate', { a, b }, () => 1);
    const f = firstOf('f', [a, b]);
    const late = choose('late', { gate }, () => 'f', { f });
    expect(play(workflow('w', { late }), {}, time).result).toStrictEqual({ late: 'a' });
  });

  test('lets those that fail drop out', () => {
    const time = new VirtualTime();
    const f = firstOf('f', [failsAfter(time, 'x', 5), takes(time, 'y', 10)]);
    const run = play(workflow('w', { f }), {}, time);
    expect(run.result).toStrictEqual({ f: 'y' });
    expect(run.of('x')).toStrictEqual(['step-started', 'step-failed']);
    expect(run.all('run-completed')).toHaveLength(1);
    expectSound(run);
  });

  test('fails where all do, with what each failed with', () => {
    const time = new VirtualTime();
    const deep = step('deep', { x: failsAfter(time, 'x', 5) }, broken);
    const f = firstOf('f', [deep, failsAfter(time, 'y', 10), skipped]);
    const run = play(workflow('w', { f }), {}, time);
    const { cause } = run.error as Error;
    expect(cause).toBeInstanceOf(NoneSucceededError);
    expect(cause).toMatchObject({ stepId: 'f', errors: [{ stepId: 'x' }, { stepId: 'y' }] });
    expect(run.of('deep')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('is skipped where all are', () => {
    const run = play(workflow('w', { f: optional(firstOf('f', [skipped, step('also', () => 1, no)])) }));
    expect(run.result).toStrictEqual({ f: undefined });
    expect(run.the('step-skipped', 'f')).toMatchObject({ reason: 'when' });
    expectSound(run);
  });

  test('of one that waits for resources or for its next attempt lets go of it', () => {
    const time = new VirtualTime();
    const retrying = step('retrying', broken, { retry: { attempts: 9, delay: 100 } });
    const waiting = step('waiting', broken, { resource: 'gpu', priority: -1 });
    const near = step('near', () => time.after(10, 'near'), { resource: 'gpu' });
    const run = play(
      workflow('w', { f: firstOf('f', [retrying, waiting, near]) }),
      { limits: { gpu: 1 } },
      time,
    );
    expect(run.result).toStrictEqual({ f: 'near' });
    expect(run.of('waiting')).toStrictEqual(['step-cancelled']);
    expect(run.of('retrying').at(-1)).toBe('step-cancelled');
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('of a fan-out and a subflow lets go of all of their steps', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const children = forEachStep('children', { items: [1, 2, 3] }, () => time.after(100, 1), {
      resource: 'gpu',
    });
    const done = step('done', () => 1, { cleanup: (_, outcome) => log.push(outcome) });
    const part = subflow(
      'part',
      workflow('inner', { x: step('x', { done }, () => NEVER as Observable<number>) }),
    );
    const run = play(
      workflow('w', { f: firstOf('f', [children, part, takes(time, 'near', 10)]) }),
      { limits: { gpu: 1 } },
      time,
    );
    expect(run.result).toStrictEqual({ f: 'near' });
    expect(run.of('children[2]').at(-1)).toBe('step-cancelled');
    expect(log).toStrictEqual(['cancelled']);
    expectSound(run);
  });

  test('waits for one that is slow to stop, and gives it up in the end', () => {
    const time = new VirtualTime();
    const deaf = step('deaf', () => new Promise<string>(() => undefined));
    const run = play(
      workflow('w', { f: firstOf('f', [deaf, takes(time, 'near', 10)]) }),
      { gracePeriod: 100 },
      time,
    );
    expect(run.result).toStrictEqual({ f: 'near' });
    expect(run.the('warning')).toMatchObject({ topic: 'abandoned', stepId: 'deaf' });
    expect(time.now).toBe(110);
  });

  test('of those that finish at once stops the later ones before they start', () => {
    const f = firstOf('f', [step('a', () => 'a'), step('b', () => 'b')]);
    const run = play(workflow('w', { f }), { concurrency: 1 });
    expect(run.result).toStrictEqual({ f: 'a' });
    expect(run.of('b')).toStrictEqual(['step-cancelled']);
    expectSound(run);
  });

  test('in a firstOf stops all that is left', () => {
    const time = new VirtualTime();
    const inner = firstOf('inner', [takes(time, 'a', 30), takes(time, 'b', 40)]);
    const run = play(workflow('w', { f: firstOf('f', [inner, takes(time, 'near', 10)]) }), {}, time);
    expect(run.result).toStrictEqual({ f: 'near' });
    expect(
      run
        .all('step-cancelled')
        .map(({ stepId }) => stepId)
        .sort(),
    ).toStrictEqual(['a', 'b', 'inner']);
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('may have one step twice', () => {
    const a = step('a', () => 1);
    const run = play(workflow('w', { f: firstOf('f', [a, a]) }));
    expect(run.result).toStrictEqual({ f: 1 });
    expectSound(run);
  });

  test('is typed by its candidates', () => {
    expectTypeOf(firstOf('f', [step('a', () => 1), step('b', () => 'b')])).toEqualTypeOf<
      Step<number | string, never>
    >();
  });

  test.each<[string, () => unknown]>([
    ['no candidates', () => firstOf('f', [])],
    ['no list', () => firstOf('f', skipped as never)],
    ['what is no step', () => firstOf('f', [5 as never])],
    ['an empty id', () => firstOf('', [skipped])],
  ])('with %s is refused at once', (_, make) => {
    expect(thrownBy(make)).toBeInstanceOf(InvalidOptionsError);
  });
});

describe('fallback', () => {
  test('gives the first output where there is one, and never starts the other', () => {
    const other = step('other', { before: step('before', broken) }, broken);
    const run = play(
      workflow('w', {
        f: fallback(
          'f',
          step('first', () => 1),
          other,
        ),
      }),
    );
    expect(run.result).toStrictEqual({ f: 1 });
    expect(run.the('step-skipped', 'other')).toMatchObject({ because: 'f', reason: 'branch' });
    expect(run.of('before')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('gives the other output where the first fails for good', () => {
    const before = step('before', () => 1);
    const other = step('other', { before }, (inputs) => inputs.before);
    const first = step('first', broken, { retry: 1 });
    const run = play(workflow('w', { f: fallback('f', first, other) }));
    expect(run.result).toStrictEqual({ f: 1 });
    expect(run.story).toStrictEqual([
      'run-started',
      'step-started first',
      'step-retrying first',
      'step-started first',
      'step-failed first',
      'step-started before',
      'step-completed before',
      'step-started other',
      'step-completed other',
      'step-started f',
      'step-completed f',
      'run-completed',
    ]);
    expectSound(run);
  });

  test('heeds what failed before the first', () => {
    const first = step('first', { bad }, broken);
    const run = play(
      workflow('w', {
        f: fallback(
          'f',
          first,
          step('other', () => 'other'),
        ),
      }),
    );
    expect(run.result).toStrictEqual({ f: 'other' });
    expect(run.the('step-skipped', 'first')).toMatchObject({ because: 'bad', reason: 'failed' });
    expectSound(run);
  });

  test('fails with the other', () => {
    const run = play(workflow('w', { f: fallback('f', bad, step('worse', broken)), never }));
    expect(run.error).toMatchObject({ stepId: 'worse' });
    expect(run.of('f')).toStrictEqual(['step-cancelled']);
    expectSound(run);
  });

  test('fails nothing else, also under onFailure: continue', () => {
    const run = play(
      workflow('w', {
        f: fallback(
          'f',
          bad,
          step('other', () => 1),
        ),
      }),
      { onFailure: 'continue' },
    );
    expect(run.result).toStrictEqual({ f: 1 });
    expectSound(run);
  });

  test('doesn’t help others that need the first', () => {
    const f = fallback(
      'f',
      bad,
      step('other', () => 1),
    );
    const run = play(workflow('w', { f, user: step('user', { bad }, () => 1) }));
    expect(run.error).toMatchObject({ stepId: 'bad' });
    expectSound(run);
  });

  test('gives what it can to those that need the first, where the run goes on', () => {
    const f = fallback(
      'f',
      bad,
      step('other', () => 1),
    );
    const run = play(workflow('w', { f, user: step('user', { bad }, () => 1) }), { onFailure: 'continue' });
    expect(run.error).toMatchObject({
      code: 'WORKFLOW_FAILED',
      errors: [{ stepId: 'bad' }],
      outputs: { f: 1 },
    });
    expect(run.of('user')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('is skipped where the first is', () => {
    const run = play(workflow('w', { f: optional(fallback('f', skipped, step('other', broken))) }));
    expect(run.result).toStrictEqual({ f: undefined });
    expect(run.of('other')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('is skipped where the first fails and the other is skipped', () => {
    const run = play(workflow('w', { f: optional(fallback('f', bad, skipped)) }));
    expect(run.result).toStrictEqual({ f: undefined });
    expect(run.the('step-skipped', 'f')).toMatchObject({ because: 'skipped', reason: 'when' });
    expectSound(run);
  });

  test('of a fallback goes from one to the next', () => {
    const second = fallback(
      'second',
      step('worse', broken),
      step('good', () => 'good'),
    );
    const run = play(
      workflow('w', { f: fallback('f', fallback('first', bad, step('worst', broken)), second) }),
    );
    expect(run.result).toStrictEqual({ f: 'good' });
    expectSound(run);
  });

  test('helps where a firstOf, a choose, a fan-out or a subflow fails', () => {
    const other = (id: string) => step(`other-${id}`, () => 'other');
    const first = firstOf('first', [step('x', broken), step('y', broken)]);
    const chosen = choose('chosen', {}, broken, { z: step('z', broken) });
    const items = forEachStep('items', { items: [1, 2] }, broken);
    const part = subflow('part', workflow('inner', { x: step('x', broken) }));
    const run = play(
      workflow('w', {
        a: fallback('a', first, other('a')),
        b: fallback('b', chosen, other('b')),
        c: fallback('c', items, other('c')),
        d: fallback('d', part, other('d')),
      }),
    );
    expect(run.result).toStrictEqual({ a: 'other', b: 'other', c: 'other', d: 'other' });
    expectSound(run);
  });

  test('doesn’t step in where the first cancels itself', () => {
    const first = step('first', (): number => {
      throw new CancelledError('enough');
    });
    const run = play(workflow('w', { f: fallback('f', first, step('other', broken)) }));
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'enough' });
    expect(run.of('other')).toStrictEqual(['step-cancelled']);
    expectSound(run);
  });

  test('is refused for what is no step, and for one step twice', () => {
    expect(() => fallback('f', 5 as never, bad)).toThrow(InvalidOptionsError);
    expect(() => fallback('f', bad, bad)).toThrow(InvalidOptionsError);
  });
});

describe('branches that share steps', () => {
  test('start what is needed both by a join that let go and by a branch chosen later', () => {
    const time = new VirtualTime();
    const shared = step('shared', () => time.after(5, 'shared'));
    const slow = step('slow', { shared }, () => time.after(100, 'slow'));
    const f = firstOf('f', [slow, takes(time, 'near', 1)]);
    const c = choose('c', { f }, () => 'x', { x: step('x', { shared }, (inputs) => inputs.shared) });
    const run = play(workflow('w', { c }), {}, time);
    expect(run.result).toStrictEqual({ c: 'shared' });
    expect(run.of('slow')).toStrictEqual(['step-cancelled']);
    expectSound(run);
  });

  test('stop a step once the last that could need it has chosen another', () => {
    const time = new VirtualTime();
    const shared = takes(time, 'shared', 100);
    const gate = takes(time, 'gate', 10);
    const f = firstOf('f', [shared, takes(time, 'near', 1)]);
    const c = choose('c', { gate }, () => 'x', { x: step('x', () => 'x'), y: shared });
    const run = play(workflow('w', { f, c }), {}, time);
    expect(run.result).toStrictEqual({ f: 'near', c: 'x' });
    expect(run.the('step-cancelled', 'shared')).toMatchObject({ because: 'c', at: 10 });
    expectSound(run);
  });

  test('let two joins wait for one step', () => {
    const time = new VirtualTime();
    const shared = failsAfter(time, 'shared', 5);
    const a = fallback(
      'a',
      shared,
      step('x', () => 'x'),
    );
    const b = fallback(
      'b',
      shared,
      step('y', () => 'y'),
    );
    const run = play(workflow('w', { a, b }), {}, time);
    expect(run.result).toStrictEqual({ a: 'x', b: 'y' });
    expectSound(run);
  });

  test('run a step that one fallback tries first and another second', () => {
    const x = step('x', () => 'x');
    const run = play(workflow('w', { a: fallback('a', x, step('y', broken)), b: fallback('b', bad, x) }));
    expect(run.result).toStrictEqual({ a: 'x', b: 'x' });
    expectSound(run);
  });
});

describe('a run with branches that is stopped', () => {
  const busy = (time: VirtualTime) => {
    const gpu = { resource: 'gpu' } as const;
    const items = forEachStep('items', { items: [3, 6] }, (ms) => time.after(ms, ms), gpu);
    const flaky = step('flaky', ({ attempt }) => (attempt < 2 ? broken() : time.after(4, 'flaky')), {
      ...gpu,
      retry: { attempts: 2, delay: 2 },
    });
    const hedged = firstOf('hedged', [
      items,
      flaky,
      step('slow', (ctx) => {
        ctx.defer(() => time.after(2, 0));
        return time.after(50, 'slow');
      }),
    ]);
    const safe = fallback(
      'safe',
      failsAfter(time, 'fragile', 3),
      step('solid', () => time.after(3, 'solid'), { ...gpu, cleanup: () => time.after(1, 0) }),
    );
    const chosen = choose('chosen', { safe }, () => 'left', {
      left: { hedged, extra: takes(time, 'extra', 2) },
      right: step('right', broken),
    });
    const side = step('side', { chosen, missing: optional(skipped) }, () => time.after(1, 'side'));
    return workflow('w', { side, part: subflow('part', workflow('inner', { hedged, safe })) });
  };

  test('completes where it isn’t', () => {
    const time = new VirtualTime();
    const run = play(busy(time), { limits: { gpu: 1 } }, time);
    expect(run.result).toMatchObject({ side: 'side', part: { safe: 'solid' } });
    expectSound(run);
  });

  testDisturbances(busy, { leastEvents: 40, outputs: { side: 'side' } });

  test.each(Array.from({ length: 20 }, (_, ms) => ms))('is sound after a timeout of %i ms', (ms) => {
    const time = new VirtualTime();
    expectSound(play(busy(time), { limits: { gpu: 1 }, timeout: ms }, time));
  });
});
