/** Which of two items goes first. An object rather than a function: calls of a method stay fast across runs. */
export interface ItemOrder<Item> {
  /** Whether one item goes before another; a strict total order. */
  before(left: Item, right: Item): boolean;
}

/** A binary heap: `peek` and `pop` give the item that goes before all others. */
export class PriorityHeap<T> {
  readonly #items: T[] = [];
  readonly #order: ItemOrder<T>;

  constructor(order: ItemOrder<T>) {
    this.#order = order;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#siftUp(this.#items.length - 1, item);
  }

  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length > 0) this.#siftDown(0, last as T);
    return top;
  }

  /** Takes out an item wherever it is. Linear. */
  remove(item: T): void {
    const items = this.#items;
    const index = items.indexOf(item);
    if (index < 0) return;
    const last = items.pop() as T;
    if (index === items.length) return;
    this.#siftDown(index, last);
    if (items[index] === last) this.#siftUp(index, last);
  }

  /** Takes out everything, in no particular order. */
  clear(): T[] {
    return this.#items.splice(0);
  }

  #siftUp(from: number, item: T): void {
    const items = this.#items;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = items[parentIndex] as T;
      if (!this.#order.before(item, parent)) break;
      items[index] = parent;
      index = parentIndex;
    }
    items[index] = item;
  }

  #siftDown(from: number, item: T): void {
    const items = this.#items;
    const { length } = items;
    let index = from;
    for (let childIndex = 2 * index + 1; childIndex < length; childIndex = 2 * index + 1) {
      const rightIndex = childIndex + 1;
      if (rightIndex < length && this.#order.before(items[rightIndex] as T, items[childIndex] as T))
        childIndex = rightIndex;
      const child = items[childIndex] as T;
      if (!this.#order.before(child, item)) break;
      items[index] = child;
      index = childIndex;
    }
    items[index] = item;
  }
}
