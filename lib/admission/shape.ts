import { type Lack, lacksNothing } from './lack.ts';
import { type ItemOrder, PriorityHeap } from './priority-heap.ts';
import type { SharedDemand } from './shared-demand.ts';
import type { WaitingItems } from './waiting-items.ts';

/**
 * One demand, and the items of that demand that wait, barriers apart.
 *
 * Items of one shape fit or don't fit together, so that only the first matters for a decision.
 */
export class Shape<Item> {
  /** The places of the classes demanded, and the amount of each. */
  readonly classes: number[];
  readonly amounts: number[];
  /** How much of each counts for its rate: as much, unless its items run in what another has taken. */
  readonly rated: number[];
  /** How often it is taken just now. */
  held = 0;
  /** How many know it, and may come back to it, though none of its items waits or has taken it. */
  keepers = 0;
  /** What it takes of limits that are shared with others; absent where that is nothing. */
  shared: SharedDemand | undefined = undefined;
  /** How many items wait, and how many of them are barriers: fields, since each decision looks at them. */
  size = 0;
  barred = 0;
  /** Whether its admission knows it. */
  isListed = false;
  /** What it lacked when it was looked at last and couldn't go, and when that was. */
  lacks: Lack = lacksNothing;
  lackedAt = Number.NEGATIVE_INFINITY;
  readonly #waiting: WaitingItems<Item>;
  /** The waiting items that have been overtaken too often. */
  #barriers: PriorityHeap<Item> | undefined;
  readonly #order: ItemOrder<Item>;
  /** How often the shape has been overtaken, and that count at each waiting item's arrival, in that order. */
  #overtaken = 0;
  readonly #overtakenOnArrival = new Map<Item, number>();
  /** No count in there is below this, so that most overtakes need no look at it. */
  #leastOnArrival = 0;

  constructor(
    classes: readonly number[],
    amounts: readonly number[],
    order: ItemOrder<Item>,
    waiting: WaitingItems<Item> = new PriorityHeap(order),
    rated: readonly number[] = amounts,
  ) {
    this.classes = [...classes];
    this.amounts = [...amounts];
    this.rated = [...rated];
    this.#order = order;
    this.#waiting = waiting;
  }

  /** It demands so much of one class more, also where it is taken already. */
  extend(place: number, amount: number): void {
    this.classes.push(place);
    this.amounts.push(amount);
    this.rated.push(amount);
  }

  /** Whether nobody waits for it, has taken it or knows it. */
  get isIdle(): boolean {
    return this.held === 0 && this.keepers === 0 && this.size === 0;
  }

  /** The amount of a class that is demanded; 0 where it isn't. */
  amountOf(place: number): number {
    return this.amounts[this.classes.indexOf(place)] ?? 0;
  }

  add(item: Item, countsOvertakes: boolean): void {
    this.#waiting.push(item);
    this.size++;
    if (countsOvertakes) this.#overtakenOnArrival.set(item, this.#overtaken);
  }

  /** Those that wait count from now on how often they are overtaken. */
  beginToCount(): void {
    for (const item of this.#waiting.items()) this.#overtakenOnArrival.set(item, this.#overtaken);
  }

  /** The item that goes first: a barrier where there is one. */
  peek(): Item | undefined {
    return this.barred > 0 ? this.firstBarrier() : this.#waiting.peek();
  }

  /** The barrier that goes first. */
  firstBarrier(): Item | undefined {
    return this.#barriers?.peek();
  }

  /** Takes out the item that `peek` gives. */
  take(): Item {
    const item = (this.barred > 0 ? this.#barriers?.pop() : this.#waiting.pop()) as Item;
    if (this.barred > 0) this.barred--;
    this.size--;
    if (this.#overtakenOnArrival.size > 0) this.#overtakenOnArrival.delete(item);
    return item;
  }

  /** Takes out an item that waits. */
  remove(item: Item, countsOvertakes: boolean): void {
    // What is no longer counted has become a barrier.
    if (countsOvertakes && !this.#overtakenOnArrival.delete(item)) {
      this.#barriers?.remove(item);
      this.barred--;
    } else {
      this.#waiting.remove(item);
    }
    this.size--;
  }

  /** Counts an overtake and makes barriers of those that had too many; returns how many. */
  countOvertake(maxOvertakes: number): number {
    this.#overtaken++;
    if (this.#overtaken - this.#leastOnArrival < maxOvertakes) return 0;
    let made = 0;
    let least = this.#overtaken;
    for (const [item, onArrival] of this.#overtakenOnArrival) {
      if (this.#overtaken - onArrival < maxOvertakes) {
        least = onArrival;
        break;
      }
      this.#overtakenOnArrival.delete(item);
      this.#waiting.remove(item);
      this.#barriers ??= new PriorityHeap(this.#order);
      this.#barriers.push(item);
      made++;
    }
    this.#leastOnArrival = least;
    this.barred += made;
    return made;
  }

  /** Everything that waits, in no particular order. */
  items(): Item[] {
    return [...this.#waiting.items(), ...(this.#barriers?.items() ?? [])];
  }

  /** Takes out everything, in no particular order. */
  clear(): Item[] {
    this.#overtakenOnArrival.clear();
    this.size = 0;
    this.barred = 0;
    return [...this.#waiting.clear(), ...(this.#barriers?.clear() ?? [])];
  }
}
