import {
  forEachStep,
  InvalidOptionsError,
  input,
  optional,
  RecursionLimitError,
  ResourceLimitError,
  type Step,
  StepFailedError,
  StepSkippedError,
  step,
  subflow,
  type,
  type Workflow,
  WorkflowTimeoutError,
  workflow,
} from 'millrace';
import { map, NEVER, type Observable } from 'rxjs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { atEachEvent } from './support/at-each-event.ts';
import { testDisturbances } from './support/disturbances.ts';
import { expectNoStartAfter, expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { settlePromises, VirtualTime } from './support/virtual-time.ts';
import { play, watch } from './support/watch.ts';

const broken = (): never => {
  throw new Error('broken');
};

const n = input('n', type<number>());
const double = workflow('double', { result: step('result', { n }, (inputs) => 2 * inputs.n) });

/** The deepest cause of an error. */
function rootCause(error: unknown): unknown {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause;
  return deepest;
}

describe('a subflow', () => {
  test('gives the record of its outputs, and gets its inputs from steps and inputs', () => {
    const seven = step('seven', () => 7);
    const first = subflow('first', double, { inputs: { n: seven } });
    const second = subflow('second', double, { inputs: { n } });
    const sum = step('sum', { first, second }, (inputs) => inputs.first.result + inputs.second.result);
    const run = play(workflow('main', { sum }) as never, { inputs: { n: 1 } });
    expect(run.result).toStrictEqual({ sum: 16 });
    expectSound(run);
  });

  test('tells of its steps as of any other, named after it', () => {
    const a = step('a', () => 1);
    const b = step('b', { a }, (inputs, ctx) => {
      ctx.progress(0.5);
      ctx.log(ctx.stepId);
      return inputs.a;
    });
    const run = play(workflow('main', { part: subflow('part', workflow('inner', { b })) }));
    expect(run.story).toStrictEqual([
      'run-started',
      'step-started part',
      'step-added part/a',
      'step-added part/b',
      'step-started part/a',
      'step-completed part/a',
      'step-started part/b',
      'step-progress part/b',
      'log part/b',
      'step-completed part/b',
      'step-completed part',
      'run-completed',
    ]);
    expect(run.the('step-added', 'part/b')).toMatchObject({ parentId: 'part', dependsOn: ['part/a'] });
    expect(run.the('log')).toMatchObject({ message: 'part/b' });
    expectSound(run);
  });

  test('may be there many times, and in itself', () => {
    const inner = workflow('inner', { x: step('x', () => 1) });
    const middle = workflow('middle', { a: subflow('a', inner), b: subflow('b', inner) });
    const run = play(workflow('outer', { m: subflow('m', middle), n: subflow('n', middle) }));
    expect(run.result).toStrictEqual({ m: { a: { x: 1 }, b: { x: 1 } }, n: { a: { x: 1 }, b: { x: 1 } } });
    expect(run.of('m/a/x')).toStrictEqual(['step-added', 'step-started', 'step-completed']);
    expectSound(run);
  });

  test('shares the budget of the run', () => {
    const time = new VirtualTime();
    const gpu = { resource: 'gpu' } as const;
    const inner = workflow('inner', {
      a: step('a', () => time.after(10, 1), gpu),
      b: step('b', () => time.after(10, 1), gpu),
    });
    const other = step('other', () => time.after(10, 1), gpu);
    const run = play(workflow('w', { other, s: subflow('s', inner) }), { limits: { gpu: 1 } }, time);
    expect(time.now).toBe(30);
    expect(run.run.metrics().resources['gpu']).toMatchObject({ peak: 1, utilisation: 1 });
    expectSound(run);
  });

  test('holds nothing while its steps run', () => {
    const time = new VirtualTime();
    const chain = (depth: number): Workflow<unknown, never> =>
      depth === 0
        ? workflow('leaf', { x: step('x', () => time.after(1, 1)) })
        : workflow('node', { s: subflow('s', chain(depth - 1)) });
    const run = play(chain(5), { concurrency: 1 }, time);
    expect(run.all('run-completed')).toHaveLength(1);
    expectSound(run);
  });

  test('that demands too much within is found before the run, with its name', () => {
    const inner = workflow('inner', {
      s: subflow('s', workflow('leaf', { x: step('x', () => 1, { resource: { gpu: 3 } }) })),
    });
    const outer = workflow('outer', { part: subflow('part', inner) });
    const error = thrownBy(() => outer.run({ limits: { gpu: 2 } }));
    expect(error).toBeInstanceOf(ResourceLimitError);
    expect(error).toMatchObject({ stepId: 'part/s/x', resource: 'gpu' });
    expect(() => outer.run()).toThrow(InvalidOptionsError);
  });

  test('is typed by its outputs and by what its handles need', () => {
    const own = subflow('own', double, { inputs: { n } });
    expectTypeOf(own).toEqualTypeOf<Step<{ readonly result: number }, readonly ['n', number]>>();
    const given = subflow('given', double, { inputs: { n: step('seven', () => 7) } });
    expectTypeOf(given).toEqualTypeOf<Step<{ readonly result: number }, never>>();
    // @ts-expect-error -- n is needed
    expect(() => subflow('s', double)).toThrow(InvalidOptionsError);
    // @ts-expect-error -- n is a number
    subflow('s', double, { inputs: { n: step('text', () => 'text') } });
    const returned = step('returned', () => workflow('w', { a: step('a', () => 1) }));
    expectTypeOf(returned).toEqualTypeOf<Step<{ readonly a: number }, never>>();
  });

  test.each<[string, () => unknown, RegExp]>([
    ['an input too few', () => subflow('s', double, { inputs: {} } as never), /inputs\.n/],
    ['an input too many', () => subflow('s', double, { inputs: { n, m: n } } as never), /inputs\.m/],
    ['an input that is no handle', () => subflow('s', double, { inputs: { n: 5 } } as never), /'n'/],
    ['no workflow', () => subflow('s', 5 as never), /workflow/],
    ['a resource', () => subflow('s', double, { inputs: { n }, resource: 'gpu' } as never), /resource/],
    [
      'a wrong onFailure',
      () => subflow('s', double, { inputs: { n }, onFailure: 'stop' } as never),
      /onFailure/,
    ],
    [
      'a timeout that is none',
      () => subflow('s', double, { inputs: { n }, timeout: 'soon' } as never),
      /timeout/,
    ],
  ])('with %s is refused at once', (_, make, message) => {
    const error = thrownBy(make);
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as Error).message).toMatch(message);
  });

  test('has its inputs checked by their schemas when it starts, and isn’t tried again for it', () => {
    const checked = input('checked', {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof value === 'number' && value > 0
            ? { value: value + 1 }
            : { issues: [{ message: 'not positive' }] },
      },
    });
    const inner = workflow('inner', { x: step('x', { checked }, (inputs) => inputs.checked) });
    const good = subflow('good', inner, { inputs: { checked: step('one', () => 1) } as never });
    expect(play(workflow('w', { good })).result).toStrictEqual({ good: { x: 2 } });
    const bad = subflow('bad', inner, { inputs: { checked: step('none', () => 0) } as never, retry: 3 });
    const run = play(workflow('w', { bad }));
    expect(run.error).toMatchObject({ stepId: 'bad', attempts: 1, cause: { code: 'INVALID_OPTIONS' } });
    expectSound(run);
  });

  test('may be given as a function, which is asked when it starts', () => {
    let asked = 0;
    const late = subflow(
      'late',
      () => {
        asked++;
        return double;
      },
      { inputs: { n: step('five', () => 5) } },
    );
    const main = workflow('main', { late });
    expect(asked).toBe(0);
    expect(play(main).result).toStrictEqual({ late: { result: 10 } });
    expect(asked).toBe(1);
  });

  test.each<[string, () => unknown]>([
    ['throws', broken],
    ['gives no workflow', () => 5],
    ['gives one that needs other inputs', () => double],
  ])('whose function %s fails', (_, make) => {
    const run = play(workflow('w', { s: subflow('s', make as () => Workflow<unknown, never>) }));
    expect(run.error).toBeInstanceOf(StepFailedError);
    expect(run.error).toMatchObject({ stepId: 's' });
    expectSound(run);
  });

  test('is skipped where its when says no', () => {
    const s = subflow('s', workflow('inner', { x: step('x', broken) }), { when: () => false });
    const run = play(
      workflow('w', { s: optional(s), end: step('end', { s: optional(s) }, (inputs) => inputs.s ?? 'none') }),
    );
    expect(run.result).toStrictEqual({ s: undefined, end: 'none' });
    expectSound(run);
  });

  test('may have outputs that are missing', () => {
    const maybe = step('maybe', () => 1, { when: () => false });
    const s = subflow('s', workflow('inner', { maybe: optional(maybe) }));
    const run = play(workflow('w', { s }));
    expect(run.result).toStrictEqual({ s: { maybe: undefined } });
    expectSound(run);
  });

  test('fails where an output is missing that must not be', () => {
    const s = subflow('s', workflow('inner', { maybe: step('maybe', () => 1, { when: () => false }) }));
    const run = play(workflow('w', { s }));
    expect(run.error).toMatchObject({ stepId: 's', cause: { stepId: 's/maybe' } });
    expect(rootCause(run.error)).toBeInstanceOf(StepSkippedError);
    expectSound(run);
  });

  test('lets the number of its steps be seen', () => {
    const time = new VirtualTime();
    const a = step('a', () => time.after(10, 1));
    const inner = workflow('inner', { b: step('b', { a }, () => 1), c: step('c', () => time.after(5, 1)) });
    const run = watch(workflow('w', { s: subflow('s', inner) }), time);
    time.advanceTo(7);
    expect(run.run.metrics().steps['s']?.children).toMatchObject({ added: 3, running: 1, completed: 1 });
    time.flush();
    expectSound(run);
  });
});

