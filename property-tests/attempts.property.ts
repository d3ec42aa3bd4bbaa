import { describe, expect } from 'vitest';
import { EmptyStepError, type ProgressEvent, StepFailedError, StepTimeoutError } from '../lib/index.ts';
import { everything } from './support/arbitrary-scenario.ts';
import { type Ending, endingsOf, isRetried, waitAfter } from './support/attempt-timeline.ts';
import { courseOf } from './support/course.ts';
import { cases } from './support/effort.ts';
import { forAllRuns } from './support/forall.ts';
import type { Entry, Journal } from './support/journal.ts';
import type { Scenario } from './support/scenario.ts';
import { Failure, outputOf } from './support/step-body.ts';

type Called = Extract<Entry, { kind: 'called' }>;

describe('attempts', () => {
  forAllRuns('get the outputs of their dependencies', everything, ({ scenario, journal }) => {
    const outputs = new Map<string, number>();
    const calls = new Map<string, Called>();
    for (const entry of journal.entries) {
      if (entry.kind === 'event' && entry.event.type === 'step-completed') {
        const { stepId, attempt } = entry.event;
        outputs.set(stepId, outputOf(stepId, attempt, calls.get(stepId)?.inputs ?? {}));
      }
      if (entry.kind !== 'called') continue;
      const { stepId, inputs } = entry;
      calls.set(stepId, entry);
      const { dependsOn } = scenario.step(stepId);
      expect(inputs, `the inputs of ${stepId}`).toEqual(
        Object.fromEntries(dependsOn.map((id) => [id, outputs.get(id) ?? 'nothing'])),
      );
    }
    // Who cancels on hearing that a step starts keeps its body from being called.
    const started = journal.events.filter(({ type }) => type === 'step-started').length;
    const cancelsOnEvent = scenario.run.cancels.filter(({ when }) => 'event' in when).length;
    expect(started - journal.all('called').length).toBeLessThanOrEqual(Math.min(1, cancelsOnEvent));
  });

  forAllRuns(
    'end when and as their plan, the timeout or the stop of the run says',
    everything,
    ({ scenario, journal }) => {
      const { stop, hardStop } = courseOf(scenario, journal);
      for (const call of journal.all('called')) {
        const { stepId, attempt } = call;
        const step = scenario.step(stepId);
        const place = journal.entries.findIndex((entry) => isEndOf(entry, call));
        const entry = journal.entries[place] as Entry & { event: ProgressEvent };
        expect(entry, `the end of attempt ${String(attempt)} of ${stepId}`).toBeDefined();
        const { gracePeriod, random } = scenario.run;
        const endings = endingsOf(step, attempt, {
          startedAt: call.at,
          stoppedAt: hardStop?.at ?? Infinity,
          gracePeriod,
        });
        const isStopped = stop !== undefined && stop.place < place;
        const expected = endings.map((ending) =>
          eventOf(ending, isStopped || !isRetried(step.retry, attempt, ending)),
        );
        expect(expected, `the end of attempt ${String(attempt)} of ${stepId}`).toContainEqual(
          seen(entry, journal),
        );
        if (entry.event.type === 'step-retrying' && step.retry !== undefined) {
          expect(entry.event.delayMs).toBeCloseTo(waitAfter(step.retry, attempt, random), 9);
        }
        if (entry.event.type === 'step-completed') expect(entry.event.durationMs).toBe(entry.at - call.at);
      }
    },
    { numRuns: cases(800) },
  );

  forAllRuns(
    'follow each other after the wait of the policy',
    { failures: true, cancels: true, ranks: true },
    ({ scenario, journal }) => {
      const { stop } = courseOf(scenario, journal);
      for (const entry of journal.all('event')) {
        const { event } = entry;
        if (event.type !== 'step-retrying') continue;
        const { stepId, attempt } = event;
        const next = journal
          .all('called')
          .find((call) => call.stepId === stepId && call.attempt === attempt + 1);
        const due = entry.at + event.delayMs;
        // A stop at that very instant may come before or after.
        if (stop === undefined || stop.at > due)
          expect(next?.at, `attempt ${String(attempt + 1)} of ${stepId}`).toBeCloseTo(due, 9);
        else if (stop.at < due) expect(next, `attempt ${String(attempt + 1)} of ${stepId}`).toBeUndefined();
      }
    },
  );

  forAllRuns(
    'that fail for good say how: the attempts, the way there and the cause',
    everything,
    ({ scenario, journal }) => {
      for (const event of journal.events) {
        if (event.type !== 'step-failed') continue;
        const { stepId, attempt, error } = event;
        expect(error).toBeInstanceOf(StepFailedError);
        expect(error).toMatchObject({ stepId, attempts: attempt, chain: chainTo(scenario, stepId) });
        expect(journal.all('called').filter((call) => call.stepId === stepId)).toHaveLength(attempt);
      }
    },
  );
});

function isEndOf(entry: Entry, { stepId, attempt }: Called): boolean {
  return (
    entry.kind === 'event' &&
    'attempt' in entry.event &&
    entry.event.stepId === stepId &&
    entry.event.attempt === attempt &&
    ['step-completed', 'step-retrying', 'step-failed', 'step-cancelled'].includes(entry.event.type)
  );
}

function eventOf({ at, outcome, cause, isAbandoned }: Ending, isLast: boolean) {
  return {
    at,
    type: outcome === 'failed' && !isLast ? 'step-retrying' : `step-${outcome}`,
    cause,
    isAbandoned,
  };
}

function seen({ at, event }: Entry & { event: ProgressEvent }, journal: Journal) {
  const error =
    event.type === 'step-failed'
      ? (event.error as Error).cause
      : event.type === 'step-retrying'
        ? event.error
        : undefined;
  const abandoned = journal.events.find(
    (each) =>
      each.type === 'warning' &&
      each.topic === 'abandoned' &&
      'attempt' in event &&
      each.stepId === event.stepId &&
      each.attempt === event.attempt,
  );
  const isAbandoned = abandoned !== undefined && abandoned.seq < event.seq;
  return { at, type: event.type, cause: causeOf(error), isAbandoned };
}

function causeOf(error: unknown): Ending['cause'] | 'another' {
  if (error === undefined) return undefined;
  if (error instanceof Failure) return 'own';
  if (error instanceof EmptyStepError) return 'empty';
  return error instanceof StepTimeoutError ? 'timeout' : 'another';
}

/** From a root to the step, through each one's first dependency in the order of definition. */
function chainTo(scenario: Scenario, stepId: string): string[] {
  const { dependsOn } = scenario.step(stepId);
  const first = scenario.steps.find(({ id }) => dependsOn.includes(id));
  return first === undefined ? [stepId] : [...chainTo(scenario, first.id), stepId];
}
