import { MillraceError } from '../base/errors.ts';
import { inspectValue, messageOf, textOf } from '../base/inspect.ts';
import { isError } from '../base/is-error.ts';
import type { RunMetrics } from './metrics.ts';

/** What a run that didn't complete leaves behind. */
export interface RunRemains {
  /** What had been measured by then. */
  readonly metrics: RunMetrics;
  /** The outputs of the workflow that had been produced, by name. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The outputs that were there at the end, by step id: what a further run can be given. */
  readonly completed: Readonly<Record<string, unknown>>;
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

  /**
   * The outputs that were there when the run ended, by step id, for `run({ given })` of the next; `undefined` where the run didn't
   * end with this error. What no step would have needed any more isn't among them, nor what was undone or closed.
   */
  get completed(): Readonly<Record<string, unknown>> | undefined {
    return this.#recall()?.completed;
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
  declare readonly chain: readonly string[];

  /** The one that failed of itself, where this one's work was done by steps of its own. */
  readonly #origin: StepFailedError | undefined;

  /**
   * @param chain - or how to find it out, should somebody ask: it may be long
   * @param shown - what the message says of the step, where that isn't all
   */
  constructor(
    stepId: string,
    attempts: number,
    chain: readonly string[] | (() => readonly string[]),
    cause: unknown,
    shown: ShownStep = shownStep(stepId, chain, cause),
  ) {
    const tries = attempts <= 1 ? '' : ` after ${String(attempts)} attempts`;
    const failed = `step '${shown.id}' failed${tries}`;
    // It is the innermost of them that tells what happened; its chain has this one in it.
    const origin = shown.isWithin && cause instanceof StepFailedError ? (cause.#origin ?? cause) : undefined;
    super(
      origin === undefined ? `${failed}${shown.path()}: ${messageOf(cause)}` : `${failed}: ${origin.message}`,
      { cause },
    );
    this.#origin = origin;
    this.stepId = stepId;
    this.attempts = attempts;
    if (typeof chain !== 'function') {
      this.chain = chain;
      return;
    }
    let known: readonly string[] | undefined;
    Object.defineProperty(this, 'chain', { enumerable: true, get: () => (known ??= chain()) });
  }
}

/** What a message says of a step. */
export interface ShownStep {
  readonly id: string;
  /** The way to it, in brackets; empty where there is none. */
  readonly path: () => string;
  /** Whether the cause is the failure of one of the steps that did its work. */
  readonly isWithin: boolean;
}

function shownStep(
  stepId: string,
  chain: readonly string[] | (() => readonly string[]),
  cause: unknown,
): ShownStep {
  const ids = typeof chain === 'function' ? chain() : chain;
  const isWithin = cause instanceof StepFailedError && cause.chain[ids.length - 1] === stepId;
  return { id: stepId, path: () => pathText(ids), isWithin };
}

/**
 * A step was stopped by `run.cancelStep`. The cause of its {@link StepFailedError}; never retried.
 */
export class StepCancelledError extends MillraceError {
  override readonly name = 'StepCancelledError';
  override readonly code = 'STEP_CANCELLED';
  /** The id of the step. */
  readonly stepId: string;
  /** What was given to `cancelStep`. */
  readonly reason: unknown;

  constructor(stepId: string, reason: unknown) {
    const why = reason === undefined ? '' : `: ${isError(reason) ? textOf(reason) : inspectValue(reason)}`;
    super(`step '${stepId}' was cancelled by itself${why}`, isError(reason) ? { cause: reason } : {});
    this.stepId = stepId;
    this.reason = reason;
  }

  override get isPermanent(): boolean {
    return true;
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

/** The way to a step, as a message says it: its ends, where it is long. */
export function pathText(chain: readonly string[]): string {
  if (chain.length <= 1) return '';
  if (chain.length <= 2 * shownEnds + 1) return ` (${chain.join(' → ')})`;
  const left = chain.length - 2 * shownEnds;
  const shown = [...chain.slice(0, shownEnds), `… ${String(left)} more …`, ...chain.slice(-shownEnds)];
  return ` (${shown.join(' → ')})`;
}
