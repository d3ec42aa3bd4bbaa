import { InvalidOptionsError, type RunHistory, step, workflow } from 'millrace';
import { plan, simulate } from 'millrace/simulate';
import { VirtualTime } from 'millrace/testing';
import { throwError } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './support/thrown-by.ts';
import { play } from './support/watch.ts';

/** Four steps of 10 ms and, defined last, one of 40, on two threads. */
function batch(time: VirtualTime, longMs = 40) {
  const steps = ['a', 'b', 'c', 'd', 'long'].map((id) =>
    step(id, () => time.after(id === 'long' ? longMs : 10, id), { resource: 'heavy-cpu' }),
  );
  return workflow('batch', Object.fromEntries(steps.map((made) => [made.id, made])));
}

function makespanOf(history: RunHistory, longMs = 40): number {
  const time = new VirtualTime();
  return play(batch(time, longMs), { limits: { 'heavy-cpu': 2 }, history }, time).run.metrics().totalMs;
}

describe('a history', () => {
  test('orders the second run by what the first one measured', () => {
    const history: RunHistory = {};
    expect(makespanOf(history)).toBe(60);
    expect(history).toStrictEqual({
      version: 1,
      workflow: 'batch',
      steps: Object.fromEntries(
        ['a', 'b', 'c', 'd', 'long'].map((id) => [id, { meanMs: id === 'long' ? 40 : 10, runs: 1 }]),
      ),
    });
    expect(makespanOf(history)).toBe(40);
  });

  test('survives being stored as JSON', () => {
    const history: RunHistory = {};
    makespanOf(history);
    expect(makespanOf(JSON.parse(JSON.stringify(history)) as RunHistory)).toBe(40);
  });

  test('is a mean in which later runs count more', () => {
    const history: RunHistory = {};
    makespanOf(history, 40);
    makespanOf(history, 80);
    expect(history.steps?.['long']).toStrictEqual({ meanMs: 52, runs: 2 });
  });

  test('counts the attempt that succeeded, without the waits', () => {
    const time = new VirtualTime();
    let calls = 0;
    const flaky = step(
      'flaky',
      () => (++calls === 1 ? throwError(() => new Error('no')) : time.after(7, 1)),
      {
        retry: { attempts: 2, delay: 100 },
      },
    );
    const history: RunHistory = {};
    play(workflow('w', { flaky }), { history }, time);
    expect(history.steps).toStrictEqual({ flaky: { meanMs: 7, runs: 1 } });
  });

  test('notes what completed where the run fails or is cancelled', () => {
    const time = new VirtualTime();
    const good = step('good', () => time.after(5, 1));
    const bad = step('bad', { good }, () => throwError(() => new Error('no')));
    const history: RunHistory = {};
    play(workflow('w', { bad }), { history }, time);
    expect(history.steps).toStrictEqual({ good: { meanMs: 5, runs: 1 } });
  });

  test('goes after priorities, and for a step that it does not know by the estimate, else the mean', () => {
    const order = (history: RunHistory): string[] => {
      const time = new VirtualTime();
      const make = (id: string, options: object) => step(id, () => time.after(1, id), options);
      const flow = workflow('order', {
        known: make('known', { estimate: 1000 }),
        unknown: make('unknown', {}),
        estimated: make('estimated', { estimate: 30 }),
        urgent: make('urgent', { priority: 1 }),
        other: make('other', {}),
      });
      return play(flow, { history, concurrency: 1 }, time)
        .all('step-started')
        .map(({ stepId }) => stepId);
    };
    const steps = { known: { meanMs: 10, runs: 1 }, other: { meanMs: 20, runs: 3 } };
    expect(order({ version: 1, workflow: 'order', steps })).toStrictEqual([
      'urgent',
      'estimated',
      'other',
      'unknown',
      'known',
    ]);
  });

  test('keeps steps that the workflow no longer has', () => {
    const time = new VirtualTime();
    const only = step('only', () => time.after(5, 1));
    const history: RunHistory = { steps: { gone: { meanMs: 1, runs: 1 } } };
    play(workflow('w', { only }), { history }, time);
    expect(Object.keys(history.steps ?? {})).toStrictEqual(['gone', 'only']);
  });

  test('serves as the durations of a simulation and of a plan', () => {
    const history: RunHistory = {};
    makespanOf(history);
    const options = { limits: { 'heavy-cpu': 2 }, durations: history };
    expect(simulate(batch(new VirtualTime()), options).makespan).toBe(60);
    expect(plan(batch(new VirtualTime()), options).makespan).toBe(40);
    expect(() =>
      simulate(workflow('other', { only: step('only', () => 1) }), { durations: history }),
    ).toThrow(InvalidOptionsError);
  });

  test.each<[history: unknown, message: string]>([
    [null, 'a record'],
    ['{}', 'a record'],
    [Object.freeze({}), 'open to changes'],
    [{ version: 1, workflow: 'batch', steps: Object.freeze({}) }, 'open to changes'],
    [{ version: 2 }, 'history.version'],
    [{ workflow: 'another' }, "history.workflow to be 'batch'"],
    [{ step: {} }, "did you mean 'steps'?"],
    [{ steps: [] }, 'history.steps'],
    [{ steps: { a: 5 } }, "history.steps['a']"],
    [{ steps: { a: { meanMs: -1, runs: 1 } } }, "history.steps['a'].meanMs"],
    [{ steps: { a: { meanMs: Number.NaN, runs: 1 } } }, "history.steps['a'].meanMs"],
    [{ steps: { a: { meanMs: 1, runs: 0 } } }, "history.steps['a'].runs"],
  ])('that is %j is refused before the start', (history, message) => {
    const fault = thrownBy(() => batch(new VirtualTime()).run({ history: history as RunHistory }));
    expect(fault).toBeInstanceOf(InvalidOptionsError);
    expect(String(fault)).toContain(message);
  });
});
