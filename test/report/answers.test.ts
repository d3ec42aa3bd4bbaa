import { choose, type Definition, forEachStep, optional, type RunOptions, step, workflow } from 'millrace';
import { map, NEVER, timer } from 'rxjs';
import { expect, test } from 'vitest';
import { answersOf, waitsByReason } from '../../lib/report/answers.ts';
import { timelineOf } from '../../lib/report/timeline-of.ts';
import { whatWouldHaveHelped } from '../../lib/report/what-would-have-helped.ts';
import { type Recorded, record, recordOf, taking } from './support/recorded.ts';

/** What a report says of a run, as text; steps in brackets. */
function said({ log }: Pick<Recorded, 'log'>): string[] {
  return answersOf(timelineOf(log), whatWouldHaveHelped(log)).map((sentence) =>
    sentence.map((part) => (typeof part === 'string' ? part : `[${part.stepId}]`)).join(''),
  );
}

const of = (definitions: Definition[], limits = { gpu: 1 }, options: RunOptions<never> = {}): Recorded =>
  record(definitions, { 'light-cpu': 8, ...limits }, options);

test('how long it took, what decided that, what would have helped, and who was busy', () => {
  const run = of(['a', 'b', 'c', 'd'].map((id) => ({ id, run: taking(100), resource: 'gpu' })));
  expect(said(run)).toEqual([
    'Completed in 400 ms.',
    'That was decided by one step: 100 ms of work (25 %), most of it [d] with 100 ms, and 300 ms of waiting (75 %): 300 ms for gpu.',
    'What would have helped most: gpu 2 instead of 1: 200 ms instead of 400 ms.',
    'Or [a] in 50 ms instead of 100 ms: 350 ms instead of 400 ms.',
    'Or [b] in 50 ms instead of 100 ms: 350 ms instead of 400 ms.',
    'Busiest class: gpu, 100 % of 1 on average, at most 1 at once.',
  ]);
});

test('which step failed, with what, how long retries took, and how long it took to stop', () => {
  const run = of([
    {
      id: 'bad',
      run: (_, { scheduler }) =>
        timer(10, scheduler).pipe(() => {
          throw new Error('no such file.');
        }),
      retry: { attempts: 3, delay: 20, factor: 1, jitter: 0 },
    },
    { id: 'long', run: taking(500) },
  ]);
  expect(said(run).slice(0, 2)).toEqual([
    'Failed after 40 ms: [bad] failed at attempt 3: no such file.',
    'That was decided by one step: 0 ms of work (0 %), and 40 ms of waiting (100 %): 40 ms for earlier attempts and back-offs.',
  ]);
  expect(said(run).at(-1)).toBe('2 attempts were made again: 0 ms of work lost, 40 ms of back-off.');
});

test('what retries cost, though a body that was given up gives back what it held while the next one works', () => {
  const run = of(
    [
      {
        id: 'slow',
        run: (_, { attempt, scheduler, defer }) => {
          if (attempt === 1) defer(() => timer(25, scheduler));
          const failing = timer(30, scheduler).pipe(
            map(() => {
              if (attempt === 2) throw new Error('no luck');
              return attempt;
            }),
          );
          return attempt === 1 ? NEVER : failing;
        },
        timeout: 100,
        retry: { attempts: 3, delay: 0 },
      },
    ],
    undefined,
    { gracePeriod: 5 },
  );
  // The first attempt until it is given up, 100 + 5 ms; the second one, at work while the first stops at 125 ms, 30 ms.
  expect(said(run)).toContain('2 attempts were made again: 135 ms of work lost, 0 ms of back-off.');
});

test('several failures, and what came after the last step that counts', () => {
  const failing = (id: string): Definition => ({
    id,
    run: () => {
      throw new TypeError(`${id} is broken`);
    },
  });
  const run = of([failing('a'), failing('b'), { id: 'c', run: taking(10) }], undefined, {
    onFailure: 'continue',
  });
  expect(said(run)[0]).toBe('Failed after 10 ms: [a] failed, and 1 more: a is broken.');
});

test('what was skipped and why, by reason', () => {
  const steps = ['1', '2', '3', '4'].map((id) => step(id, () => 1, { when: () => false }));
  const [hard, soft] = ['hard', 'soft'].map((id) => step(id, () => id));
  const which = choose('which', {}, () => 'soft', { hard: hard as never, soft: soft as never });
  const after = step('after', { first: steps[0] as never }, () => 1);
  const end = step(
    'end',
    { which, ...Object.fromEntries([...steps, after].map((each) => [each.id, optional(each as never)])) },
    () => 1,
  );
  const found = said(recordOf(workflow('w', { end }), { 'light-cpu': 4 })).filter((text) =>
    text.startsWith('Skipped'),
  );
  expect(found.toSorted()).toEqual([
    'Skipped, since its condition said no: [1], [2], [3] and 1 more.',
    'Skipped, since the condition of 1 said no: [after].',
    'Skipped, since which took another branch: [hard].',
  ]);
});

