/**
 * A queue that lets items go as their demands fit. What `mergeMapWithin` draws from.
 *
 * The one who draws calls `admit` until it gives nothing, after each `enqueue`, after each `release`, and
 * whenever `onRoom` is called.
 */
export interface AdmissionQueue<Item> {
  /** How many items wait. */
  readonly waiting: number;
  /** Called when something may fit that didn't, other than by `release`; set by the one who draws. */
  onRoom: (() => void) | undefined;
  /** Adds an item. */
  enqueue(item: Item): void;
  /** Takes the demand of the best waiting item that fits and gives the item, or `undefined`. */
  admit(): Item | undefined;
  /** Gives back the demand of an item that was admitted. */
  release(item: Item): void;
}
