// Long because what a snapshot keeps, and what of it is made anew, is one state.
import type { Observable, Subscriber } from 'rxjs';
import { ownOf } from '../base/record.ts';
import { Observable as RxObservable } from '../base/rxjs-parts.ts';
import { ChunkedSteps, frozen } from '../base/step-list.ts';
import type { RunSnapshot, StepSnapshot } from './run-snapshot.ts';
import type { RunView } from './run-view.ts';
import { type StepStatus, stepStatuses } from './step-status.ts';
import type { WaitReason, Waits } from './wait-reason.ts';

/** At most one snapshot is emitted in this time, in ms. */
const frameMs = 16;

/**
 * Keeps a run's snapshot up to date. The cost of an update follows the number of steps that changed.
 *
 * 1. `snapshot$` emits where the run stands at once, then at most once a frame, when something has changed; last
 *    the final snapshot, and it completes. It never errors.
 * 2. Without a subscriber nothing is built; changes are only noted.
 */
export class Snapshots {
  readonly snapshot$: Observable<RunSnapshot>;
  readonly #run: RunView;
  readonly #dirty = new Set<number>();
  readonly #subscribers = new Set<Subscriber<RunSnapshot>>();
  readonly #counts: Record<StepStatus, number>;
  /** The steps that are ready, and how often what such steps wait for had changed. */
  readonly #ready = new Set<number>();
  #reasonChanges = 0;
  /** Those that wait, but for no step that they need. */
  readonly #others = new Set<number>();
  /** Those that were told to wait for a step, by that one. */
  readonly #waitFor = new Map<number, number[]>();
  readonly #reasons = new Map<number, WaitReason>();
  readonly #named = new Set<WaitReason | undefined>();
  #steps: ChunkedSteps<StepSnapshot>;
  /** All but the steps. */
  #state: Omit<RunSnapshot, 'steps'>;
  #current: RunSnapshot;
  #cancelFrame: (() => void) | undefined;

  constructor(run: RunView) {
    this.#run = run;
    this.#reasonChanges = run.reasonChanges;
    const { graph } = run.blueprint;
    this.#steps = ChunkedSteps.of(
      graph.ids.map((_, index) => this.#step(index)),
      (id) => graph.indexOf(id),
    );
    this.#counts = Object.fromEntries(stepStatuses.map((name) => [name, 0])) as Record<StepStatus, number>;
    let place = 0;
    for (const step of this.#steps) {
      this.#counts[step.status]++;
      this.#sort(place++, step);
    }
    this.#state = frozen({ ...this.#head(), counts: { ...this.#counts } });
    this.#current = Object.freeze({ ...this.#state, steps: this.#steps });
    this.snapshot$ = new RxObservable((subscriber) => {
      subscriber.next(this.current());
      if (run.isOver) {
        subscriber.complete();
        return;
      }
      this.#subscribers.add(subscriber);
      subscriber.add(() => {
        this.#subscribers.delete(subscriber);
        if (this.#subscribers.size === 0) this.#dropFrame();
      });
    });
  }

  /** Notes that a step has changed. */
  touch(index: number): void {
    this.#dirty.add(index);
    this.touchRun();
  }

  /** Notes that something has changed. */
  touchRun(): void {
    if (this.#subscribers.size === 0 || this.#cancelFrame !== undefined) return;
    this.#cancelFrame = this.#run.clock.after(frameMs, () => {
      this.#cancelFrame = undefined;
      this.#emit();
    });
  }

