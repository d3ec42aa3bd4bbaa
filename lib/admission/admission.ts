import { invariant } from '../base/invariant.ts';
import type { AdmissionQueue } from './admission-queue.ts';
import type { ItemOrder } from './priority-heap.ts';
import type { RateWindow } from './rate-window.ts';
import type { Shape } from './shape.ts';

/** How an {@link Admission} decides. */
export interface AdmissionRules<Item> extends ItemOrder<Item> {
  /** The capacity of each class. */
  readonly capacities: readonly number[];
  /** The shape of an item; the same object for equal demands. */
  shapeOf(item: Item): Shape<Item>;
  /**
   * How many admissions may take a class that a waiting item lacks before it becomes a barrier; `undefined` where
   * all demands are equal, so that none can be overtaken for lack of room.
   */
  readonly maxOvertakes: number | undefined;
  /** Whether it is an item's turn; absent where what fits may always start. Of one shape, the first in order is due first. */
  isDue?(item: Item): boolean;
  /** An item starts. */
  started?(item: Item): void;
  /** The time in ms, for rates. */
  now?(): number;
}

/** What keeps a class from being taken, its capacity apart. */
interface Gate {
  isPaused: boolean;
  window: RateWindow | undefined;
}

/**
 * What may be taken of a class. Sums of fractions may come out a hair above what was meant; sums of whole numbers
 * don't, and the half keeps those within the capacity to the last byte.
 */
function ceilingOf(capacity: number): number {
  return capacity + Math.min(capacity * 1e-9, 0.5);
}

/**
 * Decides which waiting item starts next: the first in order among those whose whole demand fits.
 *
 * 1. An item's demand is taken all at once or not at all, so nothing is held while waiting.
 * 2. What is taken equals the demands of the admitted items that have not been released.
 * 3. No class is ever taken above its capacity.
 * 4. An item that doesn't fit counts each admission that takes a class it lacks. At `maxOvertakes` it becomes
 *    a *barrier*: it goes before all items that aren't, and until it has started no other item may take a class of
 *    which it lacks some. Barriers are served in order.
 *
 * A class that is paused, or of which too much has started of late, lacks as one that is taken.
 *
 * Items of one demand wait in one heap, so that a decision costs a look at each distinct demand, not at each item.
 */
export class Admission<Item> implements AdmissionQueue<Item> {
  onRoom: (() => void) | undefined;
  /** Called when something waits that may go at a time to come, given in ms, though nothing is released. */
  onRate: ((roomAt: number) => void) | undefined;
  /** How much of each class is taken, and the most that ever was. */
  readonly taken: number[];
  readonly peaks: number[];
  readonly capacities: number[];
  readonly #rules: AdmissionRules<Item>;
  #maxOvertakes: number | undefined;
  readonly #ceilings: number[];
  readonly #holders: number[];
  /** How much of each class is taken for good by items whose demand will not come back. */
  readonly #lost: number[];
  /** How many forfeited items hold some of each class. */
  readonly #losers: number[];
  readonly #forfeited = new Set<Item>();
  /** Admitted items whose demand has come back before their end. */
  readonly #early = new Set<Item>();
  readonly #shapes: Shape<Item>[] = [];
  /** By place; absent where no class ever had a gate. */
  #gates: (Gate | undefined)[] | undefined;
  #waiting = 0;
  #barriers = 0;
  #pauses = 0;

  constructor(rules: AdmissionRules<Item>) {
    this.#rules = rules;
    this.#maxOvertakes = rules.maxOvertakes;
    this.capacities = [...rules.capacities];
    this.#ceilings = rules.capacities.map(ceilingOf);
    this.taken = rules.capacities.map(() => 0);
    this.peaks = rules.capacities.map(() => 0);
    this.#holders = rules.capacities.map(() => 0);
    this.#lost = rules.capacities.map(() => 0);
    this.#losers = rules.capacities.map(() => 0);
  }

  get waiting(): number {
    return this.#waiting;
  }

