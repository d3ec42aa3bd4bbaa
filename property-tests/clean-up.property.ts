import { describe, expect } from 'vitest';
import { everything } from './support/arbitrary-scenario.ts';
import { isEndOfRun } from './support/course.ts';
import { forAllRuns } from './support/forall.ts';
import { cleanUpFailure, outputOf } from './support/step-body.ts';

describe('clean-ups', () => {
  forAllRuns('get the output and the outcome', everything, ({ journal }) => {
    const end = journal.events.at(-1)?.type;
    for (const { stepId, output, outcome } of journal.all('cleaning')) {
      const call = journal.all('called').findLast((each) => each.stepId === stepId);
      expect(output, `the output of ${stepId}`).toBe(
        outputOf(stepId, call?.attempt ?? 0, call?.inputs ?? {}),
      );
      expect(`run-${outcome}`).toBe(end);
    }
  });

  // To one who cancels while handling an event, those of the steps come later than the clean-ups.
  forAllRuns(
    'run one at a time, when every step has ended and before the run has',
    { ...everything, cancelsOnEvents: false },
    ({ scenario, journal }) => {
      const { entries } = journal;
      const end = entries.findIndex((entry) => isEndOfRun(entry));
      const first = entries.findIndex(({ kind }) => kind === 'cleaning');
      const lastOfSteps = entries.findLastIndex(
        (entry) => entry.kind === 'event' && entry.event.type.startsWith('step-'),
      );
      if (first >= 0) expect(lastOfSteps).toBeLessThan(first);
      let isCleaning = false;
      for (const [place, { kind }] of entries.entries()) {
        if (kind !== 'cleaning' && kind !== 'cleaned') continue;
        expect(kind).toBe(isCleaning ? 'cleaned' : 'cleaning');
        expect(place).toBeLessThan(end);
        isCleaning = kind === 'cleaning';
      }
      expect(isCleaning).toBe(false);
      const took = journal
        .all('cleaning')
        .reduce((sum, { stepId }) => sum + (scenario.step(stepId).cleanup?.duration ?? 0), 0);
      expect(entries[end]?.at).toBe((entries[lastOfSteps]?.at ?? 0) + took);
    },
  );

  forAllRuns(
    'that fail are told of in a warning each, and hide nothing',
    everything,
    ({ scenario, journal }) => {
      const failing = journal
        .all('cleaning')
        .flatMap(({ stepId }) => (scenario.step(stepId).cleanup?.fails === true ? [stepId] : []));
      const warnings = journal.events.filter(
        (event) => event.type === 'warning' && event.topic === 'cleanup',
      );
      expect(warnings.map((event) => 'stepId' in event && event.stepId)).toEqual(failing);
      for (const warning of warnings) expect(warning).toMatchObject({ error: cleanUpFailure });
      for (const { error } of journal.all('result error')) expect(error).not.toBe(cleanUpFailure);
    },
  );
});

describe('finalisers', () => {
  forAllRuns(
    'run when the body has stopped, the last one first, each after the one before',
    everything,
    ({ scenario, journal }) => {
      for (const call of journal.all('called')) {
        const ofAttempt = journal.entries.filter(
          (entry) =>
            'stepId' in entry &&
            'attempt' in entry &&
            entry.stepId === call.stepId &&
            entry.attempt === call.attempt,
        );
        const order = ofAttempt.flatMap((entry) =>
          entry.kind === 'finalising'
            ? [`${entry.finaliser} finaliser`]
            : entry.kind === 'torn down'
              ? ['body']
              : [],
        );
        expect(
          ['body', 'last finaliser', 'first finaliser'],
          `what ended of ${call.stepId}, in order`,
        ).toEqual(expect.arrayContaining(order));
        expect(order).toEqual(['body', 'last finaliser', 'first finaliser'].slice(0, order.length));
      }
      expect(scenario.steps.length).toBeGreaterThan(0);
    },
  );
});
