import { test } from '@fast-check/vitest';
import {
  forkJoin,
  from,
  interval,
  lastValueFrom,
  map,
  mergeMap,
  type ObservableInput,
  of,
  take,
  VirtualTimeScheduler,
} from 'rxjs';
import { describe, expect } from 'vitest';
import { defineWorkflow, type StepFailedError, WorkflowFailedError } from '../lib/index.ts';
import { arbitraryScenario } from './support/arbitrary-scenario.ts';
import { cases } from './support/effort.ts';
import { forAllRuns } from './support/forall.ts';
import type { Journal } from './support/journal.ts';
import { type NaiveFailure, naiveGraph } from './support/naive-graph.ts';
import { attemptPlan, type Scenario, type StepPlan } from './support/scenario.ts';
import { Failure, outputOf, streamOf } from './support/step-body.ts';

interface NaiveOutcome {
  readonly at: number;
  /** The output; or the id of the step that failed, and why. */
  readonly output?: unknown;
  readonly failed?: string;
  readonly cause?: unknown;
}

describe('the engine agrees with the naive RxJS graph', () => {
  forAllRuns(
    'in the output of every step, under any limits',
    { failures: true, resources: true, ranks: true, outputs: true, onFailure: 'continue' },
    ({ scenario, journal }) => {
      const naive = performNaively(scenario);
      const ends = endsOf(journal);
      for (const { id } of scenario.steps) {
        const expected = naive.get(id) as NaiveOutcome;
        const end = ends.get(id);
        if (expected.failed === undefined) {
          expect(end, `the end of ${id}`).toMatchObject({ type: 'step-completed' });
        } else {
          expect(end, `the end of ${id}`).toMatchObject({
            type: expected.failed === id ? 'step-failed' : 'step-skipped',
          });
        }
        if (end?.type === 'step-failed')
          expectSameCause((end.error as StepFailedError).cause, expected.cause);
      }
      const outputs = journal.all('result')[0]?.outputs;
      if (outputs !== undefined)
        expect(outputs).toEqual(
          Object.fromEntries(scenario.outputs.map((id) => [id, naive.get(id)?.output])),
        );
      const failed = [...naive].filter(([id, outcome]) => outcome.failed === id).map(([id]) => id);
      const error = journal.all('result error')[0]?.error;
      expect(
        error instanceof WorkflowFailedError ? error.errors.map(({ stepId }) => stepId).sort() : [],
      ).toEqual(failed.sort());
    },
    { numRuns: cases(800) },
  );

  forAllRuns(
    'in when every step ends, where nothing is limited',
    { failures: true, ranks: true, onFailure: 'continue' },
    ({ scenario, journal }) => {
      const naive = performNaively(scenario);
      const ends = endsOf(journal);
      for (const { id } of scenario.steps) {
        const { at, failed } = naive.get(id) as NaiveOutcome;
        // A step is skipped with the first failure it can't do without, as forkJoin has it.
        expect(
          ends.get(id)?.at,
          `when ${id} ends${failed === undefined ? '' : ` (${failed} failed)`}`,
        ).toBeCloseTo(at, 9);
      }
    },
  );

  forAllRuns(
    'in what fails first',
    { failures: true, resources: true, ranks: true, onFailure: 'fail-fast' },
    ({ scenario, journal }) => {
      const naive = performNaively(scenario);
      const failures = [...naive].filter(([id, { failed }]) => failed === id);
      const error = journal.all('result error')[0]?.error as StepFailedError | undefined;
      expect(error === undefined).toBe(failures.length === 0);
      if (error === undefined) {
        expect(journal.all('result')[0]?.outputs).toEqual(
          Object.fromEntries(scenario.outputs.map((id) => [id, naive.get(id)?.output])),
        );
      } else {
        // Limits may let another step fail first, but only one that fails.
        expect(failures.map(([id]) => id)).toContain(error.stepId);
        expectSameCause(error.cause, naive.get(error.stepId)?.cause);
        const first = Math.min(...failures.map(([, { at }]) => at));
        if (Object.keys(scenario.run.limits).length === 0 && scenario.run.concurrency === undefined) {
          expect(naive.get(error.stepId)?.at).toBeCloseTo(first, 9);
        }
      }
    },
  );

  test.prop([arbitraryScenario({ ranks: true, resources: true, outputs: true })], { numRuns: cases(150) })(
    'whatever a body returns: values, Promises, Observables and iterables',
    async (scenario) => {
      const body = (step: StepPlan, attempt: number, inputs: Readonly<Record<string, unknown>>): unknown =>
        [...kinds.values()][(step.id.codePointAt(0) ?? 0) % kinds.size]?.(outputOf(step.id, attempt, inputs));
      const graph = naiveGraph(scenario, (step, attempt, inputs) =>
        from(asInput(body(step, attempt, inputs))),
      );
      const naive = await lastValueFrom(forkJoin(Object.fromEntries(graph)));
      const workflow = defineWorkflow(
        'scenario',
        scenario.steps.map((step) => ({
          id: step.id,
          dependsOn: step.dependsOn,
          resource: step.demand,
          run: (inputs) => body(step, 1, inputs),
        })),
        { outputs: scenario.outputs },
      );
      const { limits, concurrency } = scenario.run;
      const result = await workflow.run({ limits, concurrency }).result();
      expect(result).toEqual(Object.fromEntries(scenario.outputs.map((id) => [id, naive[id]])));
    },
  );
});

