/** First in, first out; both ends in constant time, however long it is. */
export class Fifo<Item> {
  /** How many are in it. A field: it is asked for more often than anything else. */
  size = 0;
  #items: (Item | undefined)[] = [];
  #head = 0;

  push(item: Item): void {
    this.#items.push(item);
    this.size++;
  }

  /** Takes the first item out. Ask for `size` before: what is in it may be `undefined` itself. */
  shift(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.size--;
    this.#items[this.#head++] = undefined;
    // Each item is moved once at most for each one that has left.
    if (this.#head > 32 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.size = 0;
  }
}
