import { ownOf } from '../base/record.ts';
import type { PicturedRun } from '../report/timeline-of.ts';
import { Descent } from '../run/descent.ts';
import type { RunStatus } from '../run/engine.ts';
import type { ProgressEvent, StepAdded } from '../run/progress-event.ts';
import type { StepStatus } from '../run/run-state.ts';
import type { RunSnapshot, StepSnapshot } from '../run/snapshot.ts';
import { chunkSize } from './event-log.ts';

/** The steps that a workflow has at one place of its order. */
interface Place {
  readonly index: number;
  readonly demand: Readonly<Record<string, number>>;
  readonly dependents: Place[];
  /** How many dependencies have not completed; without an end where events don't tell when it is ready. */
  waitingFor: number;
  holds: boolean;
  /** Whether a first child is that of another attempt. */
  /** Whether it keeps what it holds while its children run, as a fan-out over a stream does. */
  readonly keepsDemand: boolean;
}

/** A step that came of another. */
interface Child {
  readonly demand: Readonly<Record<string, number>>;
  holds: boolean;
}

/**
 * Where a run stood, folded from its events: equal to what the run's own `snapshot()` said once each had been dealt with.
 *
 * 1. Unchanged steps and chunks are the same objects from one snapshot to the next; all of it is frozen.
 * 2. Events say nothing of an abandoned body that ends after all: it holds what it took to the end.
 */
export class SnapshotFold {
  readonly #places = new Map<string, Place>();
  readonly #steps: StepSnapshot[];
  readonly #counts: Record<StepStatus, number>;
  readonly #resources: Record<string, { taken: number; limit: number }>;
  readonly #stopsAt: string | undefined;
  /** When each back-off is over. */
  readonly #dueAt = new Map<string, number>();
  readonly #abandoned = new Set<string>();
  /** Those that aren't over. */
  readonly #children = new Map<string, Child>();
  readonly #descent = new Descent();
  readonly #dirty = new Set<number>();
  #hasChanged = false;
  #status: RunStatus;
  #startedAt: number | null;
  #endedAt: number | null;
  #isPaused: boolean;
  #pausedResources: readonly string[];
  #current: RunSnapshot;