describe('a subflow that fails', () => {
  test('says through which steps', () => {
    const a = step('a', () => 1);
    const inner = workflow('inner', { b: step('b', { a }, broken) });
    const run = play(workflow('w', { s: subflow('s', inner, { inputs: {} }) }));
    expect(run.error).toMatchObject({
      stepId: 's',
      chain: ['s'],
      cause: { stepId: 's/b', chain: ['s', 's/a', 's/b'], cause: { message: 'broken' } },
    });
    expectSound(run);
  });

  test('stops its own steps and those of the run', () => {
    const time = new VirtualTime();
    const inner = workflow('inner', {
      bad: step('bad', () => time.after(5, 1).pipe(map(broken))),
      slow: step('slow', () => NEVER),
    });
    const run = play(workflow('w', { s: subflow('s', inner), other: step('other', () => NEVER) }), {}, time);
    expect(run.story.slice(-5)).toStrictEqual([
      'step-failed s/bad',
      'step-cancelled s/slow',
      'step-failed s',
      'step-cancelled other',
      'run-failed',
    ]);
    expectSound(run);
  });

  test('goes on within where it is told to, and names all that failed', () => {
    const time = new VirtualTime();
    const inner = workflow('inner', {
      bad: step('bad', broken),
      worse: step('worse', () => time.after(5, 1).pipe(map(broken))),
      good: step('good', () => time.after(10, 1)),
    });
    const run = play(workflow('w', { s: subflow('s', inner, { onFailure: 'continue' }) }), {}, time);
    expect(run.of('s/good').at(-1)).toBe('step-completed');
    expect(run.error).toMatchObject({
      stepId: 's',
      cause: {
        code: 'WORKFLOW_FAILED',
        workflow: 'inner',
        errors: [{ stepId: 's/bad' }, { stepId: 's/worse' }],
      },
    });
    expectSound(run);
  });

  test.each([
    ['fail-fast', 'continue', 'step-cancelled'],
    ['continue', 'fail-fast', 'step-completed'],
  ] as const)('takes its own %s over the %s of the run', (own, runs, end) => {
    const time = new VirtualTime();
    const inner = workflow(
      'inner',
      { bad: step('bad', broken), good: step('good', () => time.after(5, 1)) },
      { onFailure: own },
    );
    const run = play(workflow('w', { s: subflow('s', inner) }), { onFailure: runs }, time);
    expect(run.of('s/good').at(-1)).toBe(end);
    expectSound(run);
  });

  test('undoes what it did before it is tried again, and tells why', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    let attempts = 0;
    const undo = (name: string) => (_: unknown, outcome: string) => {
      log.push(`undo ${name} ${outcome} at ${String(time.now)}`);
      return time.after(10, 0);
    };
    const a = step('a', () => ++attempts, { cleanup: undo('a') });
    const b = step('b', { a }, () => 1, { cleanup: undo('b') });
    const c = step('c', { b }, () =>
      time.after(5, attempts).pipe(map((times) => (times < 3 ? broken() : times))),
    );
    const s = subflow('s', workflow('inner', { c }), {
      retry: { attempts: 3, delay: 100, factor: 1, jitter: 0 },
    });
    const run = play(workflow('w', { s }), {}, time);
    expect(run.result).toStrictEqual({ s: { c: 3 } });
    expect(log).toStrictEqual([
      'undo b failed at 5',
      'undo a failed at 15',
      'undo b failed at 130',
      'undo a failed at 140',
    ]);
    expect(run.all('step-retrying').map(({ at }) => at)).toStrictEqual([25, 150]);
    expect(time.now).toBe(255);
    expectSound(run);
  });

  test('counts the steps of the attempt under way alone', () => {
    let attempts = 0;
    const s = subflow('s', workflow('inner', { x: step('x', () => (++attempts < 3 ? broken() : 1)) }), {
      retry: 2,
    });
    const run = play(workflow('w', { s }));
    expect(run.run.metrics().steps['s']).toMatchObject({
      attempts: 3,
      children: { added: 1, completed: 1, failed: 0 },
    });
    expectSound(run);
  });

  test('is undone as a whole where the run fails later, the last one first', () => {
    const log: string[] = [];
    const cleanup = (output: unknown, outcome: string): void => {
      log.push(`${JSON.stringify(output)} ${outcome}`);
    };
    const before = step('before', () => 'before', { cleanup });
    const a = step('a', { x: input('x', type<string>()) }, () => 'a', { cleanup });
    const inner = workflow('inner', { b: step('b', { a }, () => 'b', { cleanup }) });
    const s = subflow('s', inner, { inputs: { x: before }, cleanup });
    const run = play(workflow('w', { end: step('end', { s }, broken) }));
    expect(log).toStrictEqual(['{"b":"b"} failed', '"b" failed', '"a" failed', '"before" failed']);
    expectSound(run);
  });

  test('is not undone where the run completes', () => {
    const log: string[] = [];
    const inner = workflow('inner', { x: step('x', () => 1, { cleanup: () => log.push('undone') }) });
    play(workflow('w', { s: subflow('s', inner, { cleanup: () => log.push('undone') }) }));
    expect(log).toStrictEqual([]);
  });

  test('whose clean-up fails warns, and is tried again nevertheless', () => {
    let attempts = 0;
    const a = step('a', () => ++attempts, { cleanup: broken });
    const inner = workflow('inner', { b: step('b', { a }, (inputs) => (inputs.a === 1 ? broken() : 1)) });
    const run = play(workflow('w', { s: subflow('s', inner, { retry: 1 }) }));
    expect(run.the('warning')).toMatchObject({ topic: 'cleanup', stepId: 's/a' });
    expect(run.result).toStrictEqual({ s: { b: 1 } });
    expectSound(run);
  });

  test('is cancelled cleanly while it undoes what it did', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const a = step('a', () => 1, {
      cleanup: (_, outcome) => {
        log.push(outcome);
        return time.after(10, 0);
      },
    });
    const inner = workflow('inner', { b: step('b', { a }, broken) });
    const run = watch(workflow('w', { s: subflow('s', inner, { retry: 5 }) }), time);
    time.at(5, () => {
      run.run.cancel('enough');
    });
    time.flush();
    expect(log).toStrictEqual(['failed']);
    expect(run.error).toMatchObject({ reason: 'enough' });
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('while nobody can give it what its last step needs ends too', () => {
    const time = new VirtualTime();
    const stuck = step('stuck', () => new Promise(() => undefined), { resource: 'gpu', timeout: 10 });
    const inner = workflow(
      'inner',
      { x: step('x', () => 1, { resource: 'gpu' }) },
      { onFailure: 'continue' },
    );
    const run = play(
      workflow('w', { stuck, s: subflow('s', inner) }),
      { limits: { gpu: 1 }, onFailure: 'continue' },
      time,
    );
    expect(run.isOver).toBe(true);
    expect(run.error).toMatchObject({
      code: 'WORKFLOW_FAILED',
      errors: [{ stepId: 'stuck' }, { stepId: 's' }],
    });
    expect(rootCause((run.error as { errors?: unknown[] }).errors?.[1])).toBeInstanceOf(ResourceLimitError);
  });
});

