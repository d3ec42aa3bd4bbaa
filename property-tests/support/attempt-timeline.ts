import { type AttemptPlan, attemptPlan, type RetryPlan, type StepPlan } from './scenario.ts';

/** How an attempt ends. */
export interface Ending {
  readonly at: number;
  readonly outcome: 'completed' | 'failed' | 'cancelled';
  readonly cause: 'own' | 'empty' | 'timeout' | undefined;
  readonly isAbandoned: boolean;
}

interface Circumstances {
  readonly startedAt: number;
  /** When the run was told to stop; `Infinity` where it wasn't. */
  readonly stoppedAt: number;
  readonly gracePeriod: number;
}

/**
 * How an attempt can end, by its plan: what comes first decides, of the body's own end, the timeout and the run's stop.
 *
 * Two ways where the run is stopped at the very instant at which something else happens.
 */
export function endingsOf(step: StepPlan, attempt: number, circumstances: Circumstances): Ending[] {
  const plan = attemptPlan(step, attempt);
  return [true, false].map((isStopFirst) => endingOf(plan, step.timeout, circumstances, isStopFirst));
}

function endingOf(
  plan: AttemptPlan,
  timeout = Infinity,
  { startedAt, stoppedAt, gracePeriod }: Circumstances,
  isStopFirst: boolean,
): Ending {
  const endsAt = startedAt + durationOf(plan);
  const timesOutAt = startedAt + timeout;
  const toldAt = Math.min(timesOutAt, stoppedAt);
  if (endsAt < toldAt || (endsAt === toldAt && (!isStopFirst || isSynchronous(plan)))) {
    const finalisedAt = endsAt + plan.finalising;
    return { at: finalisedAt, ...ownOutcome(plan), isAbandoned: false };
  }
  const isTimedOut = timesOutAt < stoppedAt || (timesOutAt === stoppedAt && !isStopFirst);
  const lingering = plan.body.kind === 'stubborn' ? Infinity : plan.lingering;
  return {
    at: toldAt + Math.min(lingering, gracePeriod),
    outcome: isTimedOut ? 'failed' : 'cancelled',
    cause: isTimedOut ? 'timeout' : undefined,
    isAbandoned: lingering > gracePeriod,
  };
}

function durationOf({ body }: AttemptPlan): number {
  if (body.kind === 'hangs' || body.kind === 'stubborn') return Infinity;
  return body.kind === 'stream' ? body.gaps.reduce((sum, gap) => sum + gap, 0) : 0;
}

/** Whether a body is over before anyone can tell it anything. */
function isSynchronous({ body }: AttemptPlan): boolean {
  return body.kind === 'stream' ? body.gaps.length === 0 : body.kind !== 'hangs' && body.kind !== 'stubborn';
}

function ownOutcome({ body }: AttemptPlan): Pick<Ending, 'outcome' | 'cause'> {
  if (body.kind === 'cancels') return { outcome: 'cancelled', cause: undefined };
  if (body.kind === 'throws' || (body.kind === 'stream' && body.end === 'fails'))
    return { outcome: 'failed', cause: 'own' };
  if (body.kind === 'stream' && body.gaps.length === 0) return { outcome: 'failed', cause: 'empty' };
  return { outcome: 'completed', cause: undefined };
}

/** Whether an attempt that ended like this is followed by another, were the run not stopped. */
export function isRetried(retry: RetryPlan | undefined, attempt: number, { cause }: Ending): boolean {
  if (retry === undefined || attempt >= retry.attempts) return false;
  return retry.when === 'always' || (retry.when === 'after timeouts' && cause === 'timeout');
}

/** The wait after the nth attempt, as the documentation of `RetryOptions` has it. */
export function waitAfter(
  { delay, factor, maxDelay, jitter }: RetryPlan,
  attempt: number,
  random: number,
): number {
  let wait = delay;
  for (let more = attempt; more > 1; more--) wait *= factor;
  wait = Math.min(wait, maxDelay);
  return wait * (1 - jitter) + wait * jitter * (1 - random);
}