test('a run that was cancelled, one that hasn’t begun, one under way, one that waits, one without an error that is known', () => {
  const { log } = of([{ id: 'a', run: taking(100) }]);
  const events = log.events.slice(0, -2);
  const at = 50;
  const common = { seq: 10, at, runId: 'r' };
  expect(said({ log: { ...log, events: [] } })).toEqual(['It has not begun.']);
  expect(said({ log: { ...log, events } })[0]).toBe('Under way for 0 ms.');
  expect(
    said({
      log: { ...log, events: [{ ...common, type: 'run-waiting', workflow: 'w', steps: 1, waiting: 1 }] },
    }),
  ).toEqual(['It waits to begin until other runs are over.']);
  const cancelled = { ...common, type: 'run-cancelled' as const, durationMs: at };
  expect(said({ log: { ...log, events: [...events, { ...cancelled, reason: 'enough' }] } })[0]).toBe(
    'Cancelled after 50 ms: enough.',
  );
  expect(said({ log: { ...log, events: [...events, { ...cancelled, reason: undefined }] } })[0]).toBe(
    'Cancelled after 50 ms.',
  );
  const failed = { ...common, type: 'run-failed' as const, durationMs: at, error: new Error('timed out') };
  expect(said({ log: { ...log, events: [...events, failed] } })[0]).toBe('Failed after 50 ms: timed out.');
});

test('where nothing would have helped much, and outputs that nothing had to run for', () => {
  const { log } = of(
    Array.from({ length: 100 }, (_, place) => ({
      id: String(place),
      dependsOn: place === 0 ? [] : [String(place - 1)],
      run: taking(10),
    })),
  );
  const restored = log.events.map((event) =>
    event.type === 'step-completed' && event.stepId === '3' ? { ...event, cached: true as const } : event,
  );
  const text = said({ log: { ...log, events: restored } });
  expect(text).toContain(
    'Neither more of one resource class nor one step of half the time would have made it much shorter.',
  );
  expect(text).toContain('Outputs that nothing had to run for: 1 came from the cache.');
});

test('a timeline counts children: parallelism and utilisation are those of metrics()', () => {
  const each = forEachStep(
    'each',
    { items: Array.from({ length: 20 }, (_, place) => place) },
    (place, _, { scheduler }) => timer(10 + place, scheduler),
    {
      resource: { gpu: 0.5 },
    },
  );
  const end = step('end', { each }, (_, { scheduler }) => timer(30, scheduler));
  const { log, run } = recordOf(workflow('w', { end }), { gpu: 2, 'light-cpu': 8 });
  const timeline = timelineOf(log);
  const metrics = run.metrics();
  expect(timeline.parallelism).toBeCloseTo(metrics.parallelism, 9);
  expect(timeline.costs.attempts).toBe(22);
  for (const { name, ...use } of timeline.uses()) {
    expect(use.utilisation).toBeCloseTo(metrics.resources[name]?.utilisation ?? -1, 9);
    expect(use).toMatchObject({ limit: metrics.resources[name]?.limit, peak: metrics.resources[name]?.peak });
  }
  expect(timeline.criticalSteps()).toEqual(metrics.criticalSteps);
  expect(timeline.broughtBy.get('each')).toHaveLength(20);
  expect(timeline.storyOf('each[7]')).toMatchObject({ status: 'completed', parentId: 'each' });
});

test('waits are summed by what was waited for', () => {
  const base = { status: 'completed' as const, durationMs: 10 };
  const waits = waitsByReason([
    { ...base, id: 'a', waitMs: 5, waitedFor: { kind: 'rate', resource: 'api' } },
    { ...base, id: 'b', waitMs: 7, waitedFor: { kind: 'rate', resource: 'api' }, workerMs: 3 },
    { ...base, id: 'c', waitMs: 2 },
    { ...base, id: 'd', waitMs: 0.5 },
  ]);
  expect([...waits]).toEqual([
    ['the rate of api', 12],
    ['a worker', 3],
    ['reasons that no event tells', 2],
    ['reasons of less than 1 ms each', 0.5],
  ]);
});