describe('the timeout of a subflow', () => {
  const slow = (time: VirtualTime, log: string[]) => {
    const a = step('a', () => time.after(5, 1), { cleanup: (_, outcome) => log.push(`undo ${outcome}`) });
    return workflow('inner', { b: step('b', { a }, () => NEVER) });
  };

  test('stops all of its steps, and undoes what they did', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const s = subflow('s', slow(time, log), { timeout: 20 });
    const run = play(workflow('w', { s }), {}, time);
    expect(run.error).toMatchObject({
      stepId: 's',
      cause: { code: 'STEP_TIMEOUT', stepId: 's', timeoutMs: 20 },
    });
    expect(log).toStrictEqual(['undo failed']);
    expect(run.of('s/b').at(-1)).toBe('step-cancelled');
    expect(time.now).toBe(20);
    expectSound(run);
  });

  test('is of each attempt', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const s = subflow('s', slow(time, log), { timeout: 20, retry: { attempts: 2, delay: 100, jitter: 0 } });
    const run = play(workflow('w', { s }), {}, time);
    expect(run.error).toMatchObject({ stepId: 's', attempts: 2 });
    expect(log).toStrictEqual(['undo failed', 'undo failed']);
    expect(time.now).toBe(140);
    expectSound(run);
  });

  test('is what its workflow says, where it says nothing itself', () => {
    const time = new VirtualTime();
    const inner = workflow('inner', { x: step('x', () => NEVER) }, { timeout: 30 });
    const run = play(workflow('w', { s: subflow('s', inner) }), {}, time);
    expect((run.error as Error).cause).toBeInstanceOf(WorkflowTimeoutError);
    expect((run.error as Error).cause).toMatchObject({ workflow: 'inner', timeoutMs: 30 });
    expect(time.now).toBe(30);
    expectSound(run);
  });

  test('goes before that of its workflow', () => {
    const time = new VirtualTime();
    const inner = workflow('inner', { x: step('x', () => time.after(50, 'x')) }, { timeout: 30 });
    const run = play(workflow('w', { s: subflow('s', inner, { timeout: 60 }) }), {}, time);
    expect(run.result).toStrictEqual({ s: { x: 'x' } });
    expectSound(run);
  });
});

