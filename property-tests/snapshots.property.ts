import { isDeepStrictEqual } from 'node:util';
import { describe, expect } from 'vitest';
import type { Run, RunSnapshot } from '../lib/index.ts';
import { everything } from './support/arbitrary-scenario.ts';
import { courseOf } from './support/course.ts';
import { fold, type StepRecord } from './support/fold.ts';
import { forAllRuns } from './support/forall.ts';
import type { Journal } from './support/journal.ts';
import type { Scenario } from './support/scenario.ts';

describe('a snapshot', () => {
  const judge = (run: Run, journal: Journal, scenario: Scenario): void => {
    const { status, counts, steps, startedAt, endedAt, runId, workflow } = run.snapshot();
    const records = fold(scenario, journal.events);
    const all = [...steps];
    const isStopped = courseOf(scenario, journal).stop !== undefined;
    expect(all.map(({ id }) => id)).toEqual(scenario.steps.map(({ id }) => id));
    for (const step of all) {
      const record = records.get(step.id) as StepRecord;
      expect(
        statusesOf(scenario, record, records, step.id, journal.time.now, isStopped),
        `the status of ${step.id}`,
      ).toContain(step.status);
      expect(step, `the rest of ${step.id}`).toMatchObject(timesOf(record));
    }
    const tally: Record<string, number> = {};
    for (const step of all) tally[step.status] = (tally[step.status] ?? 0) + 1;
    expect(Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)), 'the counts').toEqual(
      tally,
    );
    const end = /^run-(completed|failed|cancelled)$/.exec(journal.events.at(-1)?.type ?? '');
    const hasStarted = journal.events.length > 0;
    expect(status).toBe(end?.[1] ?? (isStopped ? 'stopping' : hasStarted ? 'running' : 'idle'));
    expect({ startedAt, endedAt, runId, workflow }).toEqual({
      startedAt: hasStarted ? 0 : null,
      endedAt: end === null ? null : journal.events.at(-1)?.at,
      runId: 'run',
      workflow: 'scenario',
    });
  };

  forAllRuns(
    'agrees with what the events add up to',
    everything,
    ({ run, journal, scenario }) => {
      judge(run, journal, scenario);
    },
    { spectator: { onTick: judge } },
  );

  forAllRuns(
    'shares with the one before all the steps that have not changed, and is frozen',
    everything,
    ({ journal }) => {
      const taken = snapshots.get(journal) ?? [];
      for (const [place, snapshot] of taken.entries()) {
        expect(isDeeplyFrozen(snapshot)).toBe(true);
        const before = taken[place - 1];
        if (before === undefined) continue;
        for (const step of snapshot.steps) {
          const previous = before.steps.get(step.id);
          if (isDeepStrictEqual(step, previous)) expect(step, `the snapshot of ${step.id}`).toBe(previous);
        }
        if (isDeepStrictEqual(snapshot, before)) expect(snapshot).toBe(before);
      }
    },
    {
      spectator: {
        onTick: (run, journal) => {
          const taken = snapshots.get(journal) ?? [];
          snapshots.set(journal, [...taken, run.snapshot()]);
        },
      },
    },
  );

  forAllRuns(
    'comes at once, then at most once in 16 ms, and last when the run is over',
    everything,
    ({ journal, run }) => {
      const heard = emissions.get(journal) as Emissions;
      expect(heard.isComplete).toBe(true);
      expect(heard.snapshots[0]?.snapshot.status).toBe('idle');
      // An abandoned body may give back its demand even later.
      expect({ ...heard.snapshots.at(-1)?.snapshot, resources: {} }).toEqual({
        ...run.snapshot(),
        resources: {},
      });
      const ends = heard.snapshots.map(({ snapshot }) => snapshot.endedAt !== null);
      expect(ends.indexOf(true), 'the first snapshot of a run that is over is the last of all').toBe(
        ends.length - 1,
      );
      const [, ...frames] = heard.snapshots.slice(0, -1);
      for (const [place, { at }] of frames.entries()) {
        const before = frames[place - 1];
        if (before !== undefined) expect(at - before.at).toBeGreaterThanOrEqual(16);
      }
    },
    { spectator: { before: subscribe } },
  );
});

interface Emissions {
  readonly snapshots: { readonly at: number; readonly snapshot: RunSnapshot }[];
  isComplete: boolean;
}

const snapshots = new WeakMap<Journal, readonly RunSnapshot[]>();
const emissions = new WeakMap<Journal, Emissions>();

function subscribe(run: Run, journal: Journal): void {
  const heard: Emissions = { snapshots: [], isComplete: false };
  emissions.set(journal, heard);
  run.snapshot$.subscribe({
    next: (snapshot) => heard.snapshots.push({ at: journal.time.now, snapshot }),
    complete: () => {
      heard.isComplete = true;
    },
  });
}

/** What the status can be: the events don't tell when a step gets ready, but its dependencies and its back-off do. */
function statusesOf(
  scenario: Scenario,
  { status, dueAt }: StepRecord,
  records: ReadonlyMap<string, StepRecord>,
  id: string,
  now: number,
  isStopped: boolean,
): string[] {
  if (isStopped) return [status];
  if (status === 'retrying' && dueAt !== null && dueAt <= now)
    return dueAt === now ? ['retrying', 'ready'] : ['ready'];
  const hasAll = scenario.step(id).dependsOn.every((needed) => records.get(needed)?.status === 'completed');
  // Before the run has started nothing is ready.
  return status === 'waiting' && hasAll ? ['ready'] : [status];
}

function timesOf({ attempts, startedAt, endedAt, fraction }: StepRecord) {
  return { attempts, startedAt, endedAt, fraction };
}

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every((each) => isDeeplyFrozen(each));
}
