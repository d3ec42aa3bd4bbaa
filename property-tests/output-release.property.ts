import { describe, expect } from 'vitest';
import { CancelledError, OutputReleasedError, type Run, StepFailedError } from '../lib/index.ts';
import { everything, type Features } from './support/arbitrary-scenario.ts';
import { courseOf, isEndOfRun } from './support/course.ts';
import { forAllRuns } from './support/forall.ts';
import type { Journal } from './support/journal.ts';
import type { Scenario } from './support/scenario.ts';
import { outputOf } from './support/step-body.ts';

/** A subscriber that cancels while it handles an event is ahead of the events that are still to come. */
const features: Features = { ...everything, cancelsOnEvents: false };

describe('output$', () => {
  const judge = (run: Run, journal: Journal, scenario: Scenario): void => {
    for (const { id } of scenario.steps)
      expect(now(run, id), `output$ of ${id}`).toEqual(expected(scenario, journal, id));
  };

  forAllRuns(
    'gives what is kept, and only that: an output is released with its last consumer, at each event',
    features,
    (performance) => {
      judge(performance.run, performance.journal, performance.scenario);
    },
    { spectator: { onEvent: judge, onTick: judge } },
  );

  forAllRuns(
    'gives those who subscribed in time what its step came to, once',
    { ...everything },
    ({ scenario, journal }) => {
      for (const { id } of scenario.steps) {
        const end = journal.events.find(
          (event) => 'stepId' in event && event.stepId === id && endings.has(event.type),
        );
        const heard = early.get(journal)?.get(id);
        expect(heard).toHaveLength(1);
        if (end?.type === 'step-completed') expect(heard).toEqual([lastOutput(journal, id)]);
        if (end?.type === 'step-failed') expect(heard).toEqual([end.error]);
        if (end?.type === 'step-skipped') expect(heard?.[0]).toBeInstanceOf(StepFailedError);
        if (end?.type === 'step-cancelled') expect(heard?.[0]).toBeInstanceOf(CancelledError);
      }
    },
    { spectator: { before: subscribeEarly } },
  );
});

const endings = new Set<string>(['step-completed', 'step-failed', 'step-cancelled', 'step-skipped']);
const early = new WeakMap<Journal, Map<string, unknown[]>>();

function subscribeEarly(run: Run, journal: Journal, scenario: Scenario): void {
  const all = new Map<string, unknown[]>();
  early.set(journal, all);
  for (const { id } of scenario.steps) {
    const heard: unknown[] = [];
    all.set(id, heard);
    run
      .output$(id)
      .subscribe({ next: (value) => heard.push(value), error: (error: unknown) => heard.push(error) });
  }
}

/** What a subscriber of this moment gets at once. */
function now(run: Run, id: string): unknown {
  let heard: unknown = 'nothing yet';
  run
    .output$(id)
    .subscribe({
      next: (value) => (heard = value),
      error: (error: unknown) => (heard = (error as Error).constructor.name),
    })
    .unsubscribe();
  return heard;
}

function expected(scenario: Scenario, journal: Journal, id: string): unknown {
  const settled = new Map<string, string>();
  const stoppedShort = new Set<string>();
  const { stop } = courseOf(scenario, journal);
  for (const [place, entry] of journal.entries.entries()) {
    if (entry.kind !== 'event' || !('stepId' in entry.event) || !endings.has(entry.event.type)) continue;
    const { stepId, type } = entry.event;
    settled.set(stepId, type);
    if (type !== 'step-completed' && stop !== undefined && place >= stop.place) stoppedShort.add(stepId);
  }
  const isOver = journal.entries.some((entry) => isEndOfRun(entry));
  switch (settled.get(id)) {
    case undefined:
      return 'nothing yet';
    case 'step-completed': {
      // What a step needed that a stop kept from completing is there until the end: the next run may be given it.
      const isAwaited = scenario
        .dependentsOf(id)
        .some((dependent) => !settled.has(dependent.id) || (!isOver && stoppedShort.has(dependent.id)));
      const mayBeCleanedUp = scenario.step(id).cleanup !== undefined && !isOver;
      const isKept = scenario.outputs.includes(id) || mayBeCleanedUp || isAwaited;
      return isKept ? lastOutput(journal, id) : OutputReleasedError.name;
    }
    case 'step-cancelled':
      return CancelledError.name;
    default:
      return StepFailedError.name;
  }
}

function lastOutput(journal: Journal, id: string): number {
  const call = journal.all('called').findLast(({ stepId }) => stepId === id);
  return outputOf(id, call?.attempt ?? 0, call?.inputs ?? {});
}
