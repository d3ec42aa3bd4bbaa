import { fc, test } from '@fast-check/vitest';
import { defineWorkflow } from 'millrace';
import { type Estimate, estimate } from 'millrace/operators';
import { composition, dag, runInVirtualTime, VirtualTime } from 'millrace/testing';
import { from, map } from 'rxjs';
import { expect } from 'vitest';
import { cases } from './support/effort.ts';

/** Gives the last of them. */
function expectSound(estimates: readonly Estimate[]): Estimate | undefined {
  let before: Estimate | undefined;
  for (const one of estimates) {
    expect(one.fraction).toBeGreaterThanOrEqual(before?.fraction ?? 0);
    expect(one.fraction).toBeLessThanOrEqual(1);
    expect(one.done).toBeGreaterThanOrEqual(before?.done ?? 0);
    expect(one.elapsed).toBe(one.at - (estimates[0]?.at ?? 0));
    if (one.remaining !== undefined) {
      const { low, likely, high } = one.remaining;
      expect(low).toBeGreaterThanOrEqual(0);
      expect(likely).toBeGreaterThanOrEqual(low);
      expect(high).toBeGreaterThanOrEqual(likely);
      expect(high).toBeLessThan(Infinity);
    }
    before = one;
  }
  return before;
}

const maxSteps = 20;
const work = fc.record({
  takes: fc.integer({ min: 0, max: 500 }),
  estimate: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined }),
  fails: fc.boolean(),
  demand: fc.integer({ min: 1, max: 3 }),
});

test.prop([
  dag({ maxSteps }),
  fc.array(work, { minLength: maxSteps, maxLength: maxSteps }),
  fc.integer({ min: 3, max: 6 }),
  fc.option(fc.nat(1500), { nil: undefined }),
  fc.boolean(),
])(
  'estimates are in order, count up, and end where the run does',
  (graph, works, limit, cancelAt, mayFail) => {
    const steps = graph.map((step, place) => ({ ...step, ...(works[place] as (typeof works)[0]) }));
    const time = new VirtualTime();
    const run = defineWorkflow(
      'estimated',
      steps.map(({ id, dependsOn, takes, estimate, fails, demand }) => ({
        id,
        dependsOn,
        resource: { db: demand },
        estimate,
        run: () =>
          time.after(takes, takes).pipe(
            map((took) => {
              if (fails && mayFail) throw new Error('as chance has it');
              return took;
            }),
          ),
      })),
      { onFailure: 'continue' },
    ).run({ scheduler: time.scheduler, limits: { db: limit } });
    const estimates: Estimate[] = [];
    run.progress$.pipe(estimate(run, { every: 0 })).subscribe((one) => estimates.push(one));
    run.result$.subscribe({ error: () => undefined });
    if (cancelAt !== undefined)
      time.at(cancelAt, () => {
        run.cancel();
      });
    time.flush();

    const before = expectSound(estimates);
    expect(before).toMatchObject({
      done: steps.length,
      total: steps.length,
      remaining: { low: 0, likely: 0, high: 0 },
    });
    if (run.snapshot().status === 'completed') expect(before?.fraction).toBe(1);
  },
);

test.prop([composition({ ties: false, resources: false })], { numRuns: cases(300) })(
  'they are, whatever comes of steps and becomes of it',
  async ({ workflow, options }) => {
    const { laws: _, ...runOptions } = options;
    const { trace, outcome } = await runInVirtualTime(workflow, runOptions);
    const events = trace.flatMap((entry) => (entry.kind === 'event' ? [entry.event] : []));
    const estimates: Estimate[] = [];
    from(events)
      .pipe(estimate({ workflow, snapshot: () => ({ resources: {} }) }, { every: 0 }))
      .subscribe((one) => estimates.push(one));
    const last = expectSound(estimates);
    expect(last?.remaining).toStrictEqual({ low: 0, likely: 0, high: 0 });
    if (outcome.kind === 'completed') expect(last).toMatchObject({ done: workflow.steps.size, fraction: 1 });
  },
);
