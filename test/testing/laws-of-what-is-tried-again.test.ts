import { fallback, firstOf, forEachStep, optional, type Step, step, subflow, workflow } from 'millrace';
import { exactlyOnce, expectLawful, partsBeforeTheWhole, runInVirtualTime } from 'millrace/testing';
import { map, timer } from 'rxjs';
import { expect, test } from 'vitest';

/** A step that takes so long, and fails where it is told to. */
const takes = (id: string, ms: number, fails = false): Step<string, never> =>
  step(id, ({ scheduler }) =>
    timer(ms, scheduler).pipe(
      map(() => {
        if (fails) throw new Error('broken');
        return id;
      }),
    ),
  );
const retry = { attempts: 3, delay: 2 };
const failing = workflow('failing', { q: takes('q', 3, true), r: takes('r', 9) });

test.each<[what: string, attempts: number, made: Step<unknown, never>]>([
  ['a subflow', 3, subflow('whole', failing, { retry })],
  [
    'a subflow within one',
    3,
    subflow('whole', workflow('outer', { s: subflow('s', failing, { retry }) }), { retry }),
  ],
  [
    'a function that returns a step, which fails at first',
    2,
    step('whole', ({ attempt }) => takes('q', 3, attempt === 1), { retry }),
  ],
  [
    'a step that a function returns, and that function',
    3,
    step('whole', () => step('q', () => takes('deep', 2, true), { retry }), { retry }),
  ],
  [
    'a fan-out within a subflow',
    3,
    subflow(
      'whole',
      workflow('fanned', {
        f: forEachStep('f', { items: [1, 2, 3] }, (n) => takes('q', n, n === 2), { retry: 1 }),
      }),
      { retry },
    ),
  ],
  [
    'a race within a subflow, whose losers are let go of',
    3,
    subflow(
      'whole',
      workflow('raced', {
        end: step(
          'end',
          { won: firstOf('won', [takes('slow', 9), takes('fast', 1)]), bad: takes('bad', 4, true) },
          () => 1,
        ),
      }),
      { retry },
    ),
  ],
])('%s is lawful', async (_, attempts, made) => {
  const { events } = await expectLawful(workflow('tried', { end: fallback('end', made, takes('other', 1)) }));
  expect(events.filter((event) => event.type === 'step-started' && event.stepId === 'whole')).toHaveLength(
    attempts,
  );
});

test('what ran in one attempt may be skipped in the next', async () => {
  const made = step(
    'whole',
    ({ attempt }) => {
      const part = step('part', { first: takes('first', 1, attempt === 2) }, () => 'part', {
        when: () => attempt === 1,
      });
      return step('end', { part: optional(part), bad: takes('bad', 5, attempt < 3) }, () => 'end');
    },
    { retry },
  );
  const recording = await expectLawful(workflow('tried', { made }));
  expect(recording.outcome).toMatchObject({ outputs: { made: 'end' } });
});

test('an attempt that starts before the one before is over breaks a law', async () => {
  const tried = step('tried', () => 1, { retry: 1 });
  const recording = await runInVirtualTime(workflow('tried', { tried }), { failures: { tried: 1 } });
  const trace = recording.trace.filter(
    (entry) => entry.kind !== 'event' || entry.event.type !== 'step-retrying',
  );
  expect(exactlyOnce.check(recording)).toStrictEqual([]);
  expect(exactlyOnce.check({ ...recording, trace }).join()).toContain(
    "attempt 2 of 'tried' started while one ran",
  );
});

test('a step that comes of one that doesn’t run breaks a law', async () => {
  const recording = await runInVirtualTime(workflow('tried', { made: subflow('made', failing) }));
  const events = recording.events.filter((event) => event.type !== 'step-started' || event.stepId !== 'made');
  expect(partsBeforeTheWhole.check(recording)).toStrictEqual([]);
  expect(partsBeforeTheWhole.check({ ...recording, events }).join()).toContain(
    "'made/q' came of 'made', which did not run",
  );
});

test('a step that is skipped in the attempt in which it started breaks a law', async () => {
  const recording = await runInVirtualTime(workflow('tried', { made: subflow('made', failing, { retry }) }));
  const start = recording.events.findLast(
    (event) => event.type === 'step-started' && event.stepId === 'made/q',
  );
  const skip = { ...start, type: 'step-skipped', because: 'made/q', reason: 'when' } as never;
  expect(partsBeforeTheWhole.check({ ...recording, events: [...recording.events, skip] }).join()).toContain(
    "'made/q' was skipped, but had started",
  );
});
