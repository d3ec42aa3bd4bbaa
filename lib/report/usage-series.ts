/** How much was taken from some moment on; `number` is that of the event by which it is known. */
interface Point {
  at: number;
  taken: number;
  number: number;
}

/** More points than a chart has room for. */
const usualMost = 1_000;

/**
 * What was taken of one resource class over time, in a bounded number of points.
 *
 * 1. Where there are too many, of each two the higher one stays, at the time of the first: peaks are never lost, and the last point is exact.
 * 2. What comes within `everyMs` is told by at most two points: the highest, and the last.
 */
export class UsageSeries {
  readonly #points: Point[] = [];
  readonly #most: number;
  #everyMs: number;
  /** Since when points are gathered, and how many there are since. */
  #gatherFrom = -Infinity;
  #gathered = 0;

  constructor(everyMs: number, most = usualMost) {
    this.#everyMs = everyMs;
    this.#most = most;
  }

  /** From `at` on so much is taken. */
  add(number: number, at: number, taken: number): void {
    const last = this.#points.at(-1);
    if (last?.taken === taken) return;
    if (last?.at === at) {
      last.taken = taken;
      last.number = number;
      return;
    }
    this.#points.push({ at, taken, number });
    if (at - this.#gatherFrom >= this.#everyMs) {
      this.#gatherFrom = at;
      this.#gathered = 1;
    } else if (++this.#gathered > 2) this.#mergeBeforeLast(number);
    if (this.#points.length > this.#most) this.#halve(number);
  }

  /** The points that came, or changed, after that number. */
  since(number: number): [at: number, taken: number][] {
    let from = this.#points.length;
    while (from > 0 && (this.#points[from - 1] as Point).number > number) from--;
    return this.#points.slice(from).map(({ at, taken }) => [at, taken]);
  }

  /** Of the two before the last, what was higher stays. */
  #mergeBeforeLast(number: number): void {
    const { length } = this.#points;
    const [first, second] = this.#points.slice(length - 3, length - 1) as [Point, Point];
    this.#points.splice(length - 3, 2, merged(first, second, number));
    this.#gathered--;
  }

  /** All of them are others then. */
  #halve(number: number): void {
    const last = this.#points.pop();
    const kept: Point[] = [];
    for (let place = 0; place < this.#points.length; place += 2) {
      const [first, second] = this.#points.slice(place, place + 2) as [Point, Point?];
      kept.push(second === undefined ? first : merged(first, second, number));
    }
    this.#points.splice(0, this.#points.length, ...kept, ...(last === undefined ? [] : [last]));
    for (const point of this.#points) point.number = number;
    this.#everyMs *= 2;
  }
}

function merged(first: Point, second: Point, number: number): Point {
  return { at: first.at, taken: Math.max(first.taken, second.taken), number };
}

/**
 * Adds points to those that are known: from the first of them on, these are known better.
 *
 * @param points - changed in place
 */
export function takeIn(
  points: { readonly at: number; readonly taken: number }[],
  newer: readonly (readonly [at: number, taken: number])[],
): void {
  const [from] = newer[0] ?? [];
  if (from === undefined) return;
  while (points.length > 0 && (points.at(-1)?.at ?? 0) >= from) points.pop();
  for (const [at, taken] of newer) points.push({ at, taken });
}
