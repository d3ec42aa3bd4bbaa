import {
  choose,
  fallback,
  firstOf,
  forEachStep,
  InvalidOptionsError,
  optional,
  type RunOptions,
  type Step,
  type StepFailedError,
  step,
  stream,
  subflow,
  type Workflow,
  type WorkflowFailedError,
  type WorkflowTimeoutError,
  workflow,
} from 'millrace';
import { NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { play } from './support/watch.ts';

/** a → b → c, and d beside. */
function chain() {
  const ran: string[] = [];
  const undone: string[] = [];
  const noted =
    <Out>(id: string, value: Out) =>
    () => {
      ran.push(id);
      return value;
    };
  const ends = (id: string) => ({
    cleanup: () => undone.push(`cleanup ${id}`),
    release: () => undone.push(`release ${id}`),
  });
  const a = step('a', noted('a', 'a'), ends('a'));
  const b = step('b', { a }, (inputs) => noted('b', `${inputs.a}b`)(), ends('b'));
  const c = step('c', { b }, (inputs) => noted('c', `${inputs.b}c`)());
  const d = step('d', { a }, noted('d', 'd'));
  return { ran, undone, a, b, c, d };
}

describe('a step whose output is given', () => {
  test('doesn’t run, nor does what only it needs; it completes, and what follows gets it', () => {
    const { ran, undone, c } = chain();
    const run = play(workflow('w', { c }), { given: { b: 'B' } });
    expect(ran).toStrictEqual(['c']);
    expect(run.result).toStrictEqual({ c: 'Bc' });
    expect(run.the('step-completed', 'b')).toMatchObject({ given: true });
    expect(run.of('b')).toStrictEqual(['step-completed']);
    expect(run.the('step-skipped')).toMatchObject({ stepId: 'a', because: 'b', reason: 'not-needed' });
    expect(undone).toStrictEqual([]);
    expectSound(run);
  });

  test('leaves what others need', () => {
    const { ran, c, d } = chain();
    const run = play(workflow('w', { c, d }), { given: { b: 'B' } });
    expect(ran.toSorted()).toStrictEqual(['a', 'c', 'd']);
    expectSound(run);
  });

  test.each([undefined, null, false, 0, '', Number.NaN])('%j is a value', (value) => {
    const a = step('a', broken);
    const got: unknown[] = [];
    const run = play(workflow('w', { b: step('b', { a }, (inputs) => got.push(inputs.a)) }), {
      given: { a: value },
    });
    expect(got).toStrictEqual([value]);
    expectSound(run);
  });

  test('may be an output of the workflow, and all of it', () => {
    const { ran, a, b, c } = chain();
    const run = play(workflow('w', { a, b, c }), { given: { a: 1, b: 2, c: 3 } });
    expect(run.result).toStrictEqual({ a: 1, b: 2, c: 3 });
    expect(ran).toStrictEqual([]);
    expectSound(run);
  });

  test('has no clean-up and no release, though the run fails', () => {
    const { undone, b } = chain();
    const run = play(workflow('w', { bad: step('bad', { b }, broken) }), { given: { a: 'A' } });
    expect(run.error).toBeDefined();
    expect(undone).toStrictEqual(['cleanup b', 'release b']);
  });

  test.each<[string, RunOptions<never>['given']]>([
    ['an unknown id', { bb: 1 }],
    ['a path into what has no steps of its own', { 'b/a': 1 }],
    ['the escaped path of a root step', { '%62': 1 }],
    ['a list', ['b'] as never],
    ['a text', 'b' as never],
  ])('is an error where it is %s', (_, given) => {
    const { c } = chain();
    expect(thrownBy(() => workflow('w', { c }).run({ given }))).toBeInstanceOf(InvalidOptionsError);
  });

  test('is an error that suggests the nearest id', () => {
    const fetched = step('fetch-page', () => 1);
    expect(() => workflow('w', { fetched }).run({ given: { 'fetch-pag': 1 } })).toThrow(
      "did you mean 'fetch-page'",
    );
  });

  test.each<[string, (a: Step<number, never>) => Step<unknown, never>, unknown]>([
    ['optional', (a) => step('end', { a: optional(a) }, (inputs) => inputs.a), 7],
    ['a candidate', (a) => firstOf('end', [step('slow', () => NEVER), a]), 7],
    ['saved', (a) => fallback('end', a, step('other', broken)), 7],
    [
      'a branch',
      (a) => choose('end', { which: step('which', () => 'a' as const) }, ({ which }) => which, { a }),
      7,
    ],
    ['the items of a fan-out', (a) => forEachStep('end', { a, items: [1] }, (_, inputs) => inputs.a), [7]],
  ])('may be %s', (_, make, result) => {
    const run = play(workflow('w', { end: make(step('a', broken)) }), { given: { a: 7 } });
    if (run.error === undefined) expect(run.result).toStrictEqual({ end: result });
    expectSound(run);
  });

  test('may be a join, of which nothing runs', () => {
    const ran: string[] = [];
    const noted = (id: string) => step(id, () => ran.push(id));
    const one = firstOf('one', [noted('x'), noted('y')]);
    const two = fallback('two', noted('p'), noted('q'));
    const three = choose('three', { which: noted('which') }, () => 'r' as const, { r: noted('r') });
    const run = play(workflow('w', { end: step('end', { one, two, three }, (inputs) => inputs) }), {
      given: { one: 1, two: 2, three: 3 },
    });
    expect(ran).toStrictEqual([]);
    expect(run.result).toStrictEqual({ end: { one: 1, two: 2, three: 3 } });
    expectSound(run);
  });

  test('may be a branch that nobody chooses', () => {
    const a = step('a', broken);
    const b = step('b', () => 2);
    const which = step('which', (): 'a' | 'b' => 'b');
    const run = play(workflow('w', { end: choose('end', { which }, (inputs) => inputs.which, { a, b }) }), {
      given: { a: 1 },
    });
    expect(run.result).toStrictEqual({ end: 2 });
    expectSound(run);
  });

  test('may be a fan-out, or a subflow, of which nothing runs', () => {
    const fan = forEachStep('fan', { items: [1, 2] }, broken);
    const sub = subflow('sub', workflow('inner', { bad: step('bad', broken) }));
    const run = play(workflow('w', { fan, sub }), { given: { fan: [1], sub: { bad: 2 } } });
    expect(run.result).toStrictEqual({ fan: [1], sub: { bad: 2 } });
    expectSound(run);
  });

  test('is emitted by output$, and read by snapshots and metrics', () => {
    const { c } = chain();
    const run = workflow('w', { c }).run({ given: { b: 'B' } });
    const seen: unknown[] = [];
    run.output$('b').subscribe((value) => seen.push(value));
    run.result$.subscribe();
    expect(seen).toStrictEqual(['B']);
    expect(run.metrics().steps.get('b')).toMatchObject({ attempts: 0 });
  });
});

describe('a path into a subflow', () => {
  const inner = (more: Record<string, Step<unknown, never>> = {}) => {
    const a = step('a', broken);
    return workflow('inner', { b: step('b', { a }, (inputs) => `${String(inputs.a)}b`), ...more });
  };

  test.each<[string, Workflow<unknown, never>, Record<string, unknown>, unknown]>([
    ['one level', workflow('w', { sub: subflow('sub', inner()) }), { 'sub/a': 'A' }, { sub: { b: 'Ab' } }],
    [
      'two levels',
      workflow('w', { out: subflow('out', workflow('mid', { sub: subflow('sub', inner()) })) }),
      { 'out/sub/a': 'A' },
      { out: { sub: { b: 'Ab' } } },
    ],
    [
      'an escaped one',
      workflow('w', { 's/': subflow('s/', inner()) }),
      { 's%2F/a': 'A' },
      { 's/': { b: 'Ab' } },
    ],
  ])('%s', (_, work, given, result) => {
    const run = play(work, { given });
    expect(run.error).toBeUndefined();
    expect(run.result).toStrictEqual(result);
    expectSound(run);
  });

  test('counts for each attempt of it', () => {
    let tries = 0;
    const flaky = step('flaky', () => (++tries < 3 ? broken() : 1));
    const run = play(workflow('w', { sub: subflow('sub', inner({ flaky }), { retry: 3 }) }), {
      given: { 'sub/a': 'A' },
    });
    expect(run.result).toStrictEqual({ sub: { b: 'Ab', flaky: 1 } });
    expectSound(run);
  });
});

describe('what a run that failed has completed', () => {
  /** a → b → bad, a → c → later, and e beside, which is the workflow's own. */
  function made() {
    const ran: string[] = [];
    let isBroken = true;
    const noted =
      <Out>(id: string, value: Out) =>
      () => {
        ran.push(id);
        return value;
      };
    const a = step('a', noted('a', 'a'));
    const b = step('b', { a }, noted('b', 'b'));
    const c = step('c', { a }, noted('c', 'c'));
    const bad = step('bad', { b }, () => (isBroken ? broken() : 'bad'));
    const later = step('later', { c, bad }, noted('later', 'later'));
    const e = step('e', noted('e', 'e'), { priority: 1 });
    return {
      ran,
      work: workflow('w', { later, e }),
      mend: () => {
        isBroken = false;
        ran.length = 0;
      },
    };
  }

  test('is given to the next one, which does the rest', () => {
    const { ran, work, mend } = made();
    const failed = play(work).error as StepFailedError;
    expect(failed.completed).toStrictEqual({ b: 'b', c: 'c', e: 'e' });
    expect(failed.outputs).toStrictEqual({ e: 'e' });
    mend();
    const next = play(work, { given: failed.completed });
    expect(next.result).toStrictEqual({ later: 'later', e: 'e' });
    expect(ran).toStrictEqual(['later']);
    expectSound(next);
  });

  test('has of a run that goes on after failures what nobody has let go of', () => {
    const { ran, work, mend } = made();
    const failed = play(work, { onFailure: 'continue' }).error as WorkflowFailedError;
    expect(failed.completed).toStrictEqual({ e: 'e' });
    mend();
    const next = play(work, { given: failed.completed });
    expect(next.result).toStrictEqual({ later: 'later', e: 'e' });
    expect(ran.toSorted()).toStrictEqual(['a', 'b', 'c', 'later']);
  });

  test('is had from a run that took too long', () => {
    const a = step('a', () => 'a');
    const slow = step('slow', { a }, () => NEVER);
    const failed = play(workflow('w', { slow }, { timeout: 10 })).error as WorkflowTimeoutError;
    expect(failed.completed).toStrictEqual({ a: 'a' });
  });

  test('has nothing of what was undone or closed', () => {
    const undone = step('undone', () => 1, { cleanup: () => undefined });
    const closed = step('closed', () => 2, { release: () => undefined });
    const within = subflow(
      'within',
      workflow('inner', { open: step('open', () => 3, { release: () => 0 }) }),
    );
    const kept = step('kept', { undone, closed, within }, () => 4);
    const bad = step('bad', { kept, undone, closed, within }, broken);
    const failed = play(workflow('w', { bad, undone, closed, within })).error as StepFailedError;
    expect(failed.completed).toStrictEqual({ kept: 4 });
  });
});

test('a stream’s producer that is given leaves its reader nothing to read but the end', () => {
  const numbers = step('numbers', async function* () {
    yield 1;
  });
  const read = step('read', { numbers: stream(numbers) }, () => 'read');
  const run = play(workflow('w', { read }), { given: { numbers: 1 } });
  expect(run.result ?? run.error).toBeDefined();
  expectSound(run);
});

test('a stream’s reader that is given needs no producer', () => {
  const numbers = step('numbers', async function* () {
    yield await Promise.reject(new Error('broken'));
  });
  const read = step('read', { numbers: stream(numbers) }, broken);
  const run = play(workflow('w', { read }), { given: { read: 1 } });
  expect(run.result).toStrictEqual({ read: 1 });
  expectSound(run);
});
