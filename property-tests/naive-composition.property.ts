import { fc, test } from '@fast-check/vitest';
import {
  choose,
  fallback,
  firstOf,
  forEachStep,
  optional,
  type ProgressEvent,
  type Step,
  step,
  stream,
  subflow,
  workflow,
} from 'millrace';
import { concatMap, from, map, timer, toArray, VirtualTimeScheduler } from 'rxjs';
import { expect } from 'vitest';
import { type Composed, naiveComposition, skipped } from './support/naive-composition.ts';

/** Times of which no two sums are alike, so that there are no ties for the two to settle differently. */
const times = fc.double({ min: 0.001, max: 9, noNaN: true, noDefaultInfinity: true });

const composed = fc.letrec<{ part: Composed }>((tie) => {
  const part = tie('part');
  const parts = fc.array(part, { minLength: 1, maxLength: 3 });
  const kind = <const Kind extends string>(name: Kind) => fc.constant(name);
  return {
    part: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      {
        weight: 5,
        arbitrary: fc.record({ kind: kind('leaf'), ms: times, fails: fc.nat(4).map((dice) => dice === 4) }),
      },
      { weight: 2, arbitrary: fc.record({ kind: kind('all'), parts }) },
      { weight: 1, arbitrary: fc.record({ kind: kind('first-of'), parts }) },
      {
        weight: 1,
        arbitrary: parts.chain((given) =>
          fc.record({ kind: kind('choose'), parts: fc.constant(given), chosen: fc.nat(given.length - 1) }),
        ),
      },
      { weight: 1, arbitrary: fc.record({ kind: kind('gate'), part, runs: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('optional', 'subflow'), part }) },
      { weight: 1, arbitrary: fc.record({ kind: kind('fallback'), part, other: part }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: kind('for-each'),
          part,
          count: fc.nat(4),
          concurrency: fc.integer({ min: 1, max: 3 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: kind('stream'), count: fc.integer({ min: 1, max: 4 }), ms: times }),
      },
    ),
  };
}).part;

let made = 0;

function make(plan: Composed): Step<unknown, never> {
  const id = `${plan.kind} ${String(++made)}`;
  const all = (parts: readonly Composed[]) =>
    Object.fromEntries(parts.map((part, place) => [String(place), make(part)]));
  switch (plan.kind) {
    case 'leaf':
      return step(id, ({ scheduler }) =>
        timer(plan.ms, scheduler).pipe(
          map(() => {
            if (plan.fails) throw new Error('as composed');
            return 'leaf';
          }),
        ),
      );
    case 'all':
      return step(id, all(plan.parts), (inputs) => Object.values(inputs));
    case 'choose':
      return choose(id, {}, () => String(plan.chosen), all(plan.parts));
    case 'first-of':
      return firstOf(id, plan.parts.map(make));
    case 'gate':
      return step(id, { part: make(plan.part) }, ({ part }) => part, { when: () => plan.runs });
    case 'optional':
      return step(id, { part: optional(make(plan.part)) }, ({ part }) => part ?? null);
    case 'fallback':
      return fallback(id, make(plan.part), make(plan.other));
    case 'for-each':
      return forEachStep(id, { items: Array.from({ length: plan.count }) }, () => make(plan.part), {
        concurrency: plan.concurrency,
      });
    case 'subflow':
      return subflow(id, workflow('nested', { out: make(plan.part) }));
    case 'stream': {
      const source = step(`${id} source`, ({ scheduler }) =>
        from(Array.from({ length: plan.count }, (_, place) => place)).pipe(
          concatMap((place) => timer(plan.ms, scheduler).pipe(map(() => place))),
        ),
      );
      return step(id, { source: stream(source, { overflow: 'error' }) }, (inputs) =>
        inputs.source.toObservable().pipe(toArray()),
      );
    }
  }
}

/** What it comes to, and when. */
interface Course {
  readonly outcome: unknown;
  readonly at: number;
}

function naiveCourse(plan: Composed): Course {
  const time = new VirtualTimeScheduler();
  let course: Course = { outcome: 'nothing', at: Number.NaN };
  naiveComposition(plan, time).subscribe({
    next: (value) => {
      course = { outcome: value === skipped ? 'failed' : { out: value }, at: time.now() };
    },
    error: () => {
      course = { outcome: 'failed', at: time.now() };
    },
  });
  time.flush();
  return course;
}

function courseOf(plan: Composed): Course & { readonly events: readonly ProgressEvent[] } {
  const time = new VirtualTimeScheduler();
  const out = make(plan);
  const run = workflow('composed', { out }).run({ scheduler: time, limits: { 'light-cpu': 1e6 } });
  const events: ProgressEvent[] = [];
  let outcome: unknown = 'nothing';
  run.progress$.subscribe((event) => {
    events.push(event);
  });
  run.result$.subscribe({
    next: (outputs) => {
      outcome = outputs;
    },
    error: () => {
      outcome = 'failed';
    },
  });
  time.flush();
  expect(run.snapshot().resources['light-cpu']?.taken ?? 0).toBe(0);
  // A step that nobody needs any more, but that nobody stopped either, may hold up the end of the run.
  const end = events.find(
    (event) => event.type === 'run-failed' || ('stepId' in event && event.stepId === out.id && isEnd(event)),
  );
  return { outcome, at: end?.at ?? Number.NaN, events };
}

function isEnd({ type }: ProgressEvent): boolean {
  return type === 'step-completed' || type === 'step-skipped' || type === 'step-failed';
}

test.prop([composed], { numRuns: 600 * Number(process.env['PROPERTY_EFFORT'] ?? 1) })(
  'a composition comes to what RxJS alone makes of it, at the same moment',
  (plan) => {
    const naive = naiveCourse(plan);
    const { outcome, at, events } = courseOf(plan);
    expect(outcome).toEqual(naive.outcome);
    expect(at).toBeCloseTo(naive.at, 6);
    const added = events.filter(({ type }) => type === 'step-added').length;
    const ended = events.filter(
      (event) => 'stepId' in event && (isEnd(event) || event.type === 'step-cancelled'),
    );
    const ids = new Set(ended.map((event) => ('stepId' in event ? event.stepId : '')));
    expect(ended).toHaveLength(ids.size);
    expect(ids.size).toBeGreaterThan(added);
  },
);
