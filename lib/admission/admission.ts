// Long because what waits, what fits and who is barred are one state, and each decision looks at all of it.
import type { AdmissionQueue } from './admission-queue.ts';
import { Gates } from './gates.ts';
import { type Lack, lackOf, lacksShared, lacksTurn } from './lack.ts';
import { Ledger, type Time } from './ledger.ts';
import type { ItemOrder } from './priority-heap.ts';
import type { RateWindow } from './rate-window.ts';
import type { Shape } from './shape.ts';
import type { SharedAccess } from './shared-demand.ts';

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
  /** The time in ms, for rates and for how long what was taken; it stands still where there is none. */
  readonly time?: Time | undefined;
  /** Where shapes take of limits that are shared with others; absent where none does. */
  readonly shared?: SharedAccess | undefined;
}

/**
 * Decides which waiting item starts next: the first in order among those whose whole demand fits.
 *
 * 1. An item's demand is taken all at once or not at all, so nothing is held while waiting.
 * 2. No class is ever taken above its capacity.
 * 3. An item that doesn't fit counts each admission that takes a class it lacks. At `maxOvertakes` it becomes
 *    a *barrier*: it goes before all items that aren't, and until it has started no other item may take a class of
 *    which it lacks some. Barriers are served in order.
 *
 * 4. What also takes of limits that are shared with others starts if these allow it, too; where only they don't, the shape waits in their line.
 *
 * A class that is paused, or of which too much has started of late, lacks as one that is taken.
 *
 * Items of one demand wait in one heap, so that a decision costs a look at each distinct demand, not at each item.
 */
export class Admission<Item> extends Ledger<Item> implements AdmissionQueue<Item> {
  /** Called when something waits that may go at a time to come, given in ms, though nothing is released. */
  onRate: ((roomAt: number) => void) | undefined;
  /** Counts how often a demand that waits has come to lack something else. */
  lackChanges = 0;
  /** When the last pause of everything ended that took any time. */
  resumedAt = Number.NEGATIVE_INFINITY;
  #pausedAt = 0;
  readonly #rules: AdmissionRules<Item>;
  readonly #shared: SharedAccess | undefined;
  #maxOvertakes: number | undefined;
  readonly #shapes: Shape<Item>[] = [];
  /** Absent where no class ever had one. */
  #gates: Gates | undefined;
  #waiting = 0;
  #barriers = 0;
  #pauses = 0;

