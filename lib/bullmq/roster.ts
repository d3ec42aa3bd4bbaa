import { type Announcement, protocol } from './messages.ts';
import type { UnfitWorkers } from './no-remote-worker-error.ts';

/** A worker that has announced itself. */
export interface KnownWorker {
  announcement: Announcement;
  /** When it was heard of last. */
  heardAt: number;
}

/**
 * The workers there are, as far as is known: who has which tasks, and how much they do at once. Plain data, without time or I/O.
 *
 * 1. Workers of another protocol or version are known, so that messages can name them, but count for nothing.
 */
export class Roster {
  readonly #workers = new Map<string, KnownWorker>();
  readonly #version: string | undefined;

  /** @param version - that of the workers that count; any, where there is none */
  constructor(version: string | undefined) {
    this.#version = version;
  }

  get size(): number {
    return this.#fit().length;
  }

  get slots(): number {
    return this.#fit().reduce((sum, { announcement: { slots } }) => sum + slots, 0);
  }

  /** How long the longest lease is, in ms; 0 where nobody is there. */
  get leaseMs(): number {
    return Math.max(0, ...this.#fit().map(({ announcement: { leaseMs } }) => leaseMs));
  }

  has(worker: string): boolean {
    return this.#workers.has(worker);
  }

  laneOf(worker: string): string | undefined {
    return this.#workers.get(worker)?.announcement.lane;
  }

  /** A worker has announced itself. Says whether that changes what can be done. */
  note(announcement: Announcement, now: number): boolean {
    const known = this.#workers.get(announcement.worker);
    this.#workers.set(announcement.worker, { announcement, heardAt: now });
    if (!this.#isFit(announcement)) return false;
    return known?.announcement.slots !== announcement.slots;
  }

  /** It is gone. Says whether it was there. */
  forget(worker: string): boolean {
    return this.#workers.delete(worker);
  }

  /** The workers that were silent for longer than their lease. */
  silent(now: number): string[] {
    return [...this.#workers.values()]
      .filter(({ announcement: { leaseMs }, heardAt }) => now - heardAt >= leaseMs)
      .map(({ announcement: { worker } }) => worker);
  }

  /** When the next worker is silent for too long; `undefined` where none is there. */
  nextSilence(): number | undefined {
    const all = [...this.#workers.values()].map(
      ({ announcement: { leaseMs }, heardAt }) => heardAt + leaseMs,
    );
    return all.length === 0 ? undefined : Math.min(...all);
  }

  /** Whether all workers of a lane were heard of after a moment. */
  haveSpoken(lane: string, since: number): boolean {
    return [...this.#workers.values()].every(
      ({ announcement, heardAt }) => announcement.lane !== lane || heardAt > since,
    );
  }

  isServed(lane: string): boolean {
    return this.slotsIn(lane) > 0;
  }

  /** How many calls the workers of a lane do at once. */
  slotsIn(lane: string): number {
    let slots = 0;
    for (const { announcement } of this.#fit()) if (announcement.lane === lane) slots += announcement.slots;
    return slots;
  }

  /** The lane of those who have a task, the least busy one; `undefined` where nobody has it. */
  laneFor(task: string, busyIn: (lane: string) => number): string | undefined {
    const slots = new Map<string, number>();
    for (const { announcement } of this.#fit())
      if (announcement.slots > 0 && announcement.tasks.includes(task))
        slots.set(announcement.lane, (slots.get(announcement.lane) ?? 0) + announcement.slots);
    let best: string | undefined;
    let least = Infinity;
    for (const [lane, size] of slots) {
      const load = busyIn(lane) / size;
      if (load >= least) continue;
      best = lane;
      least = load;
    }
    return best;
  }

  /** Why nobody can do a task. */
  unfit(): UnfitWorkers {
    const tasks = new Set(this.#fit().flatMap(({ announcement }) => announcement.tasks));
    const others = [...this.#workers.values()]
      .filter(({ announcement }) => !this.#isFit(announcement))
      .map(({ announcement: { worker, protocol: theirs, version } }) =>
        theirs === protocol
          ? `the worker ${worker} is of version '${version ?? 'none'}', not '${this.#version ?? 'none'}'`
          : `the worker ${worker} speaks protocol ${String(theirs)}, not ${String(protocol)}: install the same millrace on both sides`,
      );
    return { tasks: [...tasks], others: [...new Set(others)] };
  }

  #fit(): KnownWorker[] {
    return [...this.#workers.values()].filter(({ announcement }) => this.#isFit(announcement));
  }

  #isFit({ protocol: theirs, version }: Announcement): boolean {
    return theirs === protocol && (this.#version === undefined || version === this.#version);
  }
}
