import type { Blueprint } from '../definition/blueprint.ts';

/** What can be said of a step at any moment; the place in this list is how a run writes it down. */
export const stepStatuses = [
  'waiting',
  'ready',
  'running',
  'retrying',
  'completed',
  'failed',
  'cancelled',
  'skipped',
] as const;

/**
 * `waiting` for its dependencies; `ready`, waiting for resources; `running`; `retrying`, in a back-off; or settled,
 * as the other four say.
 */
export type StepStatus = (typeof stepStatuses)[number];

/** The places of the statuses. */
export const status = {
  waiting: 0,
  ready: 1,
  running: 2,
  retrying: 3,
  completed: 4,
  failed: 5,
  cancelled: 6,
  skipped: 7,
} as const satisfies Record<StepStatus, number>;

/** Stands where an output was, once nothing needs it any more. */
export const released = Symbol('millrace.released');

interface Repeated {
  readonly attempts: number;
  /** How long the attempts before the last held their resources. */
  readonly earlierBusy: number;
  readonly lastStart: number;
}

/**
 * Where a run stands, in columns of a number a step. The run's one source of truth; pure.
 *
 * 1. `waitingFor[i]` is the number of dependencies (as often as named) that have not completed.
 * 2. A step is settled once, and `unsettled` counts those that aren't.
 * 3. `outputs[i]` is there from completion until `consumers[i]`, the number of uses still to come, is 0. An output
 *    of the workflow, and one that may have to be cleaned up, has one use more: the end of the run.
 */
export class RunState {
  readonly statuses: Uint8Array;
  readonly waitingFor: Uint32Array;
  readonly consumers: Uint32Array;
  readonly outputs: unknown[];
  /** When the first attempt started and the last one ended; NaN before. */
  readonly startedAt: Float64Array;
  readonly endedAt: Float64Array;
  /** How far the running steps say they are. */
  readonly fractions = new Map<number, number>();
  /** What is known of the steps that needed more than one attempt; most don't. */
  readonly repeated = new Map<number, Repeated>();
  /** When the last attempts of steps gave back what they held since steps of their own took over; most don't. */
  readonly handedOverAt = new Map<number, number>();
  /** By whose end it was decided that steps of branches run; most aren't of a branch. */
  readonly decidedBy = new Map<number, number>();
  unsettled: number;
  readonly #blueprint: Blueprint;

  constructor(blueprint: Blueprint) {
    const { graph, cleanedUp, outputs } = blueprint;
    const { size } = graph;
    this.#blueprint = blueprint;
    this.unsettled = size;
    this.statuses = new Uint8Array(size);
    this.waitingFor = new Uint32Array(size);
    this.consumers = new Uint32Array(size);
    this.outputs = new Array<undefined>(size).fill(undefined);
    this.startedAt = new Float64Array(size).fill(Number.NaN);
    this.endedAt = new Float64Array(size).fill(Number.NaN);
    const { dependencies, dependents } = graph;
    for (let index = 0; index < size; index++) {
      this.waitingFor[index] =
        (dependencies.starts[index + 1] as number) - (dependencies.starts[index] as number);
      this.consumers[index] = (dependents.starts[index + 1] as number) - (dependents.starts[index] as number);
    }
    for (const index of cleanedUp) this.consumers[index] = (this.consumers[index] as number) + 1;
    for (const index of outputs.values()) this.consumers[index] = (this.consumers[index] as number) + 1;
  }

  /** Notes the end of a step; its dependencies lose a consumer. */
  settle(index: number, final: number): void {
    this.statuses[index] = final;
    this.unsettled--;
    const { starts, values } = this.#blueprint.graph.dependencies;
    const end = starts[index + 1] as number;
    for (let at = starts[index] as number; at < end; at++) this.releaseOne(values[at] as number);
  }

  /** One use of an output less; the last one lets go of it. */
  releaseOne(index: number): void {
    const left = (this.consumers[index] as number) - 1;
    this.consumers[index] = left;
    if (left === 0 && this.statuses[index] === status.completed) this.outputs[index] = released;
  }

  /** Lets go of an output that nothing will ever use. */
  dropUnused(index: number): void {
    if (this.consumers[index] === 0 && this.statuses[index] === status.completed)
      this.outputs[index] = released;
  }

  /** How many steps have a status. */
  count(wanted: number): number {
    let count = 0;
    for (const current of this.statuses) if (current === wanted) count++;
    return count;
  }

  isSettled(index: number): boolean {
    return (this.statuses[index] as number) >= status.completed;
  }

  /** Notes the start of an attempt; returns its number, from 1. */
  startAttempt(index: number, now: number): number {
    this.statuses[index] = status.running;
    const first = this.startedAt[index] as number;
    if (Number.isNaN(first)) {
      this.startedAt[index] = now;
      return 1;
    }
    const { attempts, earlierBusy, lastStart } = this.repeated.get(index) ?? {
      attempts: 1,
      earlierBusy: 0,
      lastStart: first,
    };
    const busy = earlierBusy + this.#heldUntil(index) - lastStart;
    this.handedOverAt.delete(index);
    this.endedAt[index] = Number.NaN;
    this.repeated.set(index, { attempts: attempts + 1, earlierBusy: busy, lastStart: now });
    return attempts + 1;
  }

  attemptsOf(index: number): number {
    return this.repeated.get(index)?.attempts ?? (Number.isNaN(this.startedAt[index]) ? 0 : 1);
  }

  /** When the last attempt started; NaN before. */
  lastStartOf(index: number): number {
    const repeated = this.repeated.size === 0 ? undefined : this.repeated.get(index);
    return repeated?.lastStart ?? (this.startedAt[index] as number);
  }

  /** How long, in ms, the step's attempts held their resources up to `now`. */
  busyOf(index: number, now: number): number {
    const start = this.lastStartOf(index);
    if (Number.isNaN(start)) return 0;
    const end = this.#heldUntil(index);
    return (this.repeated.get(index)?.earlierBusy ?? 0) + (Number.isNaN(end) ? now : end) - start;
  }

  /** When the last attempt gave back what it held; NaN where it hasn't. */
  #heldUntil(index: number): number {
    const end = this.endedAt[index] as number;
    return this.handedOverAt.size === 0 ? end : (this.handedOverAt.get(index) ?? end);
  }

  /** The outputs of the workflow that are there, by name; where the run is complete, `undefined` for those that may be missing. */
  workflowOutputs(isComplete: boolean): Record<string, unknown> {
    const outputs: Record<string, unknown> = {};
    for (const [name, index] of this.#blueprint.outputs) {
      if (this.statuses[index] === status.completed) outputs[name] = this.outputs[index];
      else if (isComplete) outputs[name] = undefined;
    }
    return outputs;
  }

  /** At the end of a run, lets go of everything but the workflow's outputs. */
  releaseRest(isComplete: boolean): void {
    if (isComplete) {
      // Everything else had its last consumer.
      for (const index of this.#blueprint.cleanedUp) this.releaseOne(index);
      return;
    }
    const kept = new Set(this.#blueprint.outputs.values());
    for (let index = 0; index < this.outputs.length; index++) {
      if (this.statuses[index] === status.completed && !kept.has(index)) this.outputs[index] = released;
    }
  }
}
