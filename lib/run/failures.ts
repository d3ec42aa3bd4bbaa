import { MillraceError } from '../base/errors.ts';
import { messageOf } from '../base/inspect.ts';
import type { RunMetrics } from './metrics.ts';

/** What a run that didn't complete leaves behind. */
export interface RunRemains {
  /** What had been measured by then. */
  readonly metrics: RunMetrics;
  /** The outputs of the workflow that had been produced, by name. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** A failure that can end a run, and then knows what the run leaves behind. */
export abstract class RunFailure extends MillraceError {
  #remember: (() => RunRemains) | undefined;
  #remains: RunRemains | undefined;

  /** What the run measured; `undefined` where the run didn't end with this error. */
  get metrics(): RunMetrics | undefined {
    return this.#recall()?.metrics;
  }

  /** The outputs of the workflow that were produced, by name; `undefined` where the run didn't end with this error. */
  get outputs(): Readonly<Record<string, unknown>> | undefined {
    return this.#recall()?.outputs;
  }

  /** @internal Gives the run's remains, which are worked out when first asked for. */
  remember(remains: () => RunRemains): void {
    this.#remember = remains;
  }

  #recall(): RunRemains | undefined {
    this.#remains ??= this.#remember?.();
    return this.#remains;
  }
}

/**
 * A step failed for good. `cause` is the original error: the user's own, or one of millrace's.
 *
 * What `result$` errors with under `onFailure: 'fail-fast'`.
 *
 * @example
 * ```ts
 * run.result$.subscribe({
 *   error: (error) => {
 *     if (error instanceof StepFailedError) console.error(error.chain.join(' → '), error.cause);
 *   },
 * });
 * ```
 */
export class StepFailedError extends RunFailure {
  override readonly name = 'StepFailedError';
  override readonly code = 'STEP_FAILED';
  /** The id of the step. */
  readonly stepId: string;
  /** How many attempts were made. */
  readonly attempts: number;
  /** The path that led to the step, from a root to the step itself, through each step's first dependency. */
  readonly chain: readonly string[];

  constructor(stepId: string, attempts: number, chain: readonly string[], cause: unknown) {
    const tries = attempts <= 1 ? '' : ` after ${String(attempts)} attempts`;
    const path = chain.length > 1 ? ` (${chainText(chain)})` : '';
    // Where steps did the work, it is the innermost of them that tells what happened; its chain has this one in it.
    const isWithin = cause instanceof StepFailedError && cause.chain[chain.length - 1] === stepId;
    const origin = isWithin ? originOf(cause) : undefined;
    const failed = `step '${stepId}' failed${tries}`;
    super(origin === undefined ? `${failed}${path}: ${messageOf(cause)}` : `${failed}: ${origin.message}`, {
      cause,
    });
    this.stepId = stepId;
    this.attempts = attempts;
    this.chain = chain;
  }
}

/** An attempt of a step took longer than the step's `timeout`. The cause of a {@link StepFailedError}. */
export class StepTimeoutError extends MillraceError {
  override readonly name = 'StepTimeoutError';
  override readonly code = 'STEP_TIMEOUT';
  /** The id of the step. */
  readonly stepId: string;
  /** The step's timeout in ms. */
  readonly timeoutMs: number;

  constructor(stepId: string, timeoutMs: number) {
    super(`step '${stepId}' took longer than its timeout of ${String(timeoutMs)} ms`);
    this.stepId = stepId;
    this.timeoutMs = timeoutMs;
  }
}

/** A run took longer than its `timeout`. */
export class WorkflowTimeoutError extends RunFailure {
  override readonly name = 'WorkflowTimeoutError';
  override readonly code = 'WORKFLOW_TIMEOUT';
  /** The name of the workflow. */
  readonly workflow: string;
  /** The run's timeout in ms. */
  readonly timeoutMs: number;

  constructor(workflow: string, timeoutMs: number) {
    super(`the run of workflow '${workflow}' took longer than its timeout of ${String(timeoutMs)} ms`);
    this.workflow = workflow;
    this.timeoutMs = timeoutMs;
  }
}

/**
 * Under `onFailure: 'continue'`: the run went on to its end, but steps failed.
 *
 * @example
 * ```ts
 * run.result$.subscribe({
 *   error: (error) => {
 *     if (error instanceof WorkflowFailedError) console.error(error.errors.length, 'failed;', error.outputs, 'did not');
 *   },
 * });
 * ```
 */
export class WorkflowFailedError extends RunFailure {
  override readonly name = 'WorkflowFailedError';
  override readonly code = 'WORKFLOW_FAILED';
  /** The name of the workflow. */
  readonly workflow: string;
  /** Every failure, in the order in which they happened. */
  readonly errors: readonly StepFailedError[];

  constructor(workflow: string, errors: readonly StepFailedError[]) {
    super(
      `workflow '${workflow}': ${String(errors.length)} step${errors.length === 1 ? '' : 's'} failed: ${errors.map(({ stepId }) => `'${stepId}'`).join(', ')}`,
      { cause: errors[0] },
    );
    this.workflow = workflow;
    this.errors = errors;
  }
}

/** The output of a step was asked for after its last consumer had settled, when it was no longer kept. */
export class OutputReleasedError extends MillraceError {
  override readonly name = 'OutputReleasedError';
  override readonly code = 'OUTPUT_RELEASED';
  /** The id of the step. */
  readonly stepId: string;

  constructor(stepId: string) {
    super(
      `the output of step '${stepId}' was released when its last consumer had settled; subscribe to output$ before, or make it an output of the workflow`,
    );
    this.stepId = stepId;
  }
}

const shownEnds = 4;

/** The one of several steps, each of which does the work of the one before, that failed of itself. */
function originOf(error: StepFailedError): StepFailedError {
  let origin = error;
  while (origin.cause instanceof StepFailedError) origin = origin.cause;
  return origin;
}

function chainText(chain: readonly string[]): string {
  if (chain.length <= 2 * shownEnds + 1) return chain.join(' → ');
  const left = chain.length - 2 * shownEnds;
  return [...chain.slice(0, shownEnds), `… ${String(left)} more …`, ...chain.slice(-shownEnds)].join(' → ');
}
