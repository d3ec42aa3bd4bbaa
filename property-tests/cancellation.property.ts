import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { CancelledError, type ProgressEvent } from '../lib/index.ts';
import { arbitraryScenario, everything } from './support/arbitrary-scenario.ts';
import { courseOf } from './support/course.ts';
import { cases } from './support/effort.ts';
import { explained, forAllRuns } from './support/forall.ts';
import type { Entry, Journal } from './support/journal.ts';
import { type Performance, perform } from './support/performance.ts';
import { attemptPlan, type CancelRoute, Scenario } from './support/scenario.ts';
import { mannerOf } from './support/step-body.ts';

describe('a stop', () => {
  forAllRuns(
    'cancels at once every step that does not run, and those that run when they have stopped',
    everything,
    ({ scenario, journal }) => {
      const { stop } = courseOf(scenario, journal);
      const cancelled = journal.events.filter(({ type }) => type === 'step-cancelled');
      if (stop === undefined) {
        expect(cancelled).toEqual([]);
        return;
      }
      const { running, unfinished } = standAt(scenario, journal.entries.slice(0, stop.place + 1));
      // The one that brought about the stop may be the first to be cancelled.
      const atOnce = ofOneAction(journal, stop.place).flatMap((entry) => settledBy(entry));
      for (const id of unfinished)
        if (!running.has(id)) expect(atOnce, 'the steps settled at once').toContain(id);
    },
  );

  forAllRuns(
    'that is no drain tells every body at once, and unsubscribes from it',
    everything,
    ({ scenario, journal }) => {
      const { hardStop } = courseOf(scenario, journal);
      if (hardStop === undefined) return;
      const atOnce = ofOneAction(journal, hardStop.place);
      const { bodies } = standAt(scenario, journal.entries.slice(0, hardStop.place + 1));
      for (const { stepId, attempt } of bodies) {
        const { body } = attemptPlan(scenario.step(stepId), attempt);
        // A body that returns or throws is over by itself, though its run may be stopped while it is at it.
        if (body.kind !== 'stream' && body.kind !== 'hangs' && body.kind !== 'stubborn') continue;
        if (body.kind !== 'stubborn')
          expect(atOnce, `what follows at once`).toContainEqual(
            expect.objectContaining({ kind: 'torn down', stepId, attempt }),
          );
        const manner = mannerOf(stepId, attempt);
        const isTimedOut = journal.entries
          .slice(0, hardStop.place)
          .some((entry) => entry.kind === 'told' && entry.stepId === stepId && entry.attempt === attempt);
        if (manner !== 'not at all' && !isTimedOut) {
          expect(atOnce, 'what follows at once').toContainEqual(
            expect.objectContaining({ kind: 'told', stepId, attempt, by: manner }),
          );
        }
      }
    },
  );

  forAllRuns(
    'reaches the token of the run, and nothing else does',
    everything,
    ({ scenario, journal, run }) => {
      expect(run.token.isCancelled).toBe(courseOf(scenario, journal).stop !== undefined);
    },
  );

  forAllRuns(
    'is final: whoever comes later gets the same outcome, and nothing starts again',
    everything,
    ({ journal, run }) => {
      const entries = journal.entries.length;
      const end = journal.events.at(-1);
      const outcomes: unknown[] = [];
      run.result$.subscribe({
        next: (outputs) => outcomes.push(outputs),
        error: (error: unknown) => outcomes.push(error),
      });
      run.cancel('too late');
      expect(outcomes).toHaveLength(1);
      expect(journal.entries).toHaveLength(entries);
      if (end?.type === 'run-cancelled') expect(outcomes[0]).toBeInstanceOf(CancelledError);
      if (end?.type === 'run-failed') expect(outcomes[0]).toBe(end.error);
      if (end?.type === 'run-completed') expect(outcomes[0]).not.toBeInstanceOf(Error);
    },
  );
});

describe('a cancel', () => {
  const routes: readonly CancelRoute[] = ['token', 'signal', 'leaving'];
  const at = fc.oneof(fc.record({ at: fc.nat(12) }), fc.record({ event: fc.integer({ min: 1, max: 20 }) }));

  test.prop([arbitraryScenario({ ...everything, cancels: false }), at, fc.constantFrom(...routes)], {
    numRuns: cases(300),
  })('has one behaviour, whatever its route', ({ steps, run }, when, route) => {
    const [direct, roundabout] = (['cancel()', route] as const).map((each) =>
      perform(new Scenario(steps, { ...run, cancels: [{ when, route: each }] })),
    );
    explained(roundabout as Performance, () => {
      expect(withoutRoute(roundabout as Performance)).toEqual(withoutRoute(direct as Performance));
    });
  });
});

/** The attempts that run, the bodies among them that haven't ended, and the steps without an outcome. */
function standAt(scenario: Scenario, entries: readonly Entry[]) {
  const running = new Set<string>();
  const bodies = new Map<string, { stepId: string; attempt: number }>();
  const unfinished = new Set(scenario.steps.map(({ id }) => id));
  for (const entry of entries) {
    if (entry.kind === 'called') bodies.set(entry.stepId, entry);
    if (entry.kind === 'torn down' || entry.kind === 'finalising') bodies.delete(entry.stepId);
    if (entry.kind !== 'event' || !('stepId' in entry.event)) continue;
    const { type, stepId } = entry.event;
    if (type === 'step-started') running.add(stepId);
    if (type === 'step-retrying') running.delete(stepId);
    if (['step-completed', 'step-failed', 'step-cancelled', 'step-skipped'].includes(type)) {
      running.delete(stepId);
      bodies.delete(stepId);
      unfinished.delete(stepId);
    }
  }
  return { running, bodies: [...bodies.values()], unfinished };
}

/** What happened in the same action of the scheduler, from a place on. */
function ofOneAction({ entries }: Journal, place: number): Entry[] {
  const rest = entries.slice(place);
  const next = rest.findIndex(({ kind }, index) => index > 0 && kind === 'tick');
  return next < 0 ? rest : rest.slice(0, next);
}

/** What was to be skipped for a failure before the stop is still told so. */
function settledBy({ kind, ...rest }: Entry): string[] {
  if (kind !== 'event' || !('event' in rest)) return [];
  const { event } = rest;
  return event.type === 'step-cancelled' || event.type === 'step-skipped' ? [event.stepId] : [];
}

/** All but what tells the routes apart: the reason, and that one who has left gets no result. */
function withoutRoute({ journal }: Performance): unknown[] {
  return journal.entries
    .filter(({ kind }) => kind !== 'cancelling' && !kind.startsWith('result'))
    .map((entry) => (entry.kind === 'event' ? { ...entry, event: plain(entry.event) } : entry));
}

function plain(event: ProgressEvent): unknown {
  return event.type === 'run-cancelled' ? { ...event, reason: 'some' } : event;
}
