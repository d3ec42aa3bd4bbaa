import { input, type MillraceError, OutputReleasedError, step, type, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import type { Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './support/thrown-by.ts';
import { play, watch } from './support/watch.ts';

/** What a stream of an output did: 'waits', its value, or its error's code. */
function fate(output$: Observable<unknown>): () => unknown {
  let state: unknown = 'waits';
  let values = 0;
  output$.subscribe({
    next: (value) => {
      values++;
      state = value;
    },
    error: (error: unknown) => {
      state = (error as MillraceError).code;
    },
    complete: () => {
      expect(values).toBe(1);
    },
  });
  return () => state;
}

function chain(time: VirtualTime) {
  const first = step('first', () => time.after(10, 'first'));
  const second = step('second', { first }, () => time.after(10, 'second'));
  const third = step('third', { second }, () => time.after(10, 'third'));
  return { first, second, third, run: watch(workflow('chain', { third }), time) };
}

test('delivers the output to those who subscribed in time, before it is released', () => {
  const time = new VirtualTime();
  const { first, second, third, run } = chain(time);
  const fates = [first, second, third].map((each) => fate(run.run.output$(each)));
  time.advanceTo(10);
  expect(fates.map((now) => now())).toStrictEqual(['first', 'waits', 'waits']);
  time.flush();
  expect(fates.map((now) => now())).toStrictEqual(['first', 'second', 'third']);
});

test('delivers later as long as the output is kept: until its last consumer has settled', () => {
  const time = new VirtualTime();
  const { first, run } = chain(time);
  const late = run.run.output$(first);
  time.advanceTo(19);
  expect(fate(late)()).toBe('first');
  time.advanceTo(20);
  expect(fate(late)()).toBe('OUTPUT_RELEASED');
});

test('an output that was released errors with an OutputReleasedError that names the step and the remedy', () => {
  const time = new VirtualTime();
  const { run } = chain(time);
  time.flush();
  let error: unknown;
  run.run.output$('first').subscribe({
    error: (reason: unknown) => {
      error = reason;
    },
  });
  expect(error).toBeInstanceOf(OutputReleasedError);
  expect(error).toMatchObject({
    stepId: 'first',
    code: 'OUTPUT_RELEASED',
    message: expect.stringMatching(/'first'.*make it an output/) as unknown,
  });
});

test('an output of the workflow is kept for ever', () => {
  const time = new VirtualTime();
  const { run } = chain(time);
  time.flush();
  expect(fate(run.run.output$('third'))()).toBe('third');
});

test('an output of the workflow is kept also when it has consumers, or two names', () => {
  const shared = step('shared', () => ({ big: true }));
  const used = step('used', { shared }, () => 1);
  const run = play(workflow('kept', { shared, again: shared, used }));
  expect(run.result).toStrictEqual({ shared: { big: true }, again: { big: true }, used: 1 });
  expect(fate(run.run.output$(shared))()).toStrictEqual({ big: true });
});

test('an output with a clean-up is kept until the run is over', () => {
  const time = new VirtualTime();
  const first = step('first', () => 'first', { cleanup: () => undefined });
  const second = step('second', { first }, () => 'second');
  const third = step('third', { second }, () => 'third');
  const fourth = step('fourth', { third }, () => time.after(10, 'fourth'));
  const run = watch(workflow('kept', { fourth }), time);
  expect([fate(run.run.output$(first))(), fate(run.run.output$(second))()]).toStrictEqual([
    'first',
    'OUTPUT_RELEASED',
  ]);
  time.flush();
  expect(fate(run.run.output$(first))()).toBe('OUTPUT_RELEASED');
});

test('an output is released when its last consumer has failed, was skipped or was cancelled', () => {
  const first = step('first', () => 1);
  const second = step('second', { first }, () => {
    throw new Error('broken');
  });
  const third = step('third', { first, second }, () => 1);
  const time = new VirtualTime();
  const slow = step('slow', () => time.after(100, 1));
  const run = watch(workflow('released', { third, slow }), time, { onFailure: 'continue' });
  expect(fate(run.run.output$(first))()).toBe('OUTPUT_RELEASED');
  time.flush();
});

test('an undefined output is an output', () => {
  const run = play(workflow('void', { nothing: step('nothing', () => undefined) }));
  expect(run.result).toStrictEqual({ nothing: undefined });
  expect(fate(run.run.output$('nothing'))()).toBeUndefined();
});

test('it neither starts nor holds the run', () => {
  const time = new VirtualTime();
  const run = workflow('idle', { only: step('only', () => time.after(10, 1)) }).run({
    scheduler: time.scheduler,
  });
  const now = fate(run.output$('only'));
  time.flush();
  expect([now(), run.snapshot().status]).toStrictEqual(['waits', 'idle']);
  run.result$.subscribe().unsubscribe();
  expect(now()).toBe('CANCELLED');
});

test('leaving it leaves the run alone', () => {
  const time = new VirtualTime();
  const { first, run } = chain(time);
  run.run.output$(first).subscribe().unsubscribe();
  time.flush();
  expect(run.result).toStrictEqual({ third: 'third' });
});

describe('where there is no output, it errors with the reason', () => {
  const fails = step('fails', () => {
    throw new Error('broken');
  });
  const skipped = step('skipped', { fails }, () => 1);
  const unrelated = step('unrelated', () => 1, { priority: -1 });

  test('a failed step: its StepFailedError', () => {
    const run = workflow('failing', { skipped }).run({ onFailure: 'continue' });
    const seen: unknown[] = [];
    for (const each of [fails, skipped])
      run.output$(each).subscribe({ error: (error: unknown) => seen.push(error) });
    run.result$.subscribe({ error: () => undefined });
    expect(seen).toMatchObject([
      { stepId: 'fails', code: 'STEP_FAILED' },
      { stepId: 'fails', code: 'STEP_FAILED' },
    ]);
    expect(seen[1]).toBe(seen[0]);
    expect([fate(run.output$(fails))(), fate(run.output$(skipped))()]).toStrictEqual([
      'STEP_FAILED',
      'STEP_FAILED',
    ]);
  });

  test('a step that was cancelled because of it: a CancelledError with the failure', () => {
    const run = workflow('failing', { skipped, unrelated }).run({ concurrency: 1 });
    let seen: unknown;
    run.output$(unrelated).subscribe({
      error: (error: unknown) => {
        seen = error;
      },
    });
    run.result$.subscribe({ error: () => undefined });
    expect(seen).toMatchObject({ code: 'CANCELLED', reason: { code: 'STEP_FAILED', stepId: 'fails' } });
  });

  test('a cancelled run: its CancelledError', () => {
    const run = workflow('cancelled', { unrelated }).run();
    let seen: unknown;
    run.output$(unrelated).subscribe({
      error: (error: unknown) => {
        seen = error;
      },
    });
    run.cancel('no time');
    expect(seen).toMatchObject({ code: 'CANCELLED', reason: 'no time' });
  });
});

describe('a step that isn’t of the workflow is an error at once', () => {
  const only = step('only', () => 1);
  const run = workflow('small', { only }).run();

  test.each<[string, unknown, string]>([
    ['an unknown id, with the nearest', 'onyl', "did you mean 'only'?"],
    ['an id nothing is near to', 'something else', '"something else"'],
    ['a handle of another workflow', step('other', () => 1), '"other"'],
    ['another handle with the same id', step('only', () => 1), '"only"'],
    ['an input', input('only', type()), 'an instance of InputHandle'],
    ['nothing', undefined, 'undefined'],
    ['a name of Object.prototype', 'constructor', '"constructor"'],
  ])('%s', (_, given, message) => {
    expect(thrownBy(() => run.output$(given as string))).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(message) as unknown,
    });
  });
});
