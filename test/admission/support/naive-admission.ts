/** What an item takes of each class, by place, in whole units. */
export type Units = readonly number[];

/** An item to admit: its rank is its place in the order, smaller first. */
interface NaiveItem {
  readonly rank: number;
  readonly units: Units;
}

interface Waiting<Item> {
  readonly item: Item;
  overtakes: number;
  /** The overtakes by items that were no barriers: these are what `maxOvertakes` bounds. */
  overtakesByOrdinary: number;
  isBarrier: boolean;
}

/**
 * The specification of `Admission`, to be read: a plain list, scanned in order, all sums taken anew each time.
 *
 * An item that waits *lacks* a class where its demand of it exceeds what is free.
 */
export class NaiveAdmission<Item extends NaiveItem> {
  readonly running: Item[] = [];
  readonly forfeited: Item[] = [];
  readonly #capacities: Units;
  readonly #maxOvertakes: number;
  #waiting: Waiting<Item>[] = [];

  constructor(capacities: Units, maxOvertakes: number) {
    this.#capacities = capacities;
    this.#maxOvertakes = maxOvertakes;
  }

  /** In order. */
  get waiting(): Item[] {
    return this.#waiting.map(({ item }) => item);
  }

  /** The most that an item was overtaken by such as were no barriers. */
  get mostOvertakes(): number {
    return Math.max(0, ...this.#waiting.map(({ overtakesByOrdinary }) => overtakesByOrdinary));
  }

  /** Whether no class is taken above its capacity. */
  get isWithin(): boolean {
    return this.#capacities.every((capacity, place) => this.taken(place) <= capacity);
  }

  taken(place: number): number {
    return sum([...this.running, ...this.forfeited].map(({ units }) => units[place] ?? 0));
  }

  lost(place: number): number {
    return sum(this.forfeited.map(({ units }) => units[place] ?? 0));
  }

  enqueue(item: Item): void {
    this.#waiting.push({ item, overtakes: 0, overtakesByOrdinary: 0, isBarrier: false });
    this.#waiting.sort((left, right) => left.item.rank - right.item.rank);
  }

  /** The one that goes now, if any. */
  get next(): Item | undefined {
    return this.#next()?.item;
  }

  admit(): Item | undefined {
    const next = this.#next();
    if (next === undefined) return undefined;
    for (const other of this.#waiting) {
      if (other === next || !this.#takesWhatLacks(next, other)) continue;
      other.overtakes++;
      if (!next.isBarrier) other.overtakesByOrdinary++;
      if (other.overtakes >= this.#maxOvertakes) other.isBarrier = true;
    }
    this.#waiting = this.#waiting.filter((entry) => entry !== next);
    this.running.push(next.item);
    return next.item;
  }

  /** Those that are as is said wait no longer. */
  leave(isSo: (item: Item) => boolean): void {
    this.#waiting = this.#waiting.filter(({ item }) => !isSo(item));
  }

  clear(): Item[] {
    return this.#waiting.splice(0).map(({ item }) => item);
  }

  neverFits(item: Item): boolean {
    return this.#capacities.some((capacity, place) => (item.units[place] ?? 0) > capacity - this.lost(place));
  }

  removeHopeless(): Item[] {
    const hopeless = this.waiting.filter((item) => this.neverFits(item));
    this.leave((item) => hopeless.includes(item));
    return hopeless;
  }

  /** Whether an item waits that could go: it fits and takes no class that a barrier lacks. */
  get couldAdmit(): boolean {
    const bars = this.#waiting.filter((entry) => entry.isBarrier && this.#lacksAny(entry));
    return this.#waiting.some(
      (entry) => !this.#lacksAny(entry) && !bars.some((bar) => this.#takesWhatLacks(entry, bar)),
    );
  }

  #next(): Waiting<Item> | undefined {
    // With a limit of 0 an item is a barrier as soon as it is found to lack something.
    for (const entry of this.#waiting) entry.isBarrier ||= this.#maxOvertakes === 0 && this.#lacksAny(entry);
    const bars: Waiting<Item>[] = [];
    for (const barrier of this.#waiting.filter(({ isBarrier }) => isBarrier)) {
      if (this.#lacksAny(barrier)) bars.push(barrier);
      else if (!bars.some((bar) => this.#takesWhatLacks(barrier, bar))) return barrier;
    }
    return this.#waiting.find(
      (entry) => !this.#lacksAny(entry) && !bars.some((bar) => this.#takesWhatLacks(entry, bar)),
    );
  }

  #lacks({ item }: Waiting<Item>, place: number): boolean {
    return (item.units[place] ?? 0) > (this.#capacities[place] ?? 0) - this.taken(place);
  }

  #lacksAny(entry: Waiting<Item>): boolean {
    return entry.item.units.some((units, place) => units > 0 && this.#lacks(entry, place));
  }

  #takesWhatLacks(taker: Waiting<Item>, other: Waiting<Item>): boolean {
    return other.item.units.some(
      (units, place) => units > 0 && (taker.item.units[place] ?? 0) > 0 && this.#lacks(other, place),
    );
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