  enqueue(item: Item): void {
    const shape = this.#rules.shapeOf(item);
    if (!shape.isListed) {
      shape.isListed = true;
      this.#shapes.push(shape);
    }
    shape.add(item, this.#maxOvertakes !== undefined);
    this.#waiting++;
  }

  admit(): Item | undefined {
    if (this.#waiting === 0 || this.#pauses > 0) return undefined;
    if (this.#maxOvertakes === 0) this.#barAllThatLack();
    const shape = this.#barriers === 0 ? this.#best(noShapes) : this.#bestWithBarriers();
    if (shape !== undefined) return this.#start(shape);
    if (this.#gates !== undefined) this.#tellWhenRatesGiveRoom(this.#gates);
    return undefined;
  }

  release(item: Item): void {
    if (this.#forfeited.size > 0 && this.#forfeited.has(item)) return;
    if (this.#early.size > 0 && this.#early.delete(item)) return;
    const { classes, amounts } = this.#rules.shapeOf(item);
    for (let at = 0; at < classes.length; at++) {
      const place = classes[at] as number;
      const holders = (this.#holders[place] as number) - 1;
      invariant(holders >= 0, 'a demand was given back twice');
      this.#holders[place] = holders;
      // With no holder left, what remains is the rounding of fractions.
      this.taken[place] = holders === 0 ? 0 : (this.taken[place] as number) - (amounts[at] as number);
    }
  }

  /** Gives back the demand of an admitted item that goes on without it; its release has no effect then. */
  releaseEarly(item: Item): void {
    this.release(item);
    this.#early.add(item);
    this.onRoom?.();
  }

  /** The demand of an admitted item is that of another, equal one from now on; its own release has no effect then. */
  handOn(item: Item): void {
    this.#early.add(item);
  }

  /** Several items take over what one has taken for all of them, each its own demand. */
  split(item: Item, parts: readonly Item[]): void {
    const count = (each: Item, sign: number): void => {
      for (const place of this.#rules.shapeOf(each).classes)
        this.#holders[place] = (this.#holders[place] as number) + sign;
    };
    for (const part of parts) count(part, 1);
    count(item, -1);
  }

  /** Counts overtakes from now on, where so far all demands were equal. */
  boundOvertakes(maxOvertakes: number): void {
    if (this.#maxOvertakes !== undefined) return;
    this.#maxOvertakes = maxOvertakes;
    for (const shape of this.#shapes) shape.beginToCount();
  }

  /** Makes room for a class that nothing has demanded so far; gives its place. */
  addClass(capacity: number): number {
    this.#ceilings.push(ceilingOf(capacity));
    for (const column of [this.taken, this.peaks, this.#holders, this.#lost, this.#losers]) column.push(0);
    this.#gates?.push(undefined);
    return this.capacities.push(capacity) - 1;
  }

  /** Lets nothing more go until {@link resume} has been called as often. */
  pause(): void {
    this.#pauses++;
  }

  resume(): void {
    this.#pauses--;
    if (this.#pauses === 0 && this.#waiting > 0) this.onRoom?.();
  }

  /** Changes how much of a class there is. What has more than that keeps it until it is released. */
  setCapacity(place: number, capacity: number): void {
    this.capacities[place] = capacity;
    this.#ceilings[place] = ceilingOf(capacity);
    this.onRoom?.();
  }

  /** Lets nothing take of a class, or lets it again. */
  setPaused(place: number, isPaused: boolean): void {
    this.#gateOf(place).isPaused = isPaused;
    if (!isPaused) this.onRoom?.();
  }

  /** Bounds how much of a class may start in a stretch of time; `undefined` doesn't. Only where the rules tell the time. */
  setWindow(place: number, window: RateWindow | undefined): void {
    this.#gateOf(place).window = window;
    this.onRoom?.();
  }

  /** What has started of a class of late, where that is bounded. */
  windowOf(place: number): RateWindow | undefined {
    return this.#gates?.[place]?.window;
  }

  /** Takes out everything that waits, in order. */
  clear(): Item[] {
    const items = this.#shapes.flatMap((shape) => this.#empty(shape));
    return items.sort((left, right) => (this.#rules.before(left, right) ? -1 : 1));
  }

  /** Takes out one item that waits. */
  remove(item: Item): void {
    const shape = this.#rules.shapeOf(item);
    const barriers = shape.barriers.size;
    shape.remove(item, this.#maxOvertakes !== undefined);
    this.#barriers -= barriers - shape.barriers.size;
    this.#waiting--;
  }

  /** Gives up hope for an admitted item's demand: it stays taken, and its release has no effect. */
  forfeit(item: Item): void {
    this.#forfeited.add(item);
    this.#lose(item, 1);
  }

  /** The demand of a forfeited item came back after all. */
  recover(item: Item): void {
    this.#forfeited.delete(item);
    this.#lose(item, -1);
    this.release(item);
    this.onRoom?.();
  }

  /** The place of a class of which an item demands more than can ever be free again, or `undefined`. */
  neverFits(item: Item): number | undefined {
    const { classes, amounts } = this.#rules.shapeOf(item);
    return classes.find(
      (place, at) =>
        (this.#lost[place] as number) + (amounts[at] as number) > (this.#ceilings[place] as number),
    );
  }

  /** How much of the class at a place is taken for good. */
  lostOf(place: number): number {
    return this.#lost[place] ?? 0;
  }

  /** Takes out the waiting items that can never fit any more. */
  removeHopeless(): Item[] {
    return this.#shapes.flatMap((shape) => {
      const sample = shape.peek();
      return sample !== undefined && this.neverFits(sample) !== undefined ? this.#empty(shape) : [];
    });
  }

  #lose(item: Item, sign: number): void {
    const { classes, amounts } = this.#rules.shapeOf(item);
    for (let at = 0; at < classes.length; at++) {
      const place = classes[at] as number;
      const losers = (this.#losers[place] as number) + sign;
      this.#losers[place] = losers;
      // With no loser left, what remains is the rounding of fractions.
      this.#lost[place] = losers === 0 ? 0 : (this.#lost[place] as number) + sign * (amounts[at] as number);
    }
  }

  #empty(shape: Shape<Item>): Item[] {
    this.#waiting -= shape.size;
    this.#barriers -= shape.barriers.size;
    return shape.clear();
  }

  /** The shape whose first item goes next, of those that fit and take no class that a barrier lacks. */
  #best(lacking: readonly Shape<Item>[]): Shape<Item> | undefined {
    let best: Shape<Item> | undefined;
    let bestItem: Item | undefined;
    for (const shape of this.#shapes) {
      const item = shape.peek();
      if (item === undefined || !this.#fits(shape) || this.#isBarred(shape, lacking)) continue;
      if (this.#rules.isDue?.(item) === false) continue;
      if (best === undefined || this.#rules.before(item, bestItem as Item)) {
        best = shape;
        bestItem = item;
      }
    }
    return best;
  }

  #bestWithBarriers(): Shape<Item> | undefined {
    const lacking: Shape<Item>[] = [];
    const barred = this.#shapes.filter((shape) => shape.barriers.size > 0);
    barred.sort((left, right) =>
      this.#rules.before(left.barriers.peek() as Item, right.barriers.peek() as Item) ? -1 : 1,
    );
    for (const shape of barred) {
      if (!this.#fits(shape)) lacking.push(shape);
      else if (!this.#isBarred(shape, lacking)) return shape;
    }
    return this.#best(lacking);
  }

  #start(shape: Shape<Item>): Item {
    if (this.#maxOvertakes !== undefined) this.#countOvertakes(shape, this.#maxOvertakes);
    if (shape.barriers.size > 0) this.#barriers--;
    const item = shape.take();
    this.#rules.started?.(item);
    this.#waiting--;
    if (shape.size === 0 && this.#shapes.length > manyShapes) this.#unlist(shape);
    const { classes, amounts, rated } = shape;
    for (let at = 0; at < classes.length; at++) {
      const place = classes[at] as number;
      const taken = (this.taken[place] as number) + (amounts[at] as number);
      this.taken[place] = taken;
      this.#holders[place] = (this.#holders[place] as number) + 1;
      if (taken > (this.peaks[place] as number)) this.peaks[place] = taken;
      if (this.#gates !== undefined) this.#gates[place]?.window?.take(rated[at] as number, this.#now());
    }
    return item;
  }

  #unlist(shape: Shape<Item>): void {
    shape.isListed = false;
    this.#shapes.splice(this.#shapes.indexOf(shape), 1);
  }

  #fits({ classes, amounts, rated }: Shape<Item>): boolean {
    for (let at = 0; at < classes.length; at++) {
      if (this.#lacks(classes[at] as number, amounts[at] as number, rated[at] as number)) return false;
    }
    return true;
  }

  #lacks(place: number, amount: number, rated: number): boolean {
    if ((this.taken[place] as number) + amount > (this.#ceilings[place] as number)) return true;
    return this.#gates !== undefined && this.#isShut(this.#gates[place], rated);
  }

  #isShut(gate: Gate | undefined, amount: number): boolean {
    if (gate === undefined) return false;
    return gate.isPaused || gate.window?.admits(amount, this.#now()) === false;
  }

  #gateOf(place: number): Gate {
    this.#gates ??= this.capacities.map(() => undefined);
    const gate = this.#gates[place] ?? { isPaused: false, window: undefined };
    this.#gates[place] = gate;
    return gate;
  }

  #tellWhenRatesGiveRoom(gates: readonly (Gate | undefined)[]): void {
    const now = this.#now();
    const times = gates.map((gate) => (gate?.isPaused === true ? undefined : gate?.window?.roomAfter(now)));
    const earliest = Math.min(...times.map((time) => time ?? Infinity));
    if (earliest !== Infinity) this.onRate?.(earliest);
  }

  #now(): number {
    return this.#rules.now?.() ?? 0;
  }

  /** Whether a shape takes a class of which one of the others lacks some. */
  #isBarred(shape: Shape<Item>, lacking: readonly Shape<Item>[]): boolean {
    return lacking.some((other) => this.#takesWhatLacks(shape, other));
  }

  #takesWhatLacks(taker: Shape<Item>, other: Shape<Item>): boolean {
    return other.classes.some(
      (place, at) =>
        this.#lacks(place, other.amounts[at] as number, other.rated[at] as number) &&
        taker.amountOf(place) > 0,
    );
  }

  /** Where nothing may be overtaken, what doesn't fit is a barrier before anything else could go. */
  #barAllThatLack(): void {
    for (const shape of this.#shapes) {
      if (!this.#fits(shape)) this.#barriers += shape.countOvertake(0);
    }
  }

  /** Counts, before `taker` takes its demand, the admission against every shape that lacks some of it. */
  #countOvertakes(taker: Shape<Item>, maxOvertakes: number): void {
    for (const shape of this.#shapes) {
      if (shape !== taker && shape.size > 0 && this.#takesWhatLacks(taker, shape)) {
        this.#barriers += shape.countOvertake(maxOvertakes);
      }
    }
  }
}

const noShapes: readonly never[] = [];
// Empty shapes are kept while they are few: most fill again.
const manyShapes = 64;
