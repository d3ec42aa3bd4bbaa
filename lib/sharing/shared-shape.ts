import { LinkedList, ListNode } from '../base/linked-list.ts';
import type { SharedClass } from './shared-class.ts';

/** What is demanded of one class. */
export interface Part {
  readonly class: SharedClass<SharedShape>;
  readonly amount: number;
  /** How much of it counts for its rate. */
  readonly rated: number;
}

/** A run that waits for a demand. */
export interface Waiter {
  /** Higher ones go first. */
  readonly priority: number;
  /** Among equals, the lower goes first. */
  readonly turn: number;
  /** When it came into line; a number that no other one has. */
  readonly since: number;
  /** Whether it was overtaken so often that others have to wait for it. */
  readonly isBarrier: boolean;
  readonly arrival: Spot;
  readonly rank: Spot;
  /** Counts that it was overtaken by a start, of which each has a number. */
  overtake(start: number): void;
  /** Its turn has come. */
  grant(): void;
  /** The time, in ms, as its run has read it last; `undefined` where that isn't the host's. */
  readonly liveNow: number | undefined;
}

/** A waiter's place in a list. */
export class Spot extends ListNode {
  readonly waiter: Waiter;

  constructor(waiter: Waiter) {
    super();
    this.waiter = waiter;
  }
}

/**
 * One demand on shared limits, and the runs that wait for it.
 *
 * Runs that wait for one demand can go or can't go together, so that a decision looks at the first of them.
 *
 * ```
 * arrivals   a* ─▶ b* ─▶ c ─▶ d ─▶ e     all who wait, as they came; barriers (*) are always the first
 * levels     5: d     0: c ─▶ e          those that aren't barriers, by priority, then in turn
 * ```
 */
export class SharedShape {
  readonly parts: readonly Part[];
  /** How many runs know it, and how often it is taken. */
  keepers = 0;
  held = 0;
  readonly #arrivals = new LinkedList<Spot>();
  readonly #levels: { readonly priority: number; readonly spots: LinkedList<Spot> }[] = [];

  readonly #forget: (shape: SharedShape) => void;

  /** @param forget - called once nobody knows it or has taken it */
  constructor(parts: readonly Part[], forget: (shape: SharedShape) => void) {
    this.parts = parts;
    this.#forget = forget;
  }

  forgetIfIdle(): void {
    if (this.keepers === 0 && this.held === 0) this.#forget(this);
  }

  /** Whether something of it is bounded by a rate. */
  get isRated(): boolean {
    for (const { class: each } of this.parts) if (each.window !== undefined) return true;
    return false;
  }

  /** Whether so much is free, and may start. */
  get fits(): boolean {
    for (const { class: each, amount, rated } of this.parts)
      if (each.taken + amount > each.ceiling || each.isShut(rated)) return false;
    return true;
  }

  /** Whether it can be taken now without a turn: it fits, nobody has to be asked first, and nobody has waited too long. */
  isOpenFor(waiter: Waiter): boolean {
    const { parts } = this;
    let mayBeBarred = false;
    for (let at = 0; at < parts.length; at++) {
      const { class: each, amount, rated } = parts[at] as Part;
      if (each.taken + amount > each.ceiling || each.isInQuestion) return false;
      if (each.isGated && each.isShut(rated)) return false;
      if (each.barriers > 0) mayBeBarred = true;
    }
    return !mayBeBarred || !this.isBarredFor(waiter);
  }

  /** Whether something is demanded of a class of which another demand takes, too. */
  competesWith(other: SharedShape): boolean {
    return this.parts.some((part) => other.parts.some((each) => each.class === part.class));
  }

  /** What is demanded of a class of which so much can never be free again. */
  get hopelessPart(): Part | undefined {
    return this.parts.find(({ class: each, amount }) => each.lost + amount > each.ceiling);
  }

  /** The one that has waited longest. */
  get first(): Waiter | undefined {
    return this.#arrivals.first?.waiter;
  }

  /** The one whose turn is next. */
  get next(): Waiter | undefined {
    const { first } = this;
    return first === undefined || first.isBarrier ? first : this.#levels[0]?.spots.first?.waiter;
  }

