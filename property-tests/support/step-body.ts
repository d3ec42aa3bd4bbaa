import {
  concat,
  EMPTY,
  finalize,
  map,
  NEVER,
  type Observable,
  of,
  type SchedulerLike,
  throwError,
  timer,
} from 'rxjs';
import {
  CancelledError,
  type RetryOptions,
  type StepContext,
  type StepOptions,
  StepTimeoutError,
} from '../../lib/index.ts';
import type { Journal } from './journal.ts';
import { attemptPlan, type BodyPlan, type StepPlan } from './scenario.ts';

/** What the bodies of scenarios fail with. */
export class Failure extends Error {
  readonly stepId: string;
  readonly attempt: number;

  constructor(stepId: string, attempt: number) {
    super(`attempt ${String(attempt)} of ${stepId} failed`);
    this.stepId = stepId;
    this.attempt = attempt;
  }
}

/** The output of an attempt: a number in which all that led to it has its part. */
export function outputOf(stepId: string, attempt: number, inputs: Readonly<Record<string, unknown>>): number {
  let hash = attempt;
  const text = JSON.stringify([
    stepId,
    Object.entries(inputs).sort(([left], [right]) => (left < right ? -1 : 1)),
  ]);
  for (const character of text) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0;
  return hash;
}

/** The Observable of a body: the naive graph and the engine run the same ones. */
export function streamOf(
  plan: BodyPlan,
  stepId: string,
  attempt: number,
  output: number,
  time: SchedulerLike,
): Observable<number> {
  switch (plan.kind) {
    case 'value':
      return of(output);
    case 'throws':
      return throwError(() => new Failure(stepId, attempt));
    case 'cancels':
      return throwError(() => new CancelledError(stepId));
    case 'hangs':
    case 'stubborn':
      return concat(of(output), NEVER);
    case 'stream': {
      const { gaps, end } = plan;
      // Only the last value counts; those before are decoys.
      const values = gaps.map((gap, place) =>
        timer(gap, time).pipe(map(() => output + gaps.length - 1 - place)),
      );
      return concat(...values, end === 'completes' ? EMPTY : throwError(() => new Failure(stepId, attempt)));
    }
  }
}

/** The function of a step that does what its plan says, and notes it. */
export function bodyOf(
  step: StepPlan,
  journal: Journal,
): (inputs: Readonly<Record<string, unknown>>, ctx: StepContext) => unknown {
  return (inputs, ctx) => {
    const { attempt } = ctx;
    const { body, finalising, lingering } = attemptPlan(step, attempt);
    const ids = { stepId: step.id, attempt };
    journal.add({ kind: 'called', ...ids, inputs });
    listen(ctx, journal);
    const hasFinalisers = finalising > 0 || lingering > 0;
    if (hasFinalisers) {
      ctx.defer(() => {
        journal.add({ kind: 'finalising', ...ids, finaliser: 'first' });
        journal.add({ kind: 'gone', ...ids });
      });
      const wasTold = toldOf(ctx);
      ctx.defer(() => {
        journal.add({ kind: 'finalising', ...ids, finaliser: 'last' });
        const rest = wasTold() ? lingering : finalising;
        return rest === 0 ? undefined : rest === Infinity ? NEVER : timer(rest, ctx.scheduler);
      });
    }
    const end = (): void => {
      journal.add({ kind: 'torn down', ...ids });
      if (!hasFinalisers) journal.add({ kind: 'gone', ...ids });
    };
    const output = outputOf(step.id, attempt, inputs);
    switch (body.kind) {
      case 'value':
        end();
        return output;
      case 'throws':
        end();
        throw new Failure(step.id, attempt);
      case 'cancels':
        end();
        throw new CancelledError(step.id);
      case 'stubborn':
        return new Promise(() => undefined);
      default:
        return reporting(streamOf(body, step.id, attempt, output, ctx.scheduler), ctx).pipe(finalize(end));
    }
  };
}

/** Half of the attempts look at their token, half of these through its signal: the others must do as well without. */
export function mannerOf(stepId: string, attempt: number): 'token' | 'signal' | 'not at all' {
  return (
    (['token', 'signal', 'not at all', 'not at all'] as const)[
      ((stepId.codePointAt(0) ?? 0) + attempt) % 4
    ] ?? 'not at all'
  );
}

function listen(ctx: StepContext, journal: Journal): void {
  const { stepId, attempt } = ctx;
  const manner = mannerOf(stepId, attempt);
  if (manner === 'not at all') return;
  const told = (): void => {
    journal.add({ kind: 'told', stepId, attempt, by: manner });
  };
  if (manner === 'token') ctx.token.onCancel(told);
  else if (ctx.signal.aborted) told();
  else ctx.signal.addEventListener('abort', told);
}

/** The token is asked for early or late: it must know either way. */
function toldOf(ctx: StepContext): () => boolean {
  if (ctx.attempt % 2 === 0) return () => ctx.token.isCancelled;
  const { token } = ctx;
  return () => token.isCancelled;
}

/** Reports progress at each value. */
function reporting(source: Observable<number>, ctx: StepContext): Observable<number> {
  let emitted = 0;
  return source.pipe(
    map((value) => {
      emitted++;
      ctx.progress({ done: emitted, total: 3 }, `value ${String(emitted)}`);
      return value;
    }),
  );
}

/** The `retry` option of a step. */
export function retryOf({ retry }: StepPlan): RetryOptions | undefined {
  if (retry === undefined) return undefined;
  const { when, ...rest } = retry;
  if (when === 'always') return rest;
  return { ...rest, when: (error) => when === 'after timeouts' && error instanceof StepTimeoutError };
}

/** What the clean-ups of scenarios that fail fail with. */
export const cleanUpFailure = new Error('the clean-up failed');

/** The `cleanup` option of a step. */
export function cleanUpOf({ id, cleanup }: StepPlan, journal: Journal): StepOptions['cleanup'] {
  if (cleanup === undefined) return undefined;
  const { duration, fails } = cleanup;
  return (output, outcome) => {
    journal.add({ kind: 'cleaning', stepId: id, output, outcome });
    const end = (): void => {
      journal.add({ kind: 'cleaned', stepId: id });
      if (fails) throw cleanUpFailure;
    };
    if (duration === 0) {
      end();
      return undefined;
    }
    return timer(duration, journal.time.scheduler).pipe(map(end));
  };
}