/** What a body can return for an output; it is the last value that counts. */
const kinds = new Map<string, (output: number) => unknown>([
  ['a value', (output) => output],
  ['a Promise', (output) => Promise.resolve(output)],
  ['an Observable', (output) => of(output - 2, output - 1, output)],
  ['a Promise of an Observable', (output) => Promise.resolve(of(0, output))],
  [
    'an Observable that takes its time',
    (output) =>
      interval(0).pipe(
        take(2),
        map((place) => output + place - 1),
      ),
  ],
  [
    'an iterable',
    async function* iterate(output) {
      yield await Promise.resolve(output - 1);
      yield output;
    },
  ],
]);

function asInput(returned: unknown): ObservableInput<unknown> {
  if (returned instanceof Promise)
    return from(returned).pipe(mergeMap((resolved: unknown) => asInput(resolved)));
  return typeof returned === 'number' ? [returned] : (returned as ObservableInput<unknown>);
}

function performNaively(scenario: Scenario): Map<string, NaiveOutcome> {
  const time = new VirtualTimeScheduler();
  const outcomes = new Map<string, NaiveOutcome>();
  const graph = naiveGraph(
    scenario,
    (step, attempt, inputs) =>
      streamOf(attemptPlan(step, attempt).body, step.id, attempt, outputOf(step.id, attempt, inputs), time),
    time,
  );
  for (const [id, output$] of graph) {
    output$.subscribe({
      next: (output) => outcomes.set(id, { at: time.now(), output }),
      error: (error: unknown) => {
        const { stepId, cause } = error as NaiveFailure;
        outcomes.set(id, { at: time.now(), failed: stepId, cause });
      },
    });
  }
  time.flush();
  return outcomes;
}

function endsOf({ events }: Journal) {
  return new Map(
    events.flatMap((event) =>
      event.type === 'step-completed' || event.type === 'step-failed' || event.type === 'step-skipped'
        ? [[event.stepId, event] as const]
        : [],
    ),
  );
}

const ownNames: Readonly<Record<string, string>> = {
  EmptyError: 'EmptyStepError',
  TimeoutError: 'StepTimeoutError',
};

/** The user's own error is the same; RxJS's have their counterparts. */
function expectSameCause(cause: unknown, naive: unknown): void {
  if (naive instanceof Failure) expect(cause).toMatchObject({ stepId: naive.stepId, attempt: naive.attempt });
  else expect((cause as Error).name).toBe(ownNames[(naive as Error).name]);
}
