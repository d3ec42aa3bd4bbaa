import { input, ResourceLimitError, step, subflow, type, WorkflowTimeoutError, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { map, NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { rootCause } from './support/root-cause.ts';
import { expectSound } from './support/sound.ts';
import { play, watch } from './support/watch.ts';

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
    expect(run.run.metrics().steps.get('s')).toMatchObject({
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