  /** All who wait, as they came. */
  *waiters(): Iterable<Waiter> {
    for (let spot = this.#arrivals.first; spot !== undefined; spot = spot.next as Spot | undefined)
      yield spot.waiter;
  }

  /** Somebody waits from now on; one who comes back stands where it stood. */
  enter(waiter: Waiter): void {
    if (this.#arrivals.size === 0) for (const part of this.parts) part.class.waiting.add(this);
    let later = this.#arrivals.first;
    if (later !== undefined && this.#isNewest(waiter)) later = undefined;
    while (later !== undefined && later.waiter.since < waiter.since) later = later.next as Spot | undefined;
    if (later === undefined) this.#arrivals.push(waiter.arrival);
    else this.#arrivals.insertBefore(waiter.arrival, later);
    if (!waiter.isBarrier) this.#rank(waiter);
    for (const part of this.parts) part.class.countInLine(1, waiter.isBarrier);
  }

  leave(waiter: Waiter): void {
    this.#arrivals.remove(waiter.arrival);
    if (waiter.rank.isListed) this.#unrank(waiter);
    for (const part of this.parts) part.class.countInLine(-1, waiter.isBarrier);
    if (this.#arrivals.size === 0) for (const part of this.parts) part.class.waiting.delete(this);
  }

  /** A waiter has another turn, the last of all. */
  moveBack(waiter: Waiter): void {
    if (!waiter.rank.isListed) return;
    this.#unrank(waiter);
    this.#rank(waiter);
  }

  /** A waiter has become a barrier: it is served as it came. */
  bar(waiter: Waiter): void {
    if (waiter.rank.isListed) this.#unrank(waiter);
    for (const part of this.parts) part.class.barriers++;
  }

  /** Whether somebody has waited so long that this demand can't be taken, by one who waits for it or by somebody new. */
  isBarredFor(waiter: Waiter): boolean {
    for (const part of this.parts) {
      if (part.class.barriers === 0) continue;
      for (const other of part.class.waiting) {
        const { first } = other;
        if (first === undefined || !first.isBarrier || first === waiter) continue;
        if (waiter.isBarrier && waiter.since < first.since) continue;
        if (other.isDeprivedBy(part)) return true;
      }
    }
    return false;
  }

  /** Whether those who wait for this demand couldn't have it any more if somebody took so much of a class. */
  isDeprivedBy({ class: taken, amount, rated }: Part): boolean {
    const own = this.parts.find((part) => part.class === taken);
    // Whom something else keeps from starting gains nothing by it.
    if (own === undefined || this.hopelessPart !== undefined || this.#isPaused) return false;
    if (amount > 0 && own.amount > 0 && taken.taken + amount + own.amount > taken.ceiling) return true;
    if (taken.window === undefined || rated === 0) return false;
    return !taken.window.admits(rated + own.rated, taken.owner.clock.now());
  }

  /** Counts a start of this demand against all who came earlier and have less for it. */
  countOvertakes(since: number, start: number): void {
    const { parts } = this;
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at] as Part;
      if (part.class.inLine === 0) continue;
      for (const other of part.class.waiting) {
        const { first } = other;
        if (first === undefined || first.since >= since || !other.isDeprivedBy(part)) continue;
        for (const waiter of other.waiters()) {
          if (waiter.since >= since) break;
          waiter.overtake(start);
        }
      }
    }
  }

  get #isPaused(): boolean {
    return this.parts.some((part) => part.class.isPaused || part.class.owner.isPaused);
  }

  #isNewest({ since }: Waiter): boolean {
    return this.#arrivals.last === undefined || this.#arrivals.last.waiter.since < since;
  }

  #rank(waiter: Waiter): void {
    const levels = this.#levels;
    let at = 0;
    while (at < levels.length && (levels[at] as (typeof levels)[number]).priority > waiter.priority) at++;
    let level = levels[at];
    if (level?.priority !== waiter.priority) {
      level = { priority: waiter.priority, spots: new LinkedList() };
      levels.splice(at, 0, level);
    }
    level.spots.push(waiter.rank);
  }

  #unrank(waiter: Waiter): void {
    const at = this.#levels.findIndex(({ priority }) => priority === waiter.priority);
    const level = this.#levels[at];
    level?.spots.remove(waiter.rank);
    if (level?.spots.size === 0) this.#levels.splice(at, 1);
  }
}

/** Which of two that wait, whatever for, goes first: barriers as they came, then the others by priority and in turn. */
export function isBefore(left: Waiter, right: Waiter): boolean {
  if (left.isBarrier !== right.isBarrier) return left.isBarrier;
  if (left.isBarrier) return left.since < right.since;
  if (left.priority !== right.priority) return left.priority > right.priority;
  return left.turn < right.turn;
}
