import { type StepContext, StepFailedError, step, WorkflowFailedError, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { play } from './support/watch.ts';

const broken =
  (message = 'broken') =>
  (): never => {
    throw new Error(message);
  };

describe('fail-fast, the default', () => {
  test('the first failure stops the rest, and is the error, with what the run leaves behind', () => {
    const time = new VirtualTime();
    const done = step('done', () => 'done');
    const failing = step('failing', () => time.after(10, 0).pipe(broken()));
    const running = step('running', () => NEVER);
    const after = step('after', { running }, () => 'never');
    const run = play(workflow('failing', { done, failing, after }), {}, time);
    expect(run.error).toBeInstanceOf(StepFailedError);
    expect(run.error).toMatchObject({
      name: 'StepFailedError',
      code: 'STEP_FAILED',
      stepId: 'failing',
      attempts: 1,
      chain: ['failing'],
      cause: { message: 'broken' },
      outputs: { done: 'done' },
    });
    const { metrics } = run.error as StepFailedError;
    expect([...(metrics?.steps ?? [])]).toMatchObject([
      { id: 'done', status: 'completed' },
      { id: 'failing', status: 'failed' },
      { id: 'running', status: 'cancelled' },
      { id: 'after', status: 'cancelled', attempts: 0 },
    ]);
    expect(run.the('run-failed').error).toBe(run.error);
  });

  test('the error names the path that led to the step, from the root on, through first dependencies', () => {
    const root = step('root', () => 1);
    const other = step('other', () => 1);
    const middle = step('middle', { root }, () => 1);
    const last = step('last', { other, middle }, () => 1);
    const leaf = step('leaf', { last }, broken('no'));
    const { error } = play(workflow('chained', { leaf }));
    expect(error).toMatchObject({ chain: ['other', 'last', 'leaf'] });
    expect(String(error)).toBe("StepFailedError: step 'leaf' failed (other → last → leaf): no");
  });

  test('a long chain is told in short', () => {
    let last = step('0', () => 0);
    for (let index = 1; index < 30; index++)
      last = step(String(index), { last }, ({ last: before }) => before + 1);
    const { error } = play(workflow('long', { leaf: step('leaf', { last }, broken('no')) }));
    expect((error as StepFailedError).chain).toHaveLength(31);
    expect(String(error)).toContain('0 → 1 → 2 → 3 → … 23 more … → 27 → 28 → 29 → leaf');
  });

  test('an error that isn’t an Error is told too', () => {
    const { error } = play(
      workflow('odd', {
        odd: step('odd', () => {
          throw { code: 7 };
        }),
      }),
    );
    expect(error).toMatchObject({ cause: { code: 7 }, message: "step 'odd' failed: an object with 'code'" });
  });

  test('the signal of what was running is aborted because of the failure', () => {
    const time = new VirtualTime();
    let context: StepContext | undefined;
    const running = step('running', (ctx) => {
      context = ctx;
      return NEVER;
    });
    const failing = step('failing', () => time.after(10, 0).pipe(broken()));
    const run = play(workflow('failing', { running, failing }), {}, time);
    expect(context?.signal.reason).toMatchObject({ code: 'CANCELLED', reason: run.error });
  });

  test('a second failure at the same moment changes nothing', () => {
    const time = new VirtualTime();
    const first = step('first', () => {
      throw new Error('first');
    });
    const second = step('second', () => {
      throw new Error('second');
    });
    const run = play(workflow('failing', { first, second }), {}, time);
    expect(run.error).toMatchObject({ stepId: 'first' });
    expect(run.of('second')).toStrictEqual(['step-cancelled']);
  });
});

describe('continue', () => {
  const options = { onFailure: 'continue' } as const;

  test('independent branches go on, dependents are skipped, and the error has every failure and what did finish', () => {
    const time = new VirtualTime();
    const fails = step('fails', () => time.after(5, 0).pipe(broken('one')));
    const skipped = step('skipped', { fails }, () => 'never');
    const skippedToo = step('skipped too', { skipped, fails }, () => 'never');
    const good = step('good', () => time.after(20, 'good'));
    const failsLate = step('fails late', { good }, broken('two'), { retry: 1 });
    const best = step('best', { good }, ({ good: value }) => `${value}!`);
    const run = play(workflow('going on', { skippedToo, failsLate, best }), options, time);
    expect(run.error).toBeInstanceOf(WorkflowFailedError);
    const error = run.error as WorkflowFailedError;
    expect(error).toMatchObject({
      code: 'WORKFLOW_FAILED',
      workflow: 'going on',
      outputs: { best: 'good!' },
    });
    expect(error.errors.map(({ stepId, attempts }) => [stepId, attempts])).toStrictEqual([
      ['fails', 1],
      ['fails late', 2],
    ]);
    expect(error.cause).toBe(error.errors[0]);
    expect(error.message).toBe("workflow 'going on': 2 steps failed: 'fails', 'fails late'");
    expect(error.metrics?.steps.get('skipped')).toMatchObject({ status: 'skipped', attempts: 0 });
    expect(run.all('step-skipped').map(({ stepId, because }) => [stepId, because])).toStrictEqual([
      ['skipped', 'fails'],
      ['skipped too', 'fails'],
    ]);
    expect(run.all('step-cancelled')).toStrictEqual([]);
  });

  test('without a failure it is a success', () => {
    expect(play(workflow('fine', { fine: step('fine', () => 1) }), options).result).toStrictEqual({
      fine: 1,
    });
  });

  test('a failure off the way to any output is a failure still', () => {
    const fails = step('fails', broken());
    const run = play(workflow('one', { fails }), options);
    expect((run.error as WorkflowFailedError).message).toBe("workflow 'one': 1 step failed: 'fails'");
  });

  test('may be the workflow’s; the run’s own goes first', () => {
    const flow = workflow('going on', { a: step('a', broken()), b: step('b', broken()) }, options);
    expect(play(flow).error).toBeInstanceOf(WorkflowFailedError);
    expect(play(flow, { onFailure: 'fail-fast' }).error).toBeInstanceOf(StepFailedError);
    expect(play(flow, { onFailure: undefined }).error).toBeInstanceOf(WorkflowFailedError);
  });

  test('a cancel is a cancel', () => {
    const time = new VirtualTime();
    const flow = workflow('going on', {
      fails: step('fails', broken()),
      running: step('running', () => NEVER),
    });
    const run = play(flow, { ...options, timeout: 100 }, time);
    expect(run.error).toMatchObject({ code: 'WORKFLOW_TIMEOUT' });
  });

  test('a step that fails while another skips its dependents reaches each of them once', () => {
    const a = step('a', broken());
    const b = step('b', broken());
    const both = step('both', { a, b }, () => 1);
    const run = play(workflow('diamond', { both }), options);
    expect(run.of('both')).toStrictEqual(['step-skipped']);
    expect(run.the('step-skipped').because).toBe('a');
  });
});

test('the options of a workflow are read when it is made', () => {
  const options: { onFailure: 'fail-fast' | 'continue' } = { onFailure: 'continue' };
  const flow = workflow('fixed', { a: step('a', broken()) }, options);
  options.onFailure = 'fail-fast';
  expect(play(flow).error).toBeInstanceOf(WorkflowFailedError);
});