describe('a subflow of its own workflow', () => {
  interface Count {
    readonly down: number | undefined;
  }

  function countdown(log: number[] = []): Workflow<Count, readonly ['n', number]> {
    const down = step('down', { n }, (inputs) => {
      log.push(inputs.n);
      return inputs.n - 1;
    });
    const again = subflow('again', () => self, { inputs: { n: down }, when: (inputs) => inputs.n > 0 });
    const self: Workflow<Count, readonly ['n', number]> = workflow('countdown', {
      down: step('end', { down, again: optional(again) }, ({ down, again }): number => again?.down ?? down),
    });
    return self;
  }

  test('ends where its when says so', () => {
    const log: number[] = [];
    const run = play(countdown(log) as never, { inputs: { n: 5 } });
    expect(log).toStrictEqual([5, 4, 3, 2, 1]);
    expect(run.result).toStrictEqual({ down: 0 });
    expect(run.of('again/again/again/again/again')).toStrictEqual(['step-added', 'step-skipped']);
    expectSound(run);
  });

  test('ends with an error at the depth of 64', () => {
    const run = play(countdown() as never, { inputs: { n: 1000 } });
    const cause = rootCause(run.error);
    expect(cause).toBeInstanceOf(RecursionLimitError);
    expect(cause).toMatchObject({
      maxDepth: 64,
      stepId: Array.from({ length: 65 }, () => 'again').join('/'),
    });
    expectSound(run);
  });

  test.each([1, 2, 7])('may go as deep as a maxDepth of %i', (maxDepth) => {
    const fits = play(countdown() as never, { inputs: { n: maxDepth + 1 }, maxDepth });
    expect(fits.result).toStrictEqual({ down: 0 });
    const tooDeep = play(countdown() as never, { inputs: { n: maxDepth + 2 }, maxDepth });
    expect(rootCause(tooDeep.error)).toBeInstanceOf(RecursionLimitError);
    expectSound(tooDeep);
  });

  test('may go hundreds of levels deep', () => {
    const run = play(countdown() as never, { inputs: { n: 300 }, maxDepth: 300 });
    expect(run.result).toStrictEqual({ down: 0 });
    expectSound(run);
  });

  test('that goes too deep is told in a sentence', () => {
    const { error } = play(countdown() as never, { inputs: { n: 9 }, maxDepth: 2 });
    expect((error as Error).message).toBe(
      "step 'again' failed: step 'again/again/again' failed " +
        '(down → again → again/down → again/again → again/again/down → again/again/again): ' +
        "RecursionLimitError: step 'again/again/again' brings steps more than 2 levels deep; " +
        "end the recursion, with 'when' for one, or raise the run's maxDepth",
    );
  });

  test('that goes too deep isn’t tried again', () => {
    let calls = 0;
    const again: Step<unknown, never> = step(
      'again',
      () => {
        calls++;
        return again;
      },
      { retry: 3 },
    );
    const run = play(workflow('w', { again }), { maxDepth: 3 });
    expect(rootCause(run.error)).toBeInstanceOf(RecursionLimitError);
    expect(calls).toBe(4);
    expectSound(run);
  });

  test.each([0, -1, 1.5, '3'])('can’t have a maxDepth of %s', (maxDepth) => {
    expect(() => countdown().run({ inputs: { n: 1 }, maxDepth: maxDepth as number })).toThrow(
      InvalidOptionsError,
    );
  });
});