  constructor(rules: AdmissionRules<Item>) {
    super(rules.capacities, rules.time);
    this.#rules = rules;
    this.#maxOvertakes = rules.maxOvertakes;
    this.#shared = rules.shared;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Whether nothing is let go. */
  get isPaused(): boolean {
    return this.#pauses > 0;
  }

  /** @param shape - that of the item, where it is known */
  enqueue(item: Item, shape = this.#rules.shapeOf(item)): void {
    if (!shape.isListed) {
      shape.isListed = true;
      this.#shapes.push(shape);
    }
    shape.add(item, this.#maxOvertakes !== undefined);
    this.#waiting++;
  }

  admit(): Item | undefined {
    if (this.#waiting === 0 || this.#pauses > 0) {
      if (this.#shared !== undefined) this.#shared.settle();
      return undefined;
    }
    if (this.#maxOvertakes === 0) this.#barAllThatLack();
    const shape = this.#barriers === 0 ? this.#best(noShapes) : this.#bestWithBarriers();
    if (shape !== undefined) {
      const item = this.#start(shape);
      if (this.#shared !== undefined) this.#shared.passed();
      return item;
    }
    if (this.#shared !== undefined) this.#shared.settle();
    const roomAt = this.#gates?.earliestRoom() ?? Infinity;
    if (roomAt !== Infinity) this.onRate?.(roomAt);
    return undefined;
  }

  release(item: Item): void {
    this.giveBack(this.#rules.shapeOf(item));
  }

  /** Counts overtakes from now on, where so far all demands were equal. */
  boundOvertakes(maxOvertakes: number): void {
    if (this.#maxOvertakes !== undefined) return;
    this.#maxOvertakes = maxOvertakes;
    for (const shape of this.#shapes) shape.beginToCount();
  }

  /** Lets nothing more go until {@link resume} has been called as often. */
  pause(): void {
    if (this.#pauses === 0) this.#pausedAt = this.time.now;
    this.#pauses++;
  }

  resume(): void {
    this.#pauses--;
    const now = this.time.now;
    if (this.#pauses === 0 && now > this.#pausedAt) this.resumedAt = now;
    if (this.#pauses === 0 && this.#waiting > 0) this.onRoom?.();
  }

  /** Lets nothing take of a class, or lets it again. */
  setPaused(place: number, isPaused: boolean): void {
    this.#gates ??= new Gates(this.time);
    this.#gates.paused[place] = isPaused;
    if (!isPaused) this.onRoom?.();
  }

  /** Bounds how much of a class may start in a stretch of time; `undefined` doesn't. Only where the rules tell the time. */
  setWindow(place: number, window: RateWindow | undefined): void {
    this.#gates ??= new Gates(this.time);
    this.#gates.windows[place] = window;
    this.onRoom?.();
  }

  /** Whether nothing about a class is left to remember: it isn't paused, and nothing has started of it of late. */
  isAtEase(place: number): boolean {
    if (this.#gates === undefined) return true;
    if (this.#gates.paused[place] === true) return false;
    return this.#gates.windows[place]?.roomAfter(this.time.now) === undefined;
  }

  override dropClass(place: number): void {
    super.dropClass(place);
    if (this.#gates !== undefined) this.#gates.windows[place] = undefined;
  }

  /** Forgets shapes of which nothing waits. */
  forget(idle: ReadonlySet<Shape<Item>>): void {
    const others = this.#shapes.filter((shape) => !idle.has(shape));
    this.#shapes.length = 0;
    this.#shapes.push(...others);
  }

  /** What has started of a class of late, where that is bounded. */
  windowOf(place: number): RateWindow | undefined {
    return this.#gates?.windows[place];
  }

  /** Everything that waits, in no particular order. */
  items(): Item[] {
    return this.#shapes.flatMap((shape) => shape.items());
  }

  /** Takes out everything that waits, in order. */
  clear(): Item[] {
    const items = this.#shapes.flatMap((shape) => shape.clear());
    this.#waiting = 0;
    this.#barriers = 0;
    return items.sort((left, right) => (this.#rules.before(left, right) ? -1 : 1));
  }

  /** Takes out one item that waits. */
  remove(item: Item): void {
    const shape = this.#rules.shapeOf(item);
    const { barred } = shape;
    shape.remove(item, this.#maxOvertakes !== undefined);
    this.#barriers -= barred - shape.barred;
    this.#waiting--;
  }

  /** The demands that wait, each with what it lacks and how many of it there are. */
  *waits(): Iterable<{ readonly shape: Shape<Item>; readonly first: Item; readonly count: number }> {
    if (this.#waiting === 0) return;
    for (const shape of this.#shapes) {
      const first = shape.peek();
      if (first !== undefined) yield { shape, first, count: shape.size };
    }
  }

  /** The place of a class of which an item demands more than can ever be free again, or `undefined`. */
  neverFits(item: Item): number | undefined {
    return this.lacksForGood(this.#rules.shapeOf(item));
  }

  /** Of each demand that can never fit any more, the first item that waits. */
  hopeless(): Item[] {
    return this.#shapes.flatMap((shape) => {
      const first = shape.peek();
      const isHopeless = this.lacksForGood(shape) !== undefined || shape.shared?.isHopeless === true;
      return first !== undefined && isHopeless ? [first] : [];
    });
  }

  /** The shape whose first item goes next, of those that fit and take no class that a barrier lacks. */
  #best(lacking: readonly Shape<Item>[]): Shape<Item> | undefined {
    let best: Shape<Item> | undefined;
    let bestItem: Item | undefined;
    for (const shape of this.#shapes) {
      const item = shape.peek();
      if (item === undefined || !this.#fits(shape)) continue;
      if ((lacking.length > 0 && this.#isBarred(shape, lacking)) || this.#rules.isDue?.(item) === false) {
        this.#note(shape, lacksTurn);
        continue;
      }
      // Asked also where another goes first: who isn't asked for doesn't wait.
      if (shape.shared !== undefined && !shape.shared.ask()) {
        this.#note(shape, lacksShared);
        continue;
      }
      if (best !== undefined && !this.#rules.before(item, bestItem as Item)) continue;
      best = shape;
      bestItem = item;
    }
    return best;
  }

  #bestWithBarriers(): Shape<Item> | undefined {
    const lacking: Shape<Item>[] = [];
    const barred = this.#shapes.filter((shape) => shape.barred > 0);
    barred.sort((left, right) =>
      this.#rules.before(left.firstBarrier() as Item, right.firstBarrier() as Item) ? -1 : 1,
    );
    for (const shape of barred) {
      if (!this.#fits(shape)) lacking.push(shape);
      else if (this.#isBarred(shape, lacking)) this.#note(shape, lacksTurn);
      else if (shape.shared?.ask() === false) this.#note(shape, lacksShared);
      else return shape;
    }
    return this.#best(lacking);
  }

  #start(shape: Shape<Item>): Item {
    if (this.#maxOvertakes !== undefined) this.#countOvertakes(shape, this.#maxOvertakes);
    if (shape.barred > 0) this.#barriers--;
    const item = shape.take();
    this.#rules.started?.(item);
    this.#waiting--;
    if (shape.size === 0 && this.#shapes.length > manyShapes) this.#unlist(shape);
    const { classes, amounts, rated } = shape;
    shape.held++;
    if (shape.shared !== undefined) shape.shared.take();
    for (let at = 0; at < classes.length; at++) {
      const place = classes[at] as number;
      this.noteUse(place);
      const taken = (this.taken[place] as number) + (amounts[at] as number);
      this.taken[place] = taken;
      this.holders[place] = (this.holders[place] as number) + 1;
      if (taken > (this.peaks[place] as number)) this.peaks[place] = taken;
      if (this.#gates !== undefined) this.#gates.windows[place]?.take(rated[at] as number, this.time.now);
    }
    return item;
  }

  #unlist(shape: Shape<Item>): void {
    shape.isListed = false;
    this.#shapes.splice(this.#shapes.indexOf(shape), 1);
  }

  /** Whether all that a shape demands is there; where it isn't, that is noted. */
  #fits(shape: Shape<Item>): boolean {
    const { classes, amounts, rated } = shape;
    for (let at = 0; at < classes.length; at++) {
      const place = classes[at] as number;
      const isTaken =
        (this.taken[place] as number) + (amounts[at] as number) > (this.ceilings[place] as number);
      if (!isTaken && this.#gates?.isShut(place, rated[at] as number) !== true) continue;
      this.#note(shape, this.#howLacking(place, isTaken));
      return false;
    }
    return true;
  }

  #howLacking(place: number, isTaken: boolean): Lack {
    if (this.#gates?.paused[place] === true) return lackOf(place, 'pause');
    return lackOf(place, isTaken ? 'resource' : 'rate');
  }

  #note(shape: Shape<Item>, lack: Lack): void {
    shape.lackedAt = this.time.now;
    if (shape.lacks === lack) return;
    shape.lacks = lack;
    this.lackChanges++;
  }

  #lacks(place: number, amount: number, rated: number): boolean {
    if ((this.taken[place] as number) + amount > (this.ceilings[place] as number)) return true;
    return this.#gates?.isShut(place, rated) === true;
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
    for (const shape of this.#shapes) if (!this.#fits(shape)) this.#barriers += shape.countOvertake(0);
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
