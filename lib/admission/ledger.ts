import { invariant } from '../base/invariant.ts';
import type { Shape } from './shape.ts';

/**
 * What may be taken of a class. Sums of fractions may come out a hair above what was meant; sums of whole numbers
 * don't, and the half keeps those within the capacity to the last byte.
 */
export function ceilingOf(capacity: number): number {
  return capacity + Math.min(capacity * 1e-9, 0.5);
}

/** Whoever knows the present, in ms. */
export interface Time {
  readonly now: number;
}

const noTime: Time = { now: 0 };

/**
 * What is taken of each class, by place: how much, by how many, for how long, and how much of it for good.
 *
 * 1. What is taken equals the demands that were taken and have not been given back.
 * 2. What is forfeited stays taken until it is recovered.
 *
 * Whoever extends it decides what may be taken, and takes it.
 */
export abstract class Ledger<Item> {
  /** Called when there may be room that there wasn't, other than by what is given back. */
  onRoom: (() => void) | undefined;
  /** How much of each class is taken, and the most that ever was. */
  readonly taken: number[];
  readonly peaks: number[];
  readonly capacities: number[];
  protected readonly ceilings: number[];
  /** By how many demands. */
  readonly holders: number[];
  protected readonly time: Time;
  /** How much of each class is taken for good by items whose demand will not come back. */
  readonly #lost: number[];
  /** How many of those hold some of each class. */
  readonly #losers: number[];
  /** Amount × ms that was taken of each class up to its last change, and when that was. */
  readonly #takenMs: number[];
  readonly #changedAt: number[];
  /** The places of classes that were dropped. */
  readonly #free: number[] = [];

  constructor(capacities: readonly number[], time = noTime) {
    this.time = time;
    this.capacities = [...capacities];
    this.ceilings = capacities.map(ceilingOf);
    this.taken = capacities.map(() => 0);
    this.peaks = capacities.map(() => 0);
    this.holders = capacities.map(() => 0);
    this.#lost = capacities.map(() => 0);
    this.#losers = capacities.map(() => 0);
    this.#takenMs = capacities.map(() => 0);
    this.#changedAt = capacities.map(() => time.now);
  }

  /** A demand that was taken comes back. */
  giveBack(shape: Shape<Item>): void {
    const { classes, amounts } = shape;
    shape.held--;
    for (let at = 0; at < classes.length; at++) {
      const place = classes[at] as number;
      const holders = (this.holders[place] as number) - 1;
      invariant(holders >= 0, 'a demand was given back twice');
      this.holders[place] = holders;
      this.noteUse(place);
      // With no holder left, what remains is the rounding of fractions.
      this.taken[place] = holders === 0 ? 0 : (this.taken[place] as number) - (amounts[at] as number);
    }
    if (shape.shared !== undefined) shape.shared.giveBack();
  }

  /** What was taken as one demand is from now on that of several, each to be given back by itself. */
  split(whole: Shape<Item>, parts: readonly Shape<Item>[]): void {
    const count = ({ classes }: Shape<Item>, sign: number): void => {
      for (const place of classes) this.holders[place] = (this.holders[place] as number) + sign;
    };
    for (const part of parts) {
      part.held++;
      count(part, 1);
    }
    whole.held--;
    count(whole, -1);
    whole.shared?.split(parts.map(({ shared }) => shared));
  }

  /** How much of the class at a place was taken up to now, times how long, in ms. */
  takenMs(place: number, now: number): number {
    const since = this.#changedAt[place] ?? now;
    return (this.#takenMs[place] ?? 0) + (this.taken[place] ?? 0) * (now - since);
  }

  /** Makes room for a class that nothing has demanded so far; gives its place. */
  addClass(capacity: number): number {
    const place = this.#free.pop() ?? this.capacities.length;
    this.capacities[place] = capacity;
    this.ceilings[place] = ceilingOf(capacity);
    for (const column of [this.taken, this.peaks, this.holders, this.#lost, this.#losers, this.#takenMs])
      column[place] = 0;
    this.#changedAt[place] = this.time.now;
    return place;
  }

  /** No demand takes of a class any more: its place may become another's. */
  dropClass(place: number): void {
    invariant(this.holders[place] === 0, 'a class was dropped of which some is taken');
    this.#free.push(place);
  }

  /** Shapes demand of one class more from now on, and what of them is taken holds it. */
  extend(shapes: readonly Shape<Item>[], place: number, amountOf: (shape: Shape<Item>) => number): void {
    for (const shape of shapes) {
      const amount = amountOf(shape);
      if (amount === 0) continue;
      shape.extend(place, amount);
      this.holders[place] = (this.holders[place] as number) + shape.held;
      this.taken[place] = (this.taken[place] as number) + amount * shape.held;
    }
    this.peaks[place] = this.taken[place] as number;
  }

  /** Changes how much of a class there is. What has more than that keeps it until it is released. */
  setCapacity(place: number, capacity: number): void {
    this.capacities[place] = capacity;
    this.ceilings[place] = ceilingOf(capacity);
    this.onRoom?.();
  }

  /** Gives up hope that a demand comes back: it stays taken. */
  forfeit(shape: Shape<Item>): void {
    this.#lose(shape, 1);
    shape.shared?.forfeit();
  }

  /** A forfeited demand comes back after all. */
  recover(shape: Shape<Item>): void {
    this.#lose(shape, -1);
    shape.shared?.recover();
    this.giveBack(shape);
    this.onRoom?.();
  }

  /** How much of the class at a place is taken for good. */
  lostOf(place: number): number {
    return this.#lost[place] ?? 0;
  }

  /** The place of a class of which a shape demands more than can ever be free again, or `undefined`. */
  protected lacksForGood({ classes, amounts }: Shape<Item>): number | undefined {
    return classes.find(
      (place, at) =>
        (this.#lost[place] as number) + (amounts[at] as number) > (this.ceilings[place] as number),
    );
  }

  /** What is taken of a class is about to change. */
  protected noteUse(place: number): void {
    const now = this.time.now;
    const since = this.#changedAt[place] as number;
    if (now === since) return;
    this.#takenMs[place] = (this.#takenMs[place] as number) + (this.taken[place] as number) * (now - since);
    this.#changedAt[place] = now;
  }

  #lose({ classes, amounts }: Shape<Item>, sign: number): void {
    for (let at = 0; at < classes.length; at++) {
      const place = classes[at] as number;
      const losers = (this.#losers[place] as number) + sign;
      this.#losers[place] = losers;
      // With no loser left, what remains is the rounding of fractions.
      this.#lost[place] = losers === 0 ? 0 : (this.#lost[place] as number) + sign * (amounts[at] as number);
    }
  }
}
