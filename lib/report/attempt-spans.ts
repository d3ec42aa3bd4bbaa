import type { Demand } from '../admission/demand.ts';
import type { PicturedStep } from './pictured-workflow.ts';

/** One attempt of a step. Times in ms of the run's clock. */
export interface AttemptSpan {
  readonly stepId: string;
  readonly attempt: number;
  /** What it takes of each resource class. */
  readonly demand: Demand | undefined;
  readonly from: number;
  /** The thread that its work was given to, where it was; and when. */
  thread: string | undefined;
  threadFrom: number | undefined;
  /** `undefined` while it runs. */
  to: number | undefined;
  outcome: 'running' | 'completed' | 'failed' | 'cancelled';
}

/** A fan-out may have a million children; so many attempts are kept of what comes of steps. */
const mostWithin = 100_000;

/** The attempts of a run, in the order in which they started: of its steps, and of what came of these. */
export class AttemptSpans {
  /** Those of its steps. */
  readonly all: AttemptSpan[] = [];
  /** The first ones of what has come of the steps, and how many more there were. */
  readonly within: AttemptSpan[] = [];
  leftOut = 0;
  readonly #running = new Map<string, AttemptSpan>();
  /** What those demand that came while the run was under way, and aren't over. */
  readonly #children = new Map<string, Demand>();

  /** A step came of another one. */
  come(id: string, demand: Demand): void {
    this.#children.set(id, demand);
  }

  /** @param info - the step, where it is one of the workflow's own */
  start(id: string, attempt: number, at: number, info: PicturedStep | undefined): void {
    const demand = this.#children.get(id);
    if (demand !== undefined) {
      if (this.within.length < mostWithin) this.within.push(this.#begin(id, attempt, at, demand));
      else this.leftOut++;
    }
    if (info !== undefined) this.all.push(this.#begin(id, attempt, at, info.demand));
  }

  offload(id: string, thread: string, at: number): void {
    const span = this.#running.get(id);
    if (span === undefined) return;
    span.thread = thread;
    span.threadFrom = at;
  }

  /** An attempt is over, and its step is not. */
  stop(id: string, outcome: AttemptSpan['outcome'], at: number): void {
    const span = this.#running.get(id);
    if (span === undefined) return;
    span.to = at;
    span.outcome = outcome;
    this.#running.delete(id);
  }

  /** A step is over. */
  end(id: string, outcome: AttemptSpan['outcome'], at: number): void {
    this.stop(id, outcome, at);
    this.#children.delete(id);
  }

  #begin(stepId: string, attempt: number, at: number, demand: Demand | undefined): AttemptSpan {
    const span: AttemptSpan = {
      stepId,
      attempt,
      demand,
      from: at,
      thread: undefined,
      threadFrom: undefined,
      to: undefined,
      outcome: 'running',
    };
    this.#running.set(stepId, span);
    return span;
  }
}
