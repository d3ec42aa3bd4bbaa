import type { Demand } from '../../lib/index.ts';

interface Waiting {
  readonly id: string;
  readonly demand: Demand;
  overtaken: number;
  isBarrier: boolean;
}

/**
 * What the design says of resource classes, as plain lists: who may start now?
 *
 * A step's whole demand must fit. An admission that takes a class of which a waiting step lacks some overtakes it; at
 * `maxOvertakes` that step is a barrier, and nobody else may take what it lacks. Barriers go first, all in rank order.
 */
export class ListAdmission {
  readonly #ranking: readonly string[];
  readonly #limits: Readonly<Record<string, number>>;
  readonly #maxOvertakes: number;
  #waiting: Waiting[] = [];
  readonly #held = new Map<string, Demand>();
  readonly #lost = new Map<string, Demand>();

  /** @param ranking - all ids, the first to start first */
  constructor(ranking: readonly string[], limits: Readonly<Record<string, number>>, maxOvertakes: number) {
    this.#ranking = ranking;
    this.#limits = limits;
    this.#maxOvertakes = maxOvertakes;
  }

  ready(id: string, demand: Demand): void {
    this.#waiting.push({ id, demand, overtaken: 0, isBarrier: false });
    this.#waiting.sort((left, right) => this.#ranking.indexOf(left.id) - this.#ranking.indexOf(right.id));
  }

  isWaiting(id: string): boolean {
    return this.#waiting.some((step) => step.id === id);
  }

  leave(id: string): void {
    this.#waiting = this.#waiting.filter((step) => step.id !== id);
  }

  start(id: string): void {
    const overtaken = new Set(this.overtakenBy(id));
    const { demand } = this.#find(id);
    for (const other of this.#waiting) {
      if (!overtaken.has(other.id)) continue;
      other.overtaken++;
      if (other.overtaken >= this.#maxOvertakes) other.isBarrier = true;
    }
    this.leave(id);
    this.#held.set(id, demand);
  }

  /** Those that are overtaken if this one starts now. */
  overtakenBy(id: string): string[] {
    const { demand } = this.#find(id);
    return this.waiting.filter(
      (other) => other !== id && this.#lacks(this.#find(other)).some((name) => name in demand),
    );
  }

  /** The ids of those that wait, in rank order. */
  get waiting(): string[] {
    return this.#waiting.map(({ id }) => id);
  }

  /** What an attempt held is there again. */
  release(id: string): void {
    this.#held.delete(id);
  }

  /** What an attempt holds may never come back. */
  abandon(id: string, attempt: number): void {
    this.#lost.set(`${id} ${String(attempt)}`, this.#held.get(id) ?? {});
    this.#held.delete(id);
  }

  /** It has come back after all, if it was lost. */
  recover(id: string, attempt: number): void {
    this.#lost.delete(`${id} ${String(attempt)}`);
  }

  /** Whether a demand can never fit any more. */
  isHopeless(demand: Demand): boolean {
    const lost = this.#sum(this.#lost.values());
    return Object.entries(demand).some(([name, amount]) => amount > this.#limitOf(name) - (lost[name] ?? 0));
  }

  get hopeless(): string[] {
    return this.#waiting.filter(({ demand }) => this.isHopeless(demand)).map(({ id }) => id);
  }

  /** The one that starts now, if any. */
  next(): string | undefined {
    const barred = new Set<string>();
    // Where nothing may be overtaken, what doesn't fit is a barrier at once.
    for (const step of this.#waiting) {
      if (this.#maxOvertakes === 0 && this.#lacks(step).length > 0) step.isBarrier = true;
    }
    for (const step of this.#waiting.filter(({ isBarrier }) => isBarrier)) {
      if (this.#mayStart(step, barred)) return step.id;
      for (const name of this.#lacks(step)) barred.add(name);
    }
    return this.#waiting.find((step) => !step.isBarrier && this.#mayStart(step, barred))?.id;
  }

  #find(id: string): Waiting {
    const step = this.#waiting.find((each) => each.id === id);
    if (step === undefined) throw new Error(`${id} isn't ready`);
    return step;
  }

  #mayStart(step: Waiting, barred: ReadonlySet<string>): boolean {
    return this.#lacks(step).length === 0 && Object.keys(step.demand).every((name) => !barred.has(name));
  }

  /** The classes of which a step demands more than is free. */
  #lacks({ demand }: Waiting): string[] {
    const held = this.#sum([...this.#held.values(), ...this.#lost.values()]);
    return Object.entries(demand)
      .filter(([name, amount]) => amount > this.#limitOf(name) - (held[name] ?? 0))
      .map(([name]) => name);
  }

  #limitOf(name: string): number {
    return this.#limits[name] ?? 0;
  }

  #sum(demands: Iterable<Demand>): Record<string, number> {
    const total: Record<string, number> = {};
    for (const demand of demands) {
      for (const [name, amount] of Object.entries(demand)) total[name] = (total[name] ?? 0) + amount;
    }
    return total;
  }
}
