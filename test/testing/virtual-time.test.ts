import {
  CancelledError,
  forEachStep,
  InvalidOptionsError,
  input,
  StepFailedError,
  step,
  type,
  workflow,
} from 'millrace';
import { runInVirtualTime, StandstillError } from 'millrace/testing';
import { map, of, throwError, timer } from 'rxjs';
import { describe, expect, test } from 'vitest';

const path = input('path', type<string>());
const table = step('table', { path }, ({ path: given }) => `rows of ${given}`, { resource: 'db' });
const delays = step('delays', { table }, ({ table: rows }) => rows.length, { resource: 'db', estimate: 20 });
const flights = workflow('flights', { table, delays });
const options = { inputs: { path: 'a' }, limits: { db: 1 } };

describe('a run in virtual time', () => {
  test('calls the functions of the steps that the script does not name', async () => {
    const recording = await runInVirtualTime(flights, options);
    expect(recording.outcome).toStrictEqual({
      kind: 'completed',
      outputs: { table: 'rows of a', delays: 9 },
    });
    expect(recording).toMatchObject({ workflow: 'flights', limits: { db: 1 }, stoppedAt: undefined });
  });

  test('gives the outputs that it is told, and passes time at once', async () => {
    const recording = await runInVirtualTime(flights, {
      ...options,
      durations: { table: '1h' },
      outputs: { table: 'xyz' },
    });
    expect(recording.outcome).toMatchObject({ outputs: { table: 'xyz', delays: 3 } });
    expect(recording.metrics.totalMs).toBe(3_600_000);
  });

  test('has what kept functions come to take as long as it is told, whatever they return', async () => {
    const calls: string[] = [];
    const noted = <Value>(id: string, value: Value): Value => {
      calls.push(id);
      return value;
    };
    const promised = step('promised', () => noted('promised', Promise.resolve('p')));
    const observed = step('observed', () => noted('observed', of('no', 'o')));
    const iterated = step('iterated', async function* () {
      yield await Promise.resolve('no');
      yield noted('iterated', 'i');
    });
    const listed = step('listed', { promised, observed, iterated }, (inputs) => Object.values(inputs));
    const whole = step('whole', { listed }, (inputs) => step('part', () => inputs.listed.join('')));
    const fan = forEachStep('fan', { items: listed }, (item) => `${item}!`);
    const { outcome, metrics } = await runInVirtualTime(workflow('kept', { whole, fan }), {
      durations: { promised: 10, observed: 20, iterated: 30, listed: 5, whole: 7, fan: 9 },
    });
    expect(outcome).toStrictEqual({ kind: 'completed', outputs: { whole: 'poi', fan: ['p!', 'o!', 'i!'] } });
    expect(calls).toStrictEqual(['promised', 'observed', 'iterated']);
    expect(metrics.totalMs).toBe(30 + 5 + 9);
    expect(metrics.steps.get('promised')).toMatchObject({ durationMs: 10 });
    expect(metrics.steps.get('observed')).toMatchObject({ durationMs: 20 });
  });

  test('has kept functions fail as late, and stops them at once', async () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    const thrown = step('thrown', broken);
    const rejected = step('rejected', () => Promise.reject(new Error('broken')));
    const erred = step('erred', () => throwError(() => new Error('broken')));
    const flow = workflow('late', { thrown, rejected, erred });
    const late = { durations: { thrown: 3, rejected: 4, erred: 5 }, onFailure: 'continue' } as const;
    const { metrics } = await runInVirtualTime(flow, late);
    expect([...metrics.steps]).toMatchObject([
      { id: 'thrown', durationMs: 3 },
      { id: 'rejected', durationMs: 4 },
      { id: 'erred', durationMs: 5 },
    ]);
    const stopped = await runInVirtualTime(flow, { ...late, onFailure: 'fail-fast' });
    expect(stopped.metrics.totalMs).toBe(3);
  });

  test('takes longer where the function does, and calls none for attempts that are to fail', async () => {
    const attempts: number[] = [];
    const slow = step(
      'slow',
      ({ attempt, scheduler }) => {
        attempts.push(attempt);
        return timer(20, scheduler).pipe(map(() => 'slow'));
      },
      { retry: 2 },
    );
    const { metrics } = await runInVirtualTime(workflow('slow', { slow }), {
      durations: { slow: 5 },
      failures: { slow: 2 },
    });
    expect(attempts).toStrictEqual([3]);
    expect(metrics.totalMs).toBe(5 + 5 + 20);
  });

  test('replaces all, by their estimates', async () => {
    const { metrics } = await runInVirtualTime(flights, { ...options, bodies: 'replace' });
    expect(metrics.totalMs).toBe(21);
  });

  test('fails attempts as it is told', async () => {
    const flaky = workflow('flaky', { only: step('only', () => 1, { retry: { attempts: 3, delay: 10 } }) });
    const { metrics } = await runInVirtualTime(flaky, { durations: () => 5, failures: { only: 2 } });
    expect(metrics.totalMs).toBe(15 + 10 + 20);
    expect(metrics.steps.get('only')).toMatchObject({ attempts: 3 });
    const cause = new RangeError('no');
    const { outcome } = await runInVirtualTime(flaky, { failures: { only: cause } });
    expect(outcome).toMatchObject({ kind: 'failed', error: expect.any(StepFailedError) as unknown });
    expect(outcome).toMatchObject({ error: { cause } });
  });

  test('lets functions that use ctx.scheduler wait in virtual time', async () => {
    const slow = step('slow', (ctx) => timer(60_000, ctx.scheduler).pipe(map(() => 1)), { timeout: '2m' });
    const { metrics } = await runInVirtualTime(workflow('slow', { slow }));
    expect(metrics.totalMs).toBe(60_000);
  });

  test('waits for what a function awaits of the real world, and does not time it out meanwhile', async () => {
    // A wait by the wall clock, since that is the matter: a virtual timeout of less is pending all the while.
    const real = step('real', () => new Promise((resolve) => setTimeout(resolve, 30, 'done')), {
      timeout: 10,
    });
    const { outcome, metrics } = await runInVirtualTime(workflow('real', { real }));
    expect(outcome).toStrictEqual({ kind: 'completed', outputs: { real: 'done' } });
    expect(metrics.totalMs).toBe(0);
  });

  test('goes on when its patience is over', async () => {
    const never = step('never', () => new Promise(() => undefined), { timeout: '5s' });
    const { outcome, metrics } = await runInVirtualTime(workflow('w', { never }), {
      patience: 5,
      gracePeriod: 7,
    });
    expect(outcome).toMatchObject({ error: { cause: { code: 'STEP_TIMEOUT' } } });
    expect(metrics.totalMs).toBe(5007);
  });

  test('tells which steps stand still', async () => {
    const never = step('never', () => new Promise(() => undefined));
    const fault: unknown = await runInVirtualTime(workflow('w', { never }), { patience: 5 }).catch(
      (error: unknown) => error,
    );
    expect(fault).toBeInstanceOf(StandstillError);
    expect(fault).toMatchObject({ code: 'STANDSTILL', running: ['never'] });
    expect(String(fault)).toContain("'never'");
    const paused = runInVirtualTime(workflow('w', { one: step('one', () => 1), two: step('two', () => 1) }), {
      bodies: 'replace',
      concurrency: 1,
      at: {
        0.5: (run) => {
          run.pause();
        },
      },
    });
    await expect(paused).rejects.toThrow('no step runs');
  });

  test('does what is planned at a moment, such as a cancel', async () => {
    const recording = await runInVirtualTime(flights, {
      ...options,
      durations: { table: 10, delays: 10 },
      at: {
        12: (run) => {
          run.cancel('enough');
        },
      },
    });
    expect(recording.stoppedAt).toBe(12);
    expect(recording.outcome).toMatchObject({
      kind: 'cancelled',
      error: expect.any(CancelledError) as unknown,
    });
    expect(recording.metrics.totalMs).toBe(12);
  });

  test('notes the clean-ups, and calls those of steps that it did not replace', async () => {
    const undone: unknown[] = [];
    const cleanup = (output: unknown): void => {
      undone.push(output);
    };
    const kept = step('kept', () => 'kept', { cleanup });
    const replaced = step('replaced', { kept }, () => 'replaced', { cleanup });
    const bad = step('bad', { replaced }, () => 1);
    const { trace } = await runInVirtualTime(workflow('w', { bad }), {
      outputs: { replaced: 1 },
      failures: { bad: 1 },
    });
    expect(trace.filter(({ kind }) => kind === 'cleanup')).toMatchObject([
      { stepId: 'replaced' },
      { stepId: 'kept' },
    ]);
    expect(undone).toStrictEqual(['kept']);
  });

  test.each<[options: object, message: string]>([
    [{ durations: { tabel: 1 } }, "did you mean 'table'?"],
    [{ durations: { table: -1 } }, "durations['table']"],
    [{ durations: () => Number.NaN }, "durations['table']"],
    [{ durations: 5 }, 'durations'],
    [{ failures: { table: -1 } }, "failures['table']"],
    [{ failures: { gone: 1 } }, "failures['gone']"],
    [{ outputs: { gone: 1 } }, "outputs['gone']"],
    [{ bodies: 'drop' }, 'bodies'],
    [{ at: { soon: () => undefined } }, 'at'],
    [{ at: { 5: 'cancel' } }, 'at[5]'],
    [{ at: [] }, 'at'],
    [{ patience: '1 eon' }, 'patience'],
    [{ scheduler: undefined }, 'scheduler'],
    [{ concurency: 1 }, "did you mean 'concurrency'?"],
    [{ onFailur: 'continue' }, "did you mean 'onFailure'?"],
  ])('refuses %o', async (more, message) => {
    const fault: unknown = await runInVirtualTime(flights, { ...options, ...more }).catch(
      (error: unknown) => error,
    );
    expect(fault).toBeInstanceOf(InvalidOptionsError);
    expect(String(fault)).toContain(message);
  });

  test('refuses what no workflow is, and options that are none', async () => {
    await expect(runInVirtualTime({} as never)).rejects.toThrow(InvalidOptionsError);
    await expect(runInVirtualTime(flights, 5 as never)).rejects.toThrow(InvalidOptionsError);
  });
});
