/** Items that wait, each at most once, and which of them goes first. */
export interface WaitingItems<Item> {
  readonly size: number;
  /** The item that goes before all others. */
  peek(): Item | undefined;
  push(item: Item): void;
  /** Takes out the item that `peek` gives. */
  pop(): Item | undefined;
  /** Takes out an item, which has to be in here. */
  remove(item: Item): void;
  /** Everything that waits, in no particular order; nothing is taken out. */
  items(): readonly Item[];
  /** Takes out everything, in no particular order. */
  clear(): Item[];
}