  /** The snapshot of this moment. */
  current(): RunSnapshot {
    const changes = new Map<number, StepSnapshot>();
    this.#noteReasons();
    for (const index of this.#dirty) {
      const step = this.#step(index);
      this.#counts[(this.#steps.at(index) as StepSnapshot).status]--;
      this.#counts[step.status]++;
      changes.set(index, step);
      this.#sort(index, step);
    }
    this.#dirty.clear();
    const before = this.#state;
    const head = this.#head();
    // What is equal stays the same object.
    const state = {
      ...head,
      counts: isEqual(before.counts, this.#counts) ? before.counts : { ...this.#counts },
      resources: sharedResources(before.resources, head.resources),
      waits: sharedWaits(before.waits, head.waits),
    };
    if (changes.size === 0 && isEqual(before, state)) return this.#current;
    this.#state = frozen(state);
    this.#steps = this.#steps.with(changes);
    this.#current = Object.freeze({ ...state, steps: this.#steps });
    return this.#current;
  }

  /** What others wait for may be something else, though they are what they were. */
  #noteReasons(): void {
    const run = this.#run;
    for (const index of this.#others)
      if (!isSame(run.waitingForOf(index), this.#steps.at(index)?.waitingFor)) this.#dirty.add(index);
    for (const index of this.#dirty) {
      const waiting = this.#waitFor.get(index);
      if (waiting === undefined || !isSettled(run.statusOf(index))) continue;
      this.#waitFor.delete(index);
      // Who doesn't wait any more has been noted. A Set goes on over what is added while it is walked.
      for (const other of waiting) if (run.statusOf(other) === 'waiting') this.#dirty.add(other);
    }
    if (run.reasonChanges === this.#reasonChanges) return;
    this.#reasonChanges = run.reasonChanges;
    for (const index of this.#ready)
      if (run.waitingForOf(index) !== this.#steps.at(index)?.waitingFor) this.#dirty.add(index);
  }

  /** Notes of whom what it waits for may change though it doesn't change itself. */
  #sort(index: number, { status, waitingFor }: StepSnapshot): void {
    if (status === 'ready') this.#ready.add(index);
    else this.#ready.delete(index);
    if (status === 'waiting' && !this.#named.has(waitingFor)) this.#others.add(index);
    else this.#others.delete(index);
  }

  #waitingFor(index: number): WaitReason | undefined {
    const reason = this.#run.waitingForOf(index);
    if (typeof reason !== 'number') return reason;
    const waiting = this.#waitFor.get(reason);
    if (waiting === undefined) this.#waitFor.set(reason, [index]);
    else waiting.push(index);
    let known = this.#reasons.get(reason);
    if (known === undefined) {
      known = Object.freeze({ kind: 'step', stepId: this.#run.blueprint.graph.ids[reason] ?? '' });
      this.#reasons.set(reason, known);
      this.#named.add(known);
    }
    return known;
  }

  /** Emits the final snapshot and completes. */
  complete(): void {
    this.#dropFrame();
    this.#emit();
    for (const subscriber of [...this.#subscribers]) subscriber.complete();
  }

  #emit(): void {
    if (this.#subscribers.size === 0) return;
    const snapshot = this.current();
    for (const subscriber of [...this.#subscribers]) subscriber.next(snapshot);
  }

  #dropFrame(): void {
    this.#cancelFrame?.();
    this.#cancelFrame = undefined;
  }

  #head() {
    const { runId, blueprint, status, startedAt, endedAt, resources, isPaused, pausedResources } = this.#run;
    const waits = status === 'running' ? this.#run.waits() : none;
    return {
      runId,
      workflow: blueprint.name,
      status,
      startedAt: orNull(startedAt),
      endedAt: orNull(endedAt),
      isPaused,
      pausedResources,
      resources,
      waits,
    };
  }

  #step(index: number): StepSnapshot {
    const run = this.#run;
    const { ids } = run.blueprint.graph;
    const children = run.childrenOf(index);
    const status = run.statusOf(index);
    const startedAt = orNull(run.startedAtOf(index));
    const origin = run.originOf(index);
    const waitingFor = this.#waitingFor(index);
    const waited = startedAt === null ? undefined : run.waitedOf(index);
    // Only then do events tell it.
    const readyBy = startedAt === null && status !== 'skipped' ? undefined : run.readyByOf(index);
    return {
      id: ids[index] ?? '',
      status,
      attempts: run.attemptsOf(index),
      startedAt,
      endedAt: orNull(run.endedAtOf(index)),
      readyBy: readyBy === undefined ? null : (ids[readyBy] ?? null),
      ...(waitingFor === undefined ? {} : { waitingFor }),
      ...(waited === undefined ? {} : { waited }),
      fraction: run.fractionOf(index) ?? null,
      ...(origin === undefined ? {} : { origin }),
      ...(children === undefined ? {} : { children }),
    };
  }
}

/** Whether two records of the same names have the same values. */
function isEqual<Part extends object>(left: Part, right: Part): boolean {
  return Object.entries(left).every(([name, value]) => Object.is(value, right[name as keyof Part]));
}

/** What is there now, as the same objects as before in so far as that is equal. */
function sharedResources(
  before: RunSnapshot['resources'],
  now: RunSnapshot['resources'],
): RunSnapshot['resources'] {
  let isSame = Object.keys(before).length === Object.keys(now).length;
  const entries = Object.entries(now).map(([name, amounts]) => {
    const known = ownOf(before, name);
    if (known?.taken === amounts.taken && known.limit === amounts.limit) return [name, known] as const;
    isSame = false;
    return [name, amounts] as const;
  });
  return isSame ? before : Object.fromEntries(entries);
}

const none: readonly Waits[] = [];

/** @param now - a number is a step that is needed, of which the other wasn't told */
function isSame(now: WaitReason | number | undefined, before: WaitReason | undefined): boolean {
  if (now === undefined || before === undefined || typeof now === 'number') return now === before;
  return now.kind === before.kind && (now.kind !== 'step' || now.stepId === (before as typeof now).stepId);
}

function isSettled(status: StepStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled' || status === 'skipped';
}

/** What is waited for now, as the same list as before where that is equal. */
function sharedWaits(before: readonly Waits[], now: readonly Waits[]): readonly Waits[] {
  const isSame =
    before.length === now.length &&
    now.every((each, at) => {
      const other = before[at];
      return other?.for === each.for && other.count === each.count && other.first === each.first;
    });
  return isSame ? before : now;
}

function orNull(time: number): number | null {
  return Number.isNaN(time) ? null : time;
}
