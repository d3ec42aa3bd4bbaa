import { defineWorkflow, firstOf, forEachStep, type Step, step, stream, workflow } from 'millrace';
import {
  boundedOvertaking,
  checkLaws,
  cleanUpsInReverse,
  dependenciesFirst,
  eventsInOrder,
  exactlyOnce,
  expectLawful,
  heldIsRunning,
  type Law,
  LawBrokenError,
  law,
  limitsNeverExceeded,
  nothingAfterTheEnd,
  oneEndAStep,
  type Recording,
  runInVirtualTime,
  type TraceEntry,
  workConserving,
} from 'millrace/testing';
import { map, range, timer, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';

const cleanup = (): void => undefined;
const a = step('a', () => 'a', { resource: 'db', estimate: 5, cleanup });
const b = step('b', { a }, () => 'b', { resource: { db: 2 }, estimate: 3, cleanup });
const c = step('c', { a }, () => 'c', { resource: 'db', estimate: 4 });
const d = step('d', { b, c }, () => 'd', { resource: 'db', estimate: 2 });
const flow = workflow('flow', { d });
const options = { limits: { db: 2 }, bodies: 'replace' } as const;

/** A recording with another trace. */
function retold(
  recording: Recording,
  change: (trace: readonly TraceEntry[]) => readonly TraceEntry[],
): Recording {
  const trace = change(recording.trace);
  return {
    ...recording,
    trace,
    events: trace.flatMap((entry) => (entry.kind === 'event' ? [entry.event] : [])),
  };
}

const is = (type: string, stepId?: string) => (entry: TraceEntry) =>
  entry.kind === 'event' &&
  entry.event.type === type &&
  (stepId === undefined || ('stepId' in entry.event && entry.event.stepId === stepId));

/** Moves the first entry that is so to a place. */
const moved =
  (which: (entry: TraceEntry) => boolean, to: number) =>
  (trace: readonly TraceEntry[]): TraceEntry[] => {
    const from = trace.findIndex(which);
    const rest = trace.toSpliced(from, 1);
    return rest.toSpliced(to < 0 ? rest.length : to, 0, trace[from] as TraceEntry);
  };
const without =
  (which: (entry: TraceEntry) => boolean) =>
  (trace: readonly TraceEntry[]): TraceEntry[] =>
    trace.toSpliced(trace.findIndex(which), 1);
const twice =
  (which: (entry: TraceEntry) => boolean) =>
  (trace: readonly TraceEntry[]): TraceEntry[] => {
    const at = trace.findIndex(which);
    return trace.toSpliced(at, 0, trace[at] as TraceEntry);
  };

describe('a law', () => {
  test.each<[law: Law, change: (trace: readonly TraceEntry[]) => readonly TraceEntry[], message: string]>([
    [dependenciesFirst, moved(is('step-started', 'b'), 1), "'b' started before 'a' had completed"],
    [exactlyOnce, twice(is('step-started', 'b')), "attempt 1 of 'b' is out of turn"],
    [exactlyOnce, twice((entry) => entry.kind === 'call'), 'called its function out of turn'],
    [oneEndAStep, without(is('step-completed', 'c')), "'c' ended 0 times"],
    [oneEndAStep, twice(is('step-completed', 'd')), "'d' ended 2 times"],
    [nothingAfterTheEnd, moved(is('step-completed', 'c'), -1), 'step-completed came after the end'],
    [nothingAfterTheEnd, moved((entry) => entry.kind === 'call', -1), "the call of 'a' came after the end"],
    [nothingAfterTheEnd, without(is('run-completed')), 'the run ended 0 times'],
    [eventsInOrder, without(is('step-started', 'b')), 'follows event'],
    [limitsNeverExceeded, moved(is('step-started', 'c'), 2), "took 1 of 'db'"],
    [heldIsRunning, without(is('step-completed', 'c')), "of 'db' are taken, but 3 are held"],
    [workConserving, without(is('step-started', 'd')), "'d' is ready and fits, but had not started"],
  ])('$name is broken by what breaks it', async ({ name, check }, change, message) => {
    const recording = await expectLawful(flow, options);
    const given = name === 'limits never exceeded' ? { ...recording, limits: { db: 1 } } : recording;
    const broken = check(retold(given, change)).join('\n');
    expect(broken).toContain(message);
    expect(check(recording)).toStrictEqual([]);
  });

  test('of bounded overtaking counts those that take what another lacks', async () => {
    // Two long steps keep one unit each, so that `big` waits for two while small ones pass it.
    const small = Array.from({ length: 9 }, (_, index) =>
      step(`s${String(index)}`, () => 1, {
        resource: 'db',
        estimate: 4 + (index % 2) * 3,
        priority: index === 0 ? 1 : 0,
      }),
    );
    const big = step('big', { s0: small[0] as (typeof small)[0] }, () => 1, {
      resource: { db: 2 },
      estimate: 1,
    });
    const crowd = workflow('crowd', Object.fromEntries([big, ...small].map((made) => [made.id, made])));
    const recording = await expectLawful(crowd, { ...options, maxOvertakes: 3 });
    expect(boundedOvertaking.check(recording)).toStrictEqual([]);
    expect(boundedOvertaking.check({ ...recording, maxOvertakes: 1 }).join()).toContain(
      "'big' was overtaken 2 times",
    );
  });

  test('of clean-ups wants them in reverse, once, and only where the run did not complete', async () => {
    const recording = await expectLawful(flow, { ...options, failures: { d: 1 } });
    expect(recording.trace.filter(({ kind }) => kind === 'cleanup')).toHaveLength(2);
    const swapped = retold(
      recording,
      moved((entry) => entry.kind === 'cleanup', recording.trace.length - 3),
    );
    expect(cleanUpsInReverse.check(swapped).join()).toContain('cleaned up: a, b; expected: b, a');
    const completed = { ...recording, outcome: { kind: 'completed', outputs: {} } } as const;
    expect(cleanUpsInReverse.check(completed).join()).toContain('expected: nothing');
  });

  test('of one’s own joins in one line', async () => {
    const quick = law('is quick', ({ metrics }) => metrics.totalMs < 5);
    await expect(expectLawful(flow, { ...options, laws: [quick] })).rejects.toThrow(
      'is quick: it does not hold',
    );
    const told = law('is told', () => 'not so');
    await expect(expectLawful(flow, { ...options, laws: [told] })).rejects.toThrow('- is told: not so');
    const fine = [law('is fine', () => ''), law('is well', () => true), law('is good', () => [])];
    await expect(expectLawful(flow, { ...options, laws: fine })).resolves.toBeDefined();
  });

  test('is refused where it is none', async () => {
    expect(() => law('', () => true)).toThrow('not empty');
    expect(() => law('x', true as never)).toThrow('a function');
    await expect(expectLawful(flow, { ...options, laws: [{}] as never })).rejects.toThrow('a list of laws');
  });
});

describe('expectLawful', () => {
  test('runs the user’s own functions, and finds what differs from run to run', async () => {
    let calls = 0;
    const odd = step('odd', () => {
      if (calls++ > 0) throw new Error('only once');
      return 1;
    });
    const flaky = workflow('flaky', { odd });
    await expect(expectLawful(flaky)).rejects.toThrow(
      "deterministic: the same run went another way the second time: event 3 was step-completed of 'odd'",
    );
    calls = 0;
    await expect(expectLawful(flaky, { deterministic: false })).resolves.toMatchObject({ workflow: 'flaky' });
  });

  test('holds for runs that fail, retry, pause and are cancelled', async () => {
    await expectLawful(flow, { ...options, failures: { b: 1 }, onFailure: 'continue' });
    await expectLawful(flow, {
      ...options,
      at: {
        6: (run) => {
          run.cancel();
        },
      },
    });
    await expectLawful(flow, {
      ...options,
      at: {
        1: (run) => {
          run.pause();
        },
        20: (run) => {
          run.resume();
        },
        21: (run) => {
          run.setLimits({ db: 4 });
        },
      },
    });
    await expectLawful(flow, { ...options, limits: { db: { limit: 2, rate: { limit: 2, per: 10 } } } });
  });
});

test('an error names every violation, and has a code', async () => {
  const recording = await runInVirtualTime(flow, options);
  const broken = retold(recording, without(is('step-completed', 'c')));
  expect(() => {
    checkLaws(broken);
  }).toThrow(LawBrokenError);
  try {
    checkLaws(broken, [law('mine', () => false)]);
  } catch (error) {
    expect(error).toMatchObject({ code: 'LAW_BROKEN' });
    expect((error as LawBrokenError).violations.map(({ law: name }) => name)).toContain('mine');
  }
});

test('a step whose back-off is over is waited for as any that is ready', async () => {
  const flow = defineWorkflow('back-off', [
    { id: 'a', run: () => 'a' },
    { id: 'b', run: () => 'b', resource: { db: 3 }, retry: { attempts: 2, delay: 3, jitter: 0 } },
    { id: 'c', run: () => 'c', resource: { db: 2 } },
    // It would fit at 6 ms, but 'b' has waited for all of 'db' since 4 ms, and nothing may overtake it.
    { id: 'd', dependsOn: ['a'], run: () => 'd', resource: { db: 1 } },
    { id: 'e', dependsOn: ['b'], run: () => 'e' },
  ]);
  await expectLawful(flow, {
    durations: { a: 6, b: 1, c: 6, d: 0, e: 5 },
    failures: { b: 1 },
    limits: { db: 3 },
    maxOvertakes: 0,
  });
});

describe('is lawful, though the events tell it only in part:', () => {
  const waits = (id: string, ms: number, priority = 0): Step<string, never> =>
    step(id, ({ scheduler }) => timer(ms, scheduler).pipe(map(() => id)), { priority });

  test('a step that is not needed any more before what it waits for has completed', async () => {
    const slow = waits('slow', 3);
    const user = step('user', { slow }, () => 'user');
    const recording = await expectLawful(
      workflow('let go', { slow, end: firstOf('end', [user, waits('fast', 1)]) }),
    );
    expect(recording.outcome).toMatchObject({ outputs: { slow: 'slow', end: 'fast' } });
  });

  test('a fan-out that takes nothing while it waits for its items', async () => {
    const items = {
      async *[Symbol.asyncIterator]() {
        await Promise.resolve();
        yield* [1, 2];
      },
    };
    const fan = forEachStep('fan', { items }, (n) => n);
    await expectLawful(workflow('late', { fan, a: waits('a', 1), b: waits('b', 1) }), { concurrency: 1 });
  });

  test('a reader and its producer, which keep to their turn', async () => {
    const read = step(
      'read',
      {
        numbers: stream(
          step('numbers', () => range(1, 3)),
          { overflow: 'error' },
        ),
      },
      (inputs) => inputs.numbers.toObservable().pipe(toArray()),
    );
    await expectLawful(workflow('barrier', { long: waits('long', 2, 1), read, last: waits('last', 1) }), {
      concurrency: 2,
      maxOvertakes: 0,
    });
  });
});
