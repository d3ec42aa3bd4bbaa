import type { ProgressEvent } from 'millrace';
import { describe, expect } from 'vitest';
import { Holdings } from '../lib/observe/holdings.ts';
import { everything } from './support/arbitrary-scenario.ts';
import { fold, type StepRecord } from './support/fold.ts';
import { forAllRuns } from './support/forall.ts';
import { allLimits } from './support/replay.ts';

describe('metrics', () => {
  forAllRuns('agree with the events, step by step', everything, ({ scenario, journal, run }) => {
    const { steps, totalMs } = run.metrics();
    const records = fold(scenario, journal.events);
    expect(Array.from(steps, ({ id }) => id)).toEqual(scenario.steps.map(({ id }) => id));
    for (const { id, dependsOn } of scenario.steps) {
      const record = records.get(id) as StepRecord;
      const readyAt = Math.max(0, ...dependsOn.map((needed) => records.get(needed)?.endedAt ?? 0));
      const first = journal.events.find((event) => event.type === 'step-started' && event.stepId === id);
      const waited = first?.type === 'step-started' ? first.waited : undefined;
      const waitMs = record.startedAt === null ? 0 : record.startedAt - readyAt;
      expect(waited?.ms ?? 0, `how long ${id} waited`).toBeCloseTo(waitMs >= 1 ? waitMs : 0, 9);
      expect(steps.get(id), `the metrics of ${id}`).toEqual({
        id,
        ...(waited === undefined ? {} : { waitedFor: waited.for }),
        status: record.status,
        attempts: record.attempts,
        durationMs: record.startedAt === null ? 0 : (record.endedAt ?? 0) - record.startedAt,
        waitMs,
        busyMs: expect.closeTo(busyOf(record), 9) as number,
      });
    }
    expect(totalMs).toBe(journal.events.at(-1)?.at);
  });

  forAllRuns('agree with the events, on the whole', everything, ({ scenario, journal, run }) => {
    const { totalMs, parallelism, resources } = run.metrics();
    const records = [...fold(scenario, journal.events)].map(([id, record]) => ({
      id,
      busyMs: busyOf(record),
    }));
    const share = (amount: (id: string) => number): number =>
      totalMs === 0 ? 0 : records.reduce((sum, { id, busyMs }) => sum + amount(id) * busyMs, 0) / totalMs;
    expect(parallelism).toBeCloseTo(
      share(() => 1),
      9,
    );
    expect(new Set(Object.keys(resources))).toEqual(new Set(Object.keys(allLimits(scenario))));
    const used = amountsOverTime(journal.events);
    for (const [name, { utilisation, limit }] of Object.entries(resources)) {
      const share = totalMs === 0 ? 0 : (used.get(name) ?? 0) / (limit * totalMs);
      expect(utilisation, `the utilisation of ${name}`).toBeCloseTo(share, 9);
    }
  });

  forAllRuns(
    'have a critical path that explains how long the steps took',
    everything,
    ({ scenario, journal, run }) => {
      const { criticalPath, criticalSteps } = run.metrics();
      const records = fold(scenario, journal.events);
      const endOf = (id: string): number => records.get(id)?.endedAt ?? -1;
      const hasFailed = journal.events.at(-1)?.type === 'run-failed';
      const counts = (id: string): boolean => {
        const { status, endedAt = null } = records.get(id) ?? {};
        return endedAt !== null && (status === 'completed' || (hasFailed && status === 'failed'));
      };
      const ended = scenario.steps.filter(({ id }) => counts(id)).map(({ id }) => endOf(id));
      if (ended.length === 0) {
        expect(criticalPath).toEqual([]);
        return;
      }
      expect(endOf(criticalPath.at(-1) ?? '')).toBe(Math.max(...ended));
      // An account without gaps.
      const accounted = criticalSteps.reduce((sum, { waitMs, durationMs }) => sum + waitMs + durationMs, 0);
      expect(accounted).toBeCloseTo(Math.max(...ended), 9);
      expect(criticalSteps.map(({ id }) => id)).toEqual(criticalPath);
      for (const [place, id] of criticalPath.entries()) {
        const { dependsOn } = scenario.step(id);
        const before = criticalPath[place - 1];
        if (before === undefined) expect(dependsOn).toEqual([]);
        else expect(dependsOn).toContain(before);
        if (before !== undefined) expect(endOf(before)).toBe(Math.max(...dependsOn.map(endOf)));
      }
    },
  );

  forAllRuns(
    'are on the error of a run that failed, with the outputs that there were',
    everything,
    ({ scenario, journal, run }) => {
      const end = journal.events.at(-1);
      if (end?.type !== 'run-failed') return;
      const { metrics, outputs } = end.error as { metrics: unknown; outputs: Record<string, unknown> };
      expect(metrics).toEqual(run.metrics());
      const completed = journal.events.flatMap((event) =>
        event.type === 'step-completed' ? [event.stepId] : [],
      );
      expect(Object.keys(outputs).sort()).toEqual(
        scenario.outputs.filter((id) => completed.includes(id)).sort(),
      );
    },
  );
});

function busyOf({ earlierMs, restartedAt, endedAt }: StepRecord): number {
  return earlierMs + (restartedAt === null ? 0 : (endedAt ?? 0) - restartedAt);
}

/** Of each class, what the events say is held, times how long; what bodies hold that were given up included. */
function amountsOverTime(events: readonly ProgressEvent[]): Map<string, number> {
  const holdings = new Holdings();
  const used = new Map<string, number>();
  let since = 0;
  for (const event of events) {
    for (const [name, taken] of holdings.taken)
      used.set(name, (used.get(name) ?? 0) + taken * (event.at - since));
    since = event.at;
    holdings.add(event);
  }
  return used;
}