describe('a function that returns a step or a workflow', () => {
  test('has it run in its place', () => {
    const size = step('size', () => 3);
    const built = step('built', { size }, (inputs) =>
      workflow(
        'inner',
        Object.fromEntries(
          Array.from({ length: inputs.size }, (_, place) => [
            `s${String(place)}`,
            step(`s${String(place)}`, () => place),
          ]),
        ),
      ),
    );
    const one = step('one', () => Promise.resolve(step('inner', () => 'one')));
    const run = watch(workflow('w', { built, one }), new VirtualTime());
    return settlePromises().then(() => {
      expect(run.result).toStrictEqual({ built: { s0: 0, s1: 1, s2: 2 }, one: 'one' });
      expect(run.of('one/inner')).toStrictEqual(['step-added', 'step-started', 'step-completed']);
      expectSound(run);
    });
  });

  test('brings along what that needs', () => {
    const a = step('a', () => 20);
    const host = step('host', () => step('b', { a }, (inputs) => inputs.a + 1));
    const run = play(workflow('w', { host, a }));
    expect(run.result).toStrictEqual({ host: 21, a: 20 });
    expect(run.of('host/a')).toContain('step-completed');
    expectSound(run);
  });

  test('of which nobody gives the inputs fails, once', () => {
    const host = step('host', () => step('b', { n }, (inputs) => inputs.n), { retry: 2 });
    const run = play(workflow('w', { host }));
    expect(run.error).toMatchObject({ stepId: 'host', attempts: 1, cause: { code: 'INVALID_OPTIONS' } });
    expectSound(run);
  });

  test('finalises after it has ended', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const host = step('host', (ctx) => {
      ctx.defer(() => log.push(`finalised at ${String(time.now)}`));
      return step('inner', () => time.after(10, 1));
    });
    const run = play(workflow('w', { host }), {}, time);
    expect(log).toStrictEqual(['finalised at 10']);
    expectSound(run);
  });

  test('gives back what it has taken before that starts', () => {
    const time = new VirtualTime();
    const host = step('host', () => step('inner', () => time.after(10, 1), { resource: 'gpu' }), {
      resource: 'gpu',
    });
    const run = play(workflow('w', { host }), { limits: { gpu: 1 } }, time);
    expect(run.result).toStrictEqual({ host: 1 });
    expect(run.run.metrics().resources['gpu']).toMatchObject({ peak: 1 });
    expectSound(run);
  });

  test('is tried again as a whole, after clean-ups', () => {
    const log: string[] = [];
    const host = step(
      'host',
      ({ attempt }) => {
        const a = step('a', () => attempt, { cleanup: (times) => log.push(`undo ${String(times)}`) });
        return step('b', { a }, () => (attempt < 3 ? broken() : 'done'));
      },
      { retry: 2 },
    );
    const run = play(workflow('w', { host }));
    expect(run.result).toStrictEqual({ host: 'done' });
    expect(log).toStrictEqual(['undo 1', 'undo 2']);
    expectSound(run);
  });

  test('while the run is drained starts nothing', async () => {
    let go: () => void = broken;
    const host = step('host', async () => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return step('inner', broken);
    });
    const run = watch(workflow('w', { host }), new VirtualTime());
    await settlePromises();
    run.run.cancel('deploy', { drain: true });
    go();
    await settlePromises();
    expect(run.all('step-added')).toStrictEqual([]);
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'deploy' });
    expectSound(run);
  });

  test('and that the run is drained as it starts starts nothing', () => {
    const host = step('host', () => step('inner', broken));
    const runs = atEachEvent(
      () => workflow('w', { host: step('outer', () => host) }),
      (run) => {
        run.cancel('deploy', { drain: true });
      },
    );
    for (const [place, run] of runs.entries()) {
      expectSound(run);
      expectNoStartAfter(run, place + 1);
    }
    expect(runs[1]?.story).toStrictEqual([
      'run-started',
      'step-started outer',
      'step-cancelled outer',
      'run-cancelled',
    ]);
  });

  test('a clean-up or a finaliser doesn’t', () => {
    const log: string[] = [];
    const inner = step('inner', () => log.push('ran'));
    const a = step(
      'a',
      (ctx) => {
        ctx.defer(() => inner);
        return 1;
      },
      { cleanup: () => inner },
    );
    const run = play(workflow('w', { end: step('end', { a }, broken) }));
    expect(log).toStrictEqual([]);
    expectSound(run);
  });
});

