// Long because it is one list: what each event changes in where the run stood.
import { freeze, Immer } from 'immer';
import { ownOf } from '../base/record.ts';
import { ChunkedSteps } from '../base/step-list.ts';
import { Descent } from '../observe/descent.ts';
import { Holdings } from '../observe/holdings.ts';
import {
  originIn,
  type ProgressEvent,
  type StepCompleted,
  type StepStarted,
} from '../observe/progress-event.ts';
import type { RunSnapshot, StepSnapshot } from '../observe/run-snapshot.ts';
import type { RunStatus } from '../observe/run-view.ts';
import type { StepStatus } from '../observe/step-status.ts';
import type { PicturedStep } from '../report/pictured-workflow.ts';
import { hasBegun } from './event-log.ts';
import { Readiness } from './readiness.ts';

// One of our own, since a user may have switched the shared one's freezing off.
const immer = new Immer({ autoFreeze: true });

/**
 * Where a run stood, folded from its events: equal to what the run's own `snapshot()` said once each had been dealt with, but for what
 * steps waited for at that moment, which no event tells.
 *
 * What hasn't changed is the same object from one snapshot to the next; all of it is frozen.
 */
export class SnapshotFold {
  readonly #readiness: Readiness;
  #steps: ChunkedSteps<StepSnapshot>;
  readonly #counts: Record<StepStatus, number>;
  readonly #resources: Record<string, { taken: number; limit: number }>;
  readonly #stopsAt: string | undefined;
  /** When each back-off is over. */
  readonly #dueAt = new Map<string, number>();
  /** When the attempts under way have started. */
  readonly #startOf = new Map<string, number>();
  readonly #holdings = new Holdings();
  readonly #descent = new Descent();
  /** The steps that have changed since the last snapshot, by place. */
  readonly #changed = new Map<number, StepSnapshot>();
  #hasChanged = false;
  #status: RunStatus;
  #startedAt: number | null;
  #endedAt: number | null;
  #isPaused: boolean;
  #pausedResources: readonly string[];
  #current: RunSnapshot;

  /**
   * @param infos - the steps of the workflow
   * @param initial - where the run stood before the first event
   * @param steps - where its steps stood, in their order
   * @param stopsAt - the step whose failure stops the run, where one does
   */
  constructor(
    infos: readonly PicturedStep[],
    initial: Omit<RunSnapshot, 'steps'>,
    steps: readonly StepSnapshot[],
    stopsAt: string | undefined,
  ) {
    const isCompleted = new Map(steps.map(({ id, status }) => [id, status === 'completed']));
    this.#readiness = new Readiness(infos, isCompleted);
    this.#steps = ChunkedSteps.of(
      steps.map(({ waitingFor: _, ...step }) => step),
      (id) => this.#readiness.placeOf(id),
    );
    this.#stopsAt = stopsAt;
    this.#counts = { ...initial.counts };
    this.#resources = copied(initial.resources);
    this.#current = freeze(
      {
        ...initial,
        counts: { ...initial.counts },
        pausedResources: [...initial.pausedResources],
        resources: copied(initial.resources),
        waits: [],
        steps: this.#steps,
      },
      true,
    );
    this.#status = initial.status;
    this.#startedAt = initial.startedAt;
    this.#endedAt = initial.endedAt;
    this.#isPaused = initial.isPaused;
    this.#pausedResources = initial.pausedResources;
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
        this.#start(event);
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
        this.#complete(event);
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
        this.#change(event.stepId, { readyBy: event.readyBy ?? null });
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
    this.#steps = this.#steps.with(this.#changed);
    this.#changed.clear();
    const before = this.#current;
    this.#current = immer.produce(before, (draft) => {
      // Immer takes a value equal to the one there for no change.
      draft.status = this.#status;
      draft.startedAt = this.#startedAt;
      draft.endedAt = this.#endedAt;
      Object.assign(draft.counts, this.#counts);
      draft.isPaused = this.#isPaused;
      draft.pausedResources = this.#pausedResources as string[];
      // A draft can't have just any name.
      if (!areEqual(before.resources, this.#resources)) draft.resources = copied(this.#resources);
      draft.steps = this.#steps;
    });
    return this.#current;
  }

  #countChild(event: ProgressEvent): void {
    const originId = this.#descent.add(event);
    const children = originId === undefined ? undefined : this.#descent.countsOf(originId);
    if (originId !== undefined && children !== undefined)
      this.#change(originId, { children: { ...children } });
  }

  #start({ stepId, attempt, at, readyBy, waited }: StepStarted): void {
    const place = this.#readiness.placeOf(stepId);
    if (place === undefined) return;
    const startedAt = this.#stepAt(place)?.startedAt ?? at;
    this.#dueAt.delete(stepId);
    this.#startOf.set(stepId, at);
    this.#change(stepId, {
      status: 'running',
      attempts: attempt,
      startedAt,
      endedAt: null,
      readyBy: readyBy ?? null,
      ...(attempt === 1 && waited !== undefined ? { waited } : {}),
    });
  }

  #complete(event: StepCompleted): void {
    const { stepId, at, durationMs } = event;
    // It may be told some time after its attempt has ended, as it was written down meanwhile.
    const endedAt = (this.#startOf.get(stepId) ?? at - durationMs) + durationMs;
    this.#settle(stepId, 'completed', at - endedAt < leastDelay ? at : endedAt);
    const origin = originIn(event);
    if (origin !== undefined) this.#change(stepId, { origin });
  }

  #settle(id: string, status: StepStatus, at: number): void {
    const current = this.#stepAt(this.#readiness.placeOf(id))?.status;
    this.#dueAt.delete(id);
    this.#startOf.delete(id);
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
      const step = this.#stepAt(place);
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
    const step = this.#stepAt(index);
    if (index === undefined || step === undefined) return;
    const changed = Object.freeze({ ...step, ...change });
    this.#counts[step.status]--;
    this.#counts[changed.status]++;
    this.#changed.set(index, changed);
    this.#hasChanged = true;
  }

  #stepAt(place: number | undefined): StepSnapshot | undefined {
    return place === undefined ? undefined : (this.#changed.get(place) ?? this.#steps.at(place));
  }
}

type Resources = RunSnapshot['resources'];

function copied(resources: Resources): Record<string, { taken: number; limit: number }> {
  return Object.fromEntries(Object.entries(resources).map(([name, amounts]) => [name, { ...amounts }]));
}

function areEqual(before: Resources, now: Resources): boolean {
  return Object.entries(now).every(([name, { taken, limit }]) => {
    const known = ownOf(before, name);
    return known?.taken === taken && known.limit === limit;
  });
}

/** What is less, in ms, is what adding leaves over. */
const leastDelay = 1e-3;
