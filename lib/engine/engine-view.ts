import type { Clock } from '../base/clock.ts';
import { CancelledError } from '../base/errors.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { ChildCounts, Counts } from '../observe/child-counts.ts';
import type { Origin } from '../observe/progress-event.ts';
import type { ResourceUse, RunMeasurements, RunStatus, RunView } from '../observe/run-view.ts';
import type { StepStatus } from '../observe/step-status.ts';
import type { Waited, WaitReason, Waits } from '../observe/wait-reason.ts';
import { StepSkippedError } from './branching-errors.ts';
import { failedAncestors } from './failed-ancestors.ts';
import type { GraphScope } from './graph-scope.ts';
import type { LiveLimits } from './live-limits.ts';
import type { Retries } from './retries.ts';
import type { RunBudget } from './run-budget.ts';
import type { RunningTime } from './running-time.ts';
import type { Scope } from './scope.ts';
import { nobody, type Row, type StepTable } from './step-table.ts';
import { status, statusNames } from './transitions.ts';

/** What is looked at. */
interface SeenRun {
  readonly blueprint: Blueprint;
  readonly runId: string;
  readonly clock: Clock;
  readonly table: StepTable;
  readonly root: GraphScope;
  readonly budget: RunBudget;
  readonly limits: LiveLimits;
  readonly retries: Retries;
  readonly runningTime: RunningTime;
  readonly origins: ReadonlyMap<Row, Origin>;
  readonly status: RunStatus;
  readonly isOver: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Of each class, how much was taken times how long, once the run is over. */
  readonly takenMs: ReadonlyMap<string, number> | undefined;
  countsOf(row: Row): Counts | undefined;
  scopeOf(row: Row): Scope;
}

/** How a run and its own steps stand, for those who only look: nothing here changes anything. */
export class EngineView implements RunView, RunMeasurements {
  readonly blueprint: Blueprint;
  readonly runId: string;
  readonly clock: Clock;
  readonly #run: SeenRun;

  constructor(run: SeenRun) {
    this.blueprint = run.blueprint;
    this.runId = run.runId;
    this.clock = run.clock;
    this.#run = run;
  }

  get status(): RunStatus {
    return this.#run.status;
  }

  get isOver(): boolean {
    return this.#run.isOver;
  }

  get startedAt(): number {
    return this.#run.startedAt;
  }

  get endedAt(): number {
    return this.#run.endedAt;
  }

  get isPaused(): boolean {
    return this.#run.limits.isPaused;
  }

  get pausedResources(): readonly string[] {
    return this.#run.limits.pausedResources;
  }

  get resources(): Record<string, { readonly taken: number; readonly limit: number }> {
    return this.#run.budget.usage();
  }

  statusOf(step: number): StepStatus {
    const current = this.#run.table.status[step] as number;
    // Who has handed its work over, or is told to stop, is at it still.
    if (current === status.hosting || current === status.stopping || current === status.keeping)
      return 'running';
    if (current === status.looking) return 'ready';
    return statusNames[current] as StepStatus;
  }

  originOf(step: number): Origin | undefined {
    return this.#run.origins.get(step);
  }

  attemptsOf(step: number): number {
    return this.#run.table.attemptsOf(step);
  }

  startedAtOf(step: number): number {
    return this.#run.table.startedAt[step] as number;
  }

  endedAtOf(step: number): number {
    return this.#run.table.endedAt[step] as number;
  }

  lastStartOf(step: number): number {
    return this.#run.table.lastStartOf(step);
  }

  waitedOf(step: number): Waited | undefined {
    return this.#run.table.waitedOf(step);
  }

  offloadedAtOf(step: number): number | undefined {
    return this.#run.table.offloadedAt.get(step);
  }

  get reasonChanges(): number {
    return this.#run.budget.admission.lackChanges + this.#run.limits.pauses;
  }

  waitingForOf(step: number): WaitReason | number | undefined {
    switch (this.#run.table.status[step]) {
      case status.waiting:
        return this.#run.root.waitsFor(step);
      case status.ready:
        return this.#run.budget.reasons.now(this.#run.budget.shapeOf(this.#run.root.standingFor(step)));
      case status.looking:
        return forCache;
      case status.retrying: {
        const until = this.#run.retries.untilOf(step);
        return until === undefined ? undefined : { kind: 'back-off', until };
      }
      case status.running: {
        const { isOffloaded } = this.#run.root.definitionOf(step).settings;
        return isOffloaded && !this.#run.table.offloadedAt.has(step) ? forWorker : undefined;
      }
      default:
        return undefined;
    }
  }

  waits(): readonly Waits[] {
    const found = new Map<WaitReason, { count: number; row: Row }>();
    for (const { shape, first, count } of this.#run.budget.admission.waits()) {
      const reason = this.#run.budget.reasons.now(shape);
      const known = found.get(reason);
      if (known === undefined) found.set(reason, { count, row: first });
      else {
        known.count += count;
        if (this.#run.budget.order.before(first, known.row)) known.row = first;
      }
    }
    const most = [...found].sort(([, left], [, right]) => right.count - left.count);
    return most.map(([reason, { count, row }]) => {
      const scope = this.#run.scopeOf(row);
      return { for: reason, count, first: scope.idOf(scope.definitionOf(row)) };
    });
  }

  fractionOf(step: number): number | undefined {
    return this.#run.table.fractions.get(step);
  }

  childrenOf(step: number): ChildCounts | undefined {
    return this.#run.countsOf(step)?.counts();
  }

  busyOf(step: number, now: number): number {
    return this.#run.table.busyOf(step, now);
  }

  readyByOf(step: number): number | undefined {
    const by = this.#run.table.readyBy[step] as number;
    return by === nobody ? undefined : by;
  }

  runningMs(now: number): number {
    return this.#run.runningTime.until(now);
  }

  resourceUse(now: number): readonly ResourceUse[] {
    const { admission, classes } = this.#run.budget;
    const startedAt = Number.isNaN(this.startedAt) ? now : this.startedAt;
    return Array.from(classes.entries(), ([name, place]) => ({
      name,
      limit: admission.capacities[place] ?? 0,
      peak: admission.peaks[place] ?? 0,
      takenMs: this.#run.takenMs?.get(name) ?? admission.takenMs(place, now),
      capacityMs: this.#run.limits.capacityMs(name, startedAt, now),
    }));
  }

  /** The output of a step; `released` once it isn't kept any more. */
  outputOf(step: number): unknown {
    return this.#run.table.outputs[step];
  }

  /** Why a step has no output: its own failure, that of a step it needs, or the end of the run. */
  failureOf(step: number): Error {
    const id = this.#run.blueprint.graph.ids[step] ?? '';
    const skip = this.#run.root.edges?.skipOf(step);
    if (skip !== undefined && skip.reason !== 'failed')
      return new StepSkippedError(id, skip.because, skip.reason);
    const ancestors = failedAncestors(this.#run.blueprint.graph, this.#run.table.status, step);
    const failure = [...this.#run.root.errors].find(([failed]) => ancestors.has(failed))?.[1];
    if (failure !== undefined) return failure;
    const { stopped } = this.#run.root;
    return stopped?.kind === 'cancelled'
      ? stopped.error
      : new CancelledError(stopped?.kind === 'failed' ? stopped.error : undefined, `step '${id}'`);
  }
}

const forCache: WaitReason = Object.freeze({ kind: 'cache' });
const forWorker: WaitReason = Object.freeze({ kind: 'worker' });