  /**
   * @param initial - where the run stood before the first event
   * @param stopsAt - the step whose failure stops the run, where one does
   */
  constructor(workflow: PicturedRun['workflow'], initial: RunSnapshot, stopsAt: string | undefined) {
    this.#current = frozen(initial);
    this.#stopsAt = stopsAt;
    this.#steps = [...initial.steps.flat()];
    this.#counts = { ...initial.counts };
    this.#resources = Object.fromEntries(
      Object.entries(initial.resources).map(([name, amounts]) => [name, { ...amounts }]),
    );
    this.#status = initial.status;
    this.#startedAt = initial.startedAt;
    this.#endedAt = initial.endedAt;
    this.#isPaused = initial.isPaused;
    this.#pausedResources = initial.pausedResources;
    const isCompleted = new Map(this.#steps.map(({ id, status }) => [id, status === 'completed']));
    for (const [index, { id, demand = {}, kind, specialNeeds }] of workflow.steps.entries()) {
      const holds = this.#steps[index]?.status === 'running';
      const keepsDemand = kind === 'for-each' && specialNeeds?.some(({ as }) => as === 'stream') === true;
      this.#places.set(id, {
        index,
        demand,
        dependents: [],
        waitingFor: 0,
        holds,
        keepsDemand,
      });
    }
    for (const { id, dependsOn, specialNeeds, isConditional } of workflow.steps) {
      const place = this.#places.get(id) as Place;
      if (specialNeeds !== undefined || isConditional === true) {
        place.waitingFor = Infinity;
        continue;
      }
      const open = dependsOn.filter((dependency) => isCompleted.get(dependency) === false);
      place.waitingFor = open.length;
      for (const dependency of open) this.#places.get(dependency)?.dependents.push(place);
    }
    if (initial.status !== 'idle') this.#readyUp();
  }

  /** When the next back-off is over; `undefined` where none goes on. */
  get nextDue(): number | undefined {
    let next: number | undefined;
    for (const at of this.#dueAt.values()) if (next === undefined || at < next) next = at;
    return next;
  }

  /** Ends the back-offs that are over by some time; gives whether one was. */
  passTo(time: number): boolean {
    let isOver = false;
    for (const [id, at] of this.#dueAt) {
      if (at > time) continue;
      isOver = true;
      this.#dueAt.delete(id);
      this.#change(id, { status: 'ready' });
    }
    return isOver;
  }

  /** Takes in one event; gives whether it changed anything. */
  add(event: ProgressEvent): boolean {
    this.#hasChanged = false;
    switch (event.type) {
      case 'run-started':
        this.#setRun('running');
        this.#startedAt = event.at;
        this.#readyUp();
        break;
      case 'step-started':
        this.#start(event.stepId, event.attempt, event.at);
        break;
      case 'step-progress':
        this.#change(event.stepId, { fraction: event.fraction });
        break;
      case 'step-retrying':
        this.#release(event.stepId);
        this.#change(event.stepId, {
          status: event.delayMs === 0 ? 'ready' : 'retrying',
          endedAt: event.at,
          fraction: null,
        });
        if (event.delayMs > 0) this.#dueAt.set(event.stepId, event.at + event.delayMs);
        break;
      case 'step-completed':
        this.#settle(event.stepId, 'completed', event.at);
        for (const dependent of this.#places.get(event.stepId)?.dependents ?? []) {
          dependent.waitingFor--;
          this.#ready(dependent);
        }
        break;
      case 'step-failed':
        this.#settle(event.stepId, 'failed', event.at);
        if (event.stepId === this.#stopsAt) this.#setRun('stopping');
        break;
      case 'step-cancelled':
        this.#settle(event.stepId, 'cancelled', event.at);
        if (event.because === undefined && this.#places.has(event.stepId)) this.#setRun('stopping');
        break;
      case 'step-skipped':
        this.#settle(event.stepId, 'skipped', event.at);
        break;
      case 'run-paused':
        this.#pause(event.resource, true);
        break;
      case 'run-resumed':
        this.#pause(event.resource, false);
        break;
      case 'limits-changed':
        for (const [name, limit] of Object.entries(event.limits)) {
          const amounts = ownOf(this.#resources, name);
          if (amounts !== undefined) amounts.limit = limit;
        }
        this.#hasChanged = true;
        break;
      case 'warning':
        // Its body still runs, and holds what it took.
        if (event.topic === 'abandoned') this.#abandoned.add(event.stepId);
        break;
      case 'run-completed':
        this.#end('completed', event.at);
        break;
      case 'run-failed':
        this.#end('failed', event.at);
        break;
      case 'run-cancelled':
        this.#end('cancelled', event.at);
        break;
      case 'step-added':
        this.#addChild(event);
        break;
      case 'log':
      case 'step-offloaded':
        break;
      default:
        event satisfies never;
    }
    this.#countChild(event);
    return this.#hasChanged;
  }

  /** The snapshot of this moment. The cost follows the number of chunks that changed. */
  current(): RunSnapshot {
    const chunks = [...this.#current.steps];
    for (const index of new Set(Array.from(this.#dirty, (step) => Math.floor(step / chunkSize))))
      chunks[index] = Object.freeze(this.#steps.slice(index * chunkSize, (index + 1) * chunkSize));
    const steps = this.#dirty.size === 0 ? this.#current.steps : Object.freeze(chunks);
    this.#dirty.clear();
    this.#current = frozen({
      ...this.#current,
      status: this.#status,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      counts: { ...this.#counts },
      isPaused: this.#isPaused,
      pausedResources: this.#pausedResources,
      resources: Object.fromEntries(
        Object.entries(this.#resources).map(([name, amounts]) => [name, { ...amounts }]),
      ),
      steps,
    });
    return this.#current;
  }

  #addChild({ stepId, parentId, demand }: StepAdded): void {
    const parent = this.#places.get(parentId);
    if (parent === undefined) {
      this.#releaseChild(parentId);
    } else if (!parent.keepsDemand) {
      this.#release(parentId);
    }
    this.#children.set(stepId, { demand, holds: false });
  }

  #countChild(event: ProgressEvent): void {
    const originId = this.#descent.add(event);
    const children = originId === undefined ? undefined : this.#descent.countsOf(originId);
    if (originId !== undefined && children !== undefined)
      this.#change(originId, { children: { ...children } });
  }

  #startChild(child: Child): void {
    child.holds = true;
    this.#take(child, 1);
  }

  #releaseChild(id: string): void {
    const child = this.#children.get(id);
    if (child?.holds !== true) return;
    child.holds = false;
    if (!this.#abandoned.has(id)) this.#take(child, -1);
  }

  #start(id: string, attempt: number, at: number): void {
    const place = this.#places.get(id);
    if (place === undefined) {
      const child = this.#children.get(id);
      if (child !== undefined) this.#startChild(child);
      return;
    }
    const startedAt = this.#steps[place.index]?.startedAt ?? at;
    this.#dueAt.delete(id);
    this.#change(id, { status: 'running', attempts: attempt, startedAt, endedAt: null });
    place.holds = true;
    this.#take(place, 1);
  }

  #settle(id: string, status: StepStatus, at: number): void {
    if (this.#children.has(id)) {
      this.#releaseChild(id);
      this.#children.delete(id);
      return;
    }
    const isRunning = this.#steps[this.#places.get(id)?.index ?? -1]?.status === 'running';
    this.#release(id);
    this.#dueAt.delete(id);
    this.#change(id, { status, fraction: null, ...(isRunning ? { endedAt: at } : {}) });
  }

  #release(id: string): void {
    if (this.#children.has(id)) {
      this.#releaseChild(id);
      return;
    }
    const place = this.#places.get(id);
    if (place?.holds !== true) return;
    place.holds = false;
    if (!this.#abandoned.has(id)) this.#take(place, -1);
  }

  #take({ demand }: Place | Child, sign: 1 | -1): void {
    for (const [name, amounts] of Object.entries(this.#resources))
      amounts.taken += sign * (name === 'concurrency' ? 1 : (ownOf(demand, name) ?? 0));
  }

  #readyUp(): void {
    for (const place of this.#places.values()) this.#ready(place);
  }

  #ready({ waitingFor, index }: Place): void {
    const step = this.#steps[index];
    if (waitingFor === 0 && step?.status === 'waiting') this.#change(step.id, { status: 'ready' });
  }

  #pause(resource: string | undefined, isPaused: boolean): void {
    this.#hasChanged = true;
    if (resource === undefined) this.#isPaused = isPaused;
    else if (isPaused) this.#pausedResources = [...this.#pausedResources, resource];
    else this.#pausedResources = this.#pausedResources.filter((other) => other !== resource);
  }

  #end(status: RunStatus, at: number): void {
    this.#setRun(status);
    this.#startedAt ??= at;
    this.#endedAt = at;
  }

  #setRun(status: RunStatus): void {
    this.#status = status;
    this.#hasChanged = true;
  }

  #change(id: string, change: Partial<StepSnapshot>): void {
    const index = this.#places.get(id)?.index;
    const step = index === undefined ? undefined : this.#steps[index];
    if (index === undefined || step === undefined) return;
    const changed = Object.freeze({ ...step, ...change });
    this.#counts[step.status]--;
    this.#counts[changed.status]++;
    this.#steps[index] = changed;
    this.#dirty.add(index);
    this.#hasChanged = true;
  }
}

function frozen(snapshot: RunSnapshot): RunSnapshot {
  for (const part of [
    snapshot.counts,
    snapshot.pausedResources,
    ...Object.values(snapshot.resources),
    snapshot.resources,
  ])
    Object.freeze(part);
  for (const chunk of snapshot.steps) {
    if (Object.isFrozen(chunk)) continue;
    for (const step of chunk) Object.freeze(step);
    Object.freeze(chunk);
  }
  Object.freeze(snapshot.steps);
  return Object.freeze(snapshot);
}