describe('a run with subflows that is stopped', () => {
  const busy = (time: VirtualTime) => {
    let attempts = 0;
    const x = step('x', () => time.after(2, 1), { resource: 'gpu', cleanup: () => time.after(2, 0) });
    const y = step(
      'y',
      { x },
      () => time.after(3, ++attempts).pipe(map((times) => (times === 1 ? broken() : times))),
      { resource: 'gpu' },
    );
    const z = step('z', (ctx) => {
      ctx.defer(() => time.after(1, 0));
      return forEachStep('f', { items: [1, 2] }, (ms): Observable<number> => time.after(ms, ms), {
        resource: 'gpu',
      });
    });
    const inner = workflow('inner', { y, z });
    const s = subflow('s', inner, {
      retry: { attempts: 2, delay: 4 },
      timeout: 100,
      cleanup: () => time.after(1, 0),
    });
    return workflow('w', {
      end: step('end', { s }, () => time.after(1, 'end')),
      side: subflow('side', inner, { onFailure: 'continue', retry: 1 }),
    });
  };

  testDisturbances(busy, { leastEvents: 30, outputs: { end: 'end' } });

  test.each(Array.from({ length: 30 }, (_, ms) => ms))('is sound after a timeout of %i ms', (ms) => {
    const time = new VirtualTime();
    const run = play(busy(time), { limits: { gpu: 1 }, timeout: ms }, time);
    expectSound(run);
  });

  test('undoes as cancelled what it did', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const a = step('a', () => 1, { cleanup: (_, outcome) => log.push(outcome) });
    const inner = workflow('inner', { b: step('b', { a }, () => NEVER) });
    const run = watch(workflow('w', { s: subflow('s', inner) }), time);
    run.run.cancel();
    expect(log).toStrictEqual(['cancelled']);
    expectSound(run);
  });

  test('undoes as failed what it did, where another step failed', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const a = step('a', () => 1, { cleanup: (_, outcome) => log.push(outcome) });
    const inner = workflow('inner', { b: step('b', { a }, () => NEVER) });
    const bad = step('bad', () => time.after(5, 1).pipe(map(broken)));
    const run = play(workflow('w', { s: subflow('s', inner), bad }), {}, time);
    expect(log).toStrictEqual(['failed']);
    expectSound(run);
  });
});
