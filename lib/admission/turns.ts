/**
 * Whose turn it is to take from each class, where the order of starting is given beforehand.
 *
 * 1. An item is due once every item before it in the order that demands one of its classes has started or is gone.
 * 2. An item that has started once is due again at any time.
 * 3. Nobody waits for an item that may never start, or not by itself. It is due whenever it does.
 * 4. The order is topological, so that the first item that hasn't started waits only for what has: nobody waits for ever.
 */
export class Turns {
  /** The items that demand each class, in order, and how many of them are done with. */
  readonly #queues: readonly (readonly number[])[];
  readonly #heads: Uint32Array;
  readonly #started: Uint8Array;
  readonly #classesOf: (item: number) => readonly number[];
  /** Whether an item will never start any more. */
  isGone: (item: number) => boolean = () => false;

  /** Whether it isn't known yet if an item starts, or it starts with others. */
  isUncertain: (item: number) => boolean = () => false;

  constructor(order: Uint32Array, classes: number, classesOf: (item: number) => readonly number[]) {
    const queues: number[][] = Array.from({ length: classes }, () => []);
    for (const item of order) for (const place of classesOf(item)) queues[place]?.push(item);
    this.#queues = queues;
    this.#heads = new Uint32Array(classes);
    this.#started = new Uint8Array(order.length);
    this.#classesOf = classesOf;
  }

  start(item: number): void {
    this.#started[item] = 1;
  }

  isDue(item: number): boolean {
    if (this.#started[item] === 1 || this.isUncertain(item)) return true;
    return this.#classesOf(item).every((place) => this.#head(place) === item);
  }

  #head(place: number): number | undefined {
    const queue = this.#queues[place] as readonly number[];
    let head = this.#heads[place] as number;
    while (head < queue.length && this.#isDone(queue[head] as number)) head++;
    this.#heads[place] = head;
    return queue[head];
  }

  #isDone(item: number): boolean {
    if (this.#started[item] === 1 || this.isGone(item)) return true;
    if (!this.isUncertain(item)) return false;
    // Passed over, it is due from now on.
    this.#started[item] = 1;
    return true;
  }
}
