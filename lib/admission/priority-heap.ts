import type { WaitingItems } from './waiting-items.ts';

/** Which of two items goes first. An object rather than a function: calls of a method stay fast across runs. */
export interface ItemOrder<Item> {
  /** Whether one item goes before another; a strict total order. */
  before(left: Item, right: Item): boolean;
}

/** A binary heap, for items in any order. */
export class PriorityHeap<Item> implements WaitingItems<Item> {
  readonly #items: Item[] = [];
  /** Items of which one copy no longer counts: taking it out of the middle would be linear. */
  readonly #stale = new Set<Item>();
  readonly #order: ItemOrder<Item>;

  constructor(order: ItemOrder<Item>) {
    this.#order = order;
  }

  get size(): number {
    return this.#items.length - this.#stale.size;
  }

  peek(): Item | undefined {
    while (this.#stale.size > 0 && this.#items.length > 0 && this.#stale.delete(this.#items[0] as Item))
      this.#takeFirst();
    return this.#items[0];
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#siftUp(this.#items.length - 1, item);
  }

  pop(): Item | undefined {
    const first = this.peek();
    if (this.#items.length > 0) this.#takeFirst();
    return first;
  }

  /** Takes out an item, which has to be in here. Linear where it left and came back before its turn had come. */
  remove(item: Item): void {
    if (this.#stale.has(item)) this.#takeOut(item);
    else this.#stale.add(item);
  }

  items(): Item[] {
    const stale = new Set(this.#stale);
    return this.#items.filter((item) => !stale.delete(item));
  }

  clear(): Item[] {
    return this.#items.splice(0).filter((item) => !this.#stale.delete(item));
  }

  #takeFirst(): void {
    const last = this.#items.pop() as Item;
    if (this.#items.length > 0) this.#siftDown(0, last);
  }

  #takeOut(item: Item): void {
    const items = this.#items;
    const index = items.indexOf(item);
    const last = items.pop() as Item;
    if (index === items.length) return;
    this.#siftDown(index, last);
    if (items[index] === last) this.#siftUp(index, last);
  }

  #siftUp(from: number, item: Item): void {
    const items = this.#items;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = items[parentIndex] as Item;
      if (!this.#order.before(item, parent)) break;
      items[index] = parent;
      index = parentIndex;
    }
    items[index] = item;
  }

  #siftDown(from: number, item: Item): void {
    const items = this.#items;
    const { length } = items;
    let index = from;
    for (let childIndex = 2 * index + 1; childIndex < length; childIndex = 2 * index + 1) {
      const rightIndex = childIndex + 1;
      if (rightIndex < length && this.#order.before(items[rightIndex] as Item, items[childIndex] as Item))
        childIndex = rightIndex;
      const child = items[childIndex] as Item;
      if (!this.#order.before(child, item)) break;
      items[index] = child;
      index = childIndex;
    }
    items[index] = item;
  }
}
