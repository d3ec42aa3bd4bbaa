import { test } from '@fast-check/vitest';
import { checkLaws } from 'millrace/testing';
import { describe, expect } from 'vitest';
import {
  CancelledError,
  type Run,
  StepFailedError,
  WorkflowFailedError,
  WorkflowTimeoutError,
} from '../lib/index.ts';
import { arbitraryScenario, everything } from './support/arbitrary-scenario.ts';
import { courseOf, isEndOfRun } from './support/course.ts';
import { cases } from './support/effort.ts';
import { explained, forAllRuns } from './support/forall.ts';
import type { Entry, Journal } from './support/journal.ts';
import { buildFromHandles, cancelReason, perform } from './support/performance.ts';
import { recordingOf } from './support/recording-of.ts';
import { Scenario } from './support/scenario.ts';
import { outputOf } from './support/step-body.ts';

const saysNoEnd = new Set<string>(['warning', 'log', 'holds-changed']);

describe('the events of a run', () => {
  describe.each([
    ['whatever happens', everything],
    ['where many contend and nothing fails', { resources: true, ranks: true }],
  ])('%s', (_, features) => {
    forAllRuns(
      'break no law',
      features,
      (performance) => {
        checkLaws(recordingOf(performance));
      },
      { spectator: { onTick: noteQuiet } },
    );
  });

  forAllRuns(
    'begin with what the run is of, and are stamped with the time at which they come',
    everything,
    ({ scenario, journal }) => {
      const steps = scenario.steps.length;
      expect(journal.events[0]).toMatchObject({ seq: 1, type: 'run-started', steps, workflow: 'scenario' });
      for (const { event, at } of journal.all('event')) expect(event).toMatchObject({ at, runId: 'run' });
    },
  );

  forAllRuns('tell of progress only while an attempt runs', everything, ({ journal }) => {
    const running = new Set<string>();
    for (const event of journal.events) {
      if (event.type === 'step-started') running.add(event.stepId);
      else if (event.type === 'step-progress')
        expect(running, `${event.stepId} reports progress`).toContain(event.stepId);
      // A body that was given up may stop while another attempt runs.
      else if ('stepId' in event && !saysNoEnd.has(event.type)) running.delete(event.stepId);
    }
  });

  forAllRuns(
    'come before the result, and progress$ completes after it; nothing follows',
    everything,
    ({ scenario, journal }) => {
      const end = journal.entries.findIndex((entry) => isEndOfRun(entry));
      const rest = journal.entries
        .slice(end + 1)
        .filter(isNews)
        .map(({ kind }) => kind);
      const hasLeft = journal.entries
        .slice(0, end + 1)
        .some((entry) => entry.kind === 'cancelling' && entry.route === 'leaving');
      const result =
        hasLeft || leavesOnEvent(scenario, journal.events.length)
          ? []
          : resultOf(journal.entries[end] as Entry);
      expect(rest).toEqual([...result, 'progress completed']);
      for (const kind of ['result', 'result error', 'result completed'] as const) {
        expect(
          journal.entries.slice(0, end).some((entry) => entry.kind === kind),
          kind,
        ).toBe(false);
      }
    },
  );

  forAllRuns('let no body start after a stop, nor after the end', everything, ({ scenario, journal }) => {
    const { stop } = courseOf(scenario, journal);
    const end = journal.entries.findIndex((entry) => isEndOfRun(entry));
    const last = journal.entries.findLastIndex(({ kind }) => kind === 'called');
    expect(last).toBeLessThan(end);
    // Who drains on hearing that a step starts lets that one finish.
    const isCalledAfter = journal.entries
      .slice(stop?.place ?? Infinity)
      .some(({ kind }) => kind === 'called');
    const before = journal.entries[(stop?.place ?? 0) - 1];
    const startsJustNow = before?.kind === 'event' && before.event.type === 'step-started';
    if (isCalledAfter)
      expect(startsJustNow, 'the step that starts after the stop had started before').toBe(true);
  });

  forAllRuns('agree with the result in how the run ended', everything, ({ scenario, journal }) => {
    const { stop } = courseOf(scenario, journal);
    const end = journal.events.at(-1);
    const failures = journal.events.flatMap((event) => (event.type === 'step-failed' ? [event.error] : []));
    const error = journal.all('result error')[0]?.error;
    if (stop?.kind === 'cancelled') {
      expect(end?.type).toBe('run-cancelled');
      if (error !== undefined) expect(error).toBeInstanceOf(CancelledError);
      const isOurs = journal.entries[stop.place]?.kind === 'cancelling';
      if (isOurs && error !== undefined) expect((error as CancelledError).reason).toBe(cancelReason);
    } else if (stop !== undefined || failures.length > 0) {
      expect(end).toMatchObject({ type: 'run-failed' });
      const expected =
        stop === undefined
          ? WorkflowFailedError
          : stop.kind === 'failed'
            ? StepFailedError
            : WorkflowTimeoutError;
      if (end?.type === 'run-failed') expect(end.error).toBeInstanceOf(expected);
      if (end?.type === 'run-failed' && error !== undefined) expect(error).toBe(end.error);
      if (end?.type === 'run-failed' && stop?.kind === 'failed') expect(end.error).toBe(failures[0]);
      if (end?.type === 'run-failed' && stop === undefined)
        expect((end.error as WorkflowFailedError).errors).toEqual(failures);
    } else {
      expect(end?.type).toBe('run-completed');
    }
    if (journal.all('result').length > 0)
      expect(journal.all('result')[0]?.outputs).toEqual(outputsOf(scenario, journal));
  });
});

