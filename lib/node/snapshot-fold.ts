import { ownOf } from '../base/record.ts';
import { Descent } from '../observe/descent.ts';
import { Holdings } from '../observe/holdings.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RunStatus } from '../observe/run-view.ts';
import type { RunSnapshot, StepSnapshot } from '../observe/snapshot.ts';
import type { StepStatus } from '../observe/step-status.ts';
import type { PicturedRun } from '../report/timeline-of.ts';
import { chunkSize, hasBegun } from './event-log.ts';
import { frozen } from './frozen-snapshot.ts';
import { Readiness } from './readiness.ts';

/**
 * Where a run stood, folded from its events: equal to what the run's own `snapshot()` said once each had been dealt with.
 *
 * Unchanged steps and chunks are the same objects from one snapshot to the next; all of it is frozen.
 */
export class SnapshotFold {
  readonly #readiness: Readiness;
  readonly #steps: StepSnapshot[];
  readonly #counts: Record<StepStatus, number>;
  readonly #resources: Record<string, { taken: number; limit: number }>;
  readonly #stopsAt: string | undefined;
  /** When each back-off is over. */
  readonly #dueAt = new Map<string, number>();
  readonly #holdings = new Holdings();
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
    this.#readiness = new Readiness(workflow.steps, isCompleted);
    if (hasBegun(initial)) this.#ready(this.#readiness.ready);
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
    if (this.#holdings.add(event)) this.#take();
    switch (event.type) {
      case 'run-waiting':
        this.#setRun('waiting');
        break;
      case 'run-started':
        this.#setRun('running');
        this.#startedAt = event.at;
        this.#ready(this.#readiness.ready);
        break;
      case 'step-started':
        this.#start(event.stepId, event.attempt, event.at);
        break;
      case 'step-progress':
        this.#change(event.stepId, { fraction: event.fraction });
        break;
      case 'step-retrying':
        this.#change(event.stepId, {
          status: event.delayMs === 0 ? 'ready' : 'retrying',
          endedAt: event.at,
          fraction: null,
        });
        if (event.delayMs > 0) this.#dueAt.set(event.stepId, event.at + event.delayMs);
        break;
      case 'step-completed':
        this.#settle(event.stepId, 'completed', event.at);
        this.#ready(this.#readiness.completed(event.stepId));
        break;
      case 'step-failed':
        this.#settle(event.stepId, 'failed', event.at);
        if (event.stepId === this.#stopsAt) this.#setRun('stopping');
        break;
      case 'step-cancelled':
        this.#settle(event.stepId, 'cancelled', event.at);
        if (event.because === undefined && this.#readiness.placeOf(event.stepId) !== undefined)
          this.#setRun('stopping');
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
      case 'holds-changed':
      case 'warning':
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

  #countChild(event: ProgressEvent): void {
    const originId = this.#descent.add(event);
    const children = originId === undefined ? undefined : this.#descent.countsOf(originId);
    if (originId !== undefined && children !== undefined)
      this.#change(originId, { children: { ...children } });
  }

  #start(id: string, attempt: number, at: number): void {
    const place = this.#readiness.placeOf(id);
    if (place === undefined) return;
    const startedAt = this.#steps[place]?.startedAt ?? at;
    this.#dueAt.delete(id);
    this.#change(id, { status: 'running', attempts: attempt, startedAt, endedAt: null });
  }

  #settle(id: string, status: StepStatus, at: number): void {
    const current = this.#steps[this.#readiness.placeOf(id) ?? -1]?.status;
    this.#dueAt.delete(id);
    this.#change(id, { status, fraction: null, ...(current === 'running' ? { endedAt: at } : {}) });
  }

  #take(): void {
    for (const [name, amounts] of Object.entries(this.#resources))
      amounts.taken = this.#holdings.taken.get(name) ?? 0;
    this.#hasChanged = true;
  }

  /** Those of the steps at some places that still wait wait for nothing any more. */
  #ready(places: readonly number[]): void {
    for (const place of places) {
      const step = this.#steps[place];
      if (step?.status === 'waiting') this.#change(step.id, { status: 'ready' });
    }
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
    const index = this.#readiness.placeOf(id);
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
