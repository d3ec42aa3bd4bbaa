import {
  catchError,
  defer,
  forkJoin,
  type MonoTypeOperatorFunction,
  mergeMap,
  type Observable,
  of,
  retry,
  type SchedulerLike,
  shareReplay,
  TimeoutError,
  takeLast,
  throwError,
  throwIfEmpty,
  timeout,
  timer,
} from 'rxjs';
import { waitAfter } from './attempt-timeline.ts';
import type { Scenario, StepPlan } from './scenario.ts';

/** A step of the naive graph failed. */
export class NaiveFailure {
  readonly stepId: string;
  readonly cause: unknown;

  constructor(stepId: string, cause: unknown) {
    this.stepId = stepId;
    this.cause = cause;
  }
}

/** What an attempt of a step does. */
type NaiveBody = (
  step: StepPlan,
  attempt: number,
  inputs: Readonly<Record<string, unknown>>,
) => Observable<unknown>;

/**
 * A workflow as RxJS alone has it: what the outputs must be. No limits, no cancelling, no clean-ups.
 *
 * Gives each step as an Observable of its output. One that fails, or needs one that failed, errors with that
 * step's `NaiveFailure`.
 */
export function naiveGraph(
  { steps, run: { random } }: Scenario,
  body: NaiveBody,
  time?: SchedulerLike,
): Map<string, Observable<unknown>> {
  const outputs = new Map<string, Observable<unknown>>();
  for (const step of steps) {
    const inputs$ = defer(() =>
      step.dependsOn.length === 0
        ? of({})
        : forkJoin(
            Object.fromEntries(step.dependsOn.map((id) => [id, outputs.get(id) as Observable<unknown>])),
          ),
    );
    outputs.set(
      step.id,
      inputs$.pipe(
        mergeMap((inputs) => attempts(step, inputs, body, random, time)),
        shareReplay(1),
      ),
    );
  }
  return outputs;
}

function attempts(
  step: StepPlan,
  inputs: Readonly<Record<string, unknown>>,
  body: NaiveBody,
  random: number,
  time?: SchedulerLike,
) {
  const policy = step.retry;
  let attempt = 0;
  const once$ = defer(() => body(step, ++attempt, inputs)).pipe(takeLast(1), throwIfEmpty());
  const timed$ =
    step.timeout === undefined
      ? once$
      : once$.pipe(timeout({ first: step.timeout, ...(time && { scheduler: time }) }));
  if (policy === undefined) return timed$.pipe(failingAs(step));
  const again = (error: unknown, failed: number): Observable<unknown> => {
    const isMeant =
      policy.when === 'always' || (policy.when === 'after timeouts' && error instanceof TimeoutError);
    const wait = waitAfter(policy, failed, random);
    return !isMeant ? throwError(() => error) : wait === 0 ? of(true) : timer(wait, time);
  };
  return timed$.pipe(retry({ count: policy.attempts - 1, delay: again }), failingAs(step));
}

/** So that a failure is told from that of a step further up. */
function failingAs<T>({ id }: StepPlan): MonoTypeOperatorFunction<T> {
  return catchError((cause: unknown) => throwError(() => new NaiveFailure(id, cause)));
}