describe('a run', () => {
  test.prop([arbitraryScenario(everything)], { numRuns: cases(300) })('is the same each time', (scenario) => {
    const first = perform(scenario);
    const second = perform(scenario);
    explained(second, () => {
      expect(String(second.journal)).toBe(String(first.journal));
    });
  });

  test.prop([arbitraryScenario(everything)], { numRuns: cases(300) })(
    'is the same whether anybody listens to it or not',
    (scenario) => {
      const cancels = scenario.run.cancels.filter(({ when }) => 'at' in when);
      const plan = new Scenario(scenario.steps, { ...scenario.run, cancels });
      const heard = perform(plan);
      const unheard = perform(plan, { hasProgress: false });
      explained(heard, () => {
        expect(withoutEvents(unheard.journal)).toEqual(withoutEvents(heard.journal));
      });
    },
  );

  test.prop([arbitraryScenario({ ...everything, outputs: false, shuffled: false })], { numRuns: cases(300) })(
    'is the same whether its workflow was made of handles or of definitions',
    (scenario) => {
      const ofDefinitions = perform(scenario);
      const ofHandles = perform(scenario, { build: buildFromHandles });
      explained(ofHandles, () => {
        expect(String(ofHandles.journal)).toBe(String(ofDefinitions.journal));
      });
    },
  );
});

/** Notes what is taken, which the laws of resources compare with what the events say is held. */
function noteQuiet(run: Run, journal: Journal): void {
  const taken = Object.entries(run.snapshot().resources).map(([name, resource]) => [name, resource.taken]);
  journal.add({ kind: 'quiet', taken: Object.fromEntries(taken) as Record<string, number> });
}

/** Whether an entry tells of the run rather than of what goes on around it. */
function isNews({ kind }: Entry): boolean {
  return !['tick', 'cancelling', 'gone', 'told', 'torn down', 'finalising'].includes(kind);
}

function leavesOnEvent(scenario: Scenario, event: number): boolean {
  return scenario.run.cancels.some(
    ({ route, when }) => route === 'leaving' && 'event' in when && when.event === event,
  );
}

function resultOf(end: Entry): string[] {
  return end.kind === 'event' && end.event.type === 'run-completed'
    ? ['result', 'result completed']
    : ['result error'];
}

function outputsOf(scenario: Scenario, journal: Journal): Record<string, unknown> {
  const values = new Map<string, number>();
  for (const { stepId, attempt, inputs } of journal.all('called'))
    values.set(stepId, outputOf(stepId, attempt, inputs));
  return Object.fromEntries(scenario.outputs.map((id) => [id, values.get(id)]));
}

/** What the bodies saw; of whose back-off is over only events tell. */
function withoutEvents(journal: Journal): Entry[] {
  return journal.entries
    .filter(({ kind }) => !['event', 'progress completed'].includes(kind))
    .map((entry) => (entry.kind === 'tick' ? { ...entry, backOffOf: undefined } : entry));
}
