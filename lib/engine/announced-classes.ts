import type { AnnouncedLimit } from '../admission/announced-limits.ts';
import type { Demand } from '../admission/demand.ts';
import { followedLimit, type Limits } from '../admission/limits.ts';
import { ownOf } from '../base/record.ts';

/**
 * The classes of a run whose limit somebody else knows, as workers that announce their slots.
 *
 * Nobody waits for ever for workers that may come: the limit never falls below the most that one demand takes of the class.
 */
export class AnnouncedClasses {
  /** Hears of each that comes while the run is under way. */
  onAdded: ((resource: string) => void) | undefined;
  readonly #limits: () => Limits;
  /** Each with the most that one demand takes of it. */
  readonly #mostOf = new Map<string, number>();

  /** @param limits - those that the run has been given so far */
  constructor(limits: () => Limits, names: Iterable<string>, demands: Iterable<Demand>) {
    this.#limits = limits;
    for (const name of names) if (this.#announcementOf(name) !== undefined) this.#mostOf.set(name, 1);
    if (this.#mostOf.size === 0) return;
    for (const demand of demands)
      for (const name of this.#mostOf.keys()) this.#note(name, ownOf(demand, name));
  }

  get names(): Iterable<string> {
    return this.#mostOf.keys();
  }

  has(name: string): boolean {
    return this.#mostOf.has(name);
  }

  /** How much there is of the class at least. */
  leastOf(name: string): number {
    return this.#mostOf.get(name) ?? 0;
  }

  /** What the limit is now, as it counts here; `undefined` where the run has been given one of its own meanwhile. */
  limitOf(name: string): number | undefined {
    const limit = this.#announcementOf(name);
    return limit === undefined ? undefined : Math.max(limit.value, this.leastOf(name));
  }

  /** Calls back when the limit has changed, until the returned function is called. */
  watch(name: string, changed: () => void): () => void {
    return this.#announcementOf(name)?.watch(changed) ?? doNothing;
  }

  /** Whether a class that has just come is one of these; if so, {@link onAdded} is to be called once it is there. */
  enter(name: string): boolean {
    if (this.#announcementOf(name) === undefined) return false;
    this.#mostOf.set(name, 1);
    return true;
  }

  /** What there has to be of a class for a demand that has come; `undefined` where somebody here decides. */
  roomFor(name: string, amount: number): number | undefined {
    if (!this.has(name) || this.#announcementOf(name) === undefined) return undefined;
    this.#note(name, amount);
    return Math.max(1, amount);
  }

  #note(name: string, amount = 0): void {
    this.#mostOf.set(name, Math.max(this.leastOf(name), amount));
  }

  #announcementOf(name: string): AnnouncedLimit | undefined {
    return followedLimit(this.#limits(), name);
  }
}

function doNothing(): void {
  // There is nothing to take back.
}
