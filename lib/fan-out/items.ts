// Long because every kind of items, from a list to a live stream, is one answer to the same question.
import type { Observable, Subscription } from 'rxjs';
import type { Clock } from '../base/clock.ts';
import { InvalidOptionsError } from '../base/errors.ts';
import { inspectValue } from '../base/inspect.ts';
import { fromInterop, isInterop, isObservable } from '../base/interop-observable.ts';

/** Who is told of items that come by themselves. */
export interface ItemListener {
  /** There is one, or the end. */
  came(): void;
  failed(error: unknown): void;
}

/** An item; or none so far, in which case the listener is told when there is; or none any more. */
type NextItem = { readonly item: unknown } | 'later' | 'over';

/** Items, one at a time, and none that isn't asked for where the source can be held back. */
export interface ItemSource {
  /** Whether it has let go of what it reads. */
  readonly isClosed: boolean;
  open(): void;
  next(): NextItem;
  /** Lets go of what it reads, and calls `closed` once it has, or after the grace period. */
  close(clock: Clock, gracePeriod: number, closed: () => void): void;
}

/** @throws InvalidOptionsError where there is nothing to read items from */
export function itemSource(stepId: string, items: unknown, listener: ItemListener): ItemSource {
  if (isObservable(items)) return new ObservedItems(items, listener);
  if (typeof items === 'object' && items !== null && isInterop(items))
    return new ObservedItems(fromInterop(items), listener);
  const value = (items ?? {}) as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  if (typeof value[Symbol.asyncIterator] === 'function')
    return new AwaitedItems(stepId, value as AsyncIterable<unknown>, listener);
  if (typeof items === 'object' && typeof value[Symbol.iterator] === 'function')
    return new GivenItems(stepId, value as Iterable<unknown>, listener);
  throw new InvalidOptionsError(`forEachStep('${stepId}')`, [
    {
      option: 'items',
      expected:
        'an array or another iterable, an AsyncIterable, an Observable, a function that gives one of these, or a step that gives an array',
      value: items,
    },
  ]);
}

/** The iterators that were read: they would give nothing the second time, and nobody would notice. */
const read = new WeakSet();

/** @throws InvalidOptionsError where it is an iterator that has been read before */
function readOnce(stepId: string, items: object, iterator: object): void {
  if (iterator !== items) return;
  if (read.has(items))
    throw new InvalidOptionsError(`forEachStep('${stepId}')`, [
      {
        option: 'items',
        expected:
          'something that can be read again (this iterator was, by another run or attempt: give a list, or a function that makes the iterator)',
        value: items,
      },
    ]);
  read.add(items);
}

/** Items that are there. */
class GivenItems implements ItemSource {
  isClosed = false;
  readonly #stepId: string;
  readonly #items: Iterable<unknown>;
  readonly #listener: ItemListener;
  #iterator: Iterator<unknown> | undefined;

  constructor(stepId: string, items: Iterable<unknown>, listener: ItemListener) {
    this.#stepId = stepId;
    this.#items = items;
    this.#listener = listener;
  }

  open(): void {
    // Asked for with the first item, as what it throws is an item's.
  }

  next(): NextItem {
    try {
      this.#iterator ??= this.#begin();
      const result = checked(this.#iterator.next());
      if (this.isClosed) {
        // It stopped the run itself, and could not be told to end while it ran.
        this.#return();
        return 'over';
      }
      if (result.done === true) this.isClosed = true;
      return result.done === true ? 'over' : { item: result.value };
    } catch (error) {
      this.isClosed = true;
      this.#listener.failed(error);
      return 'over';
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#return();
  }

  #begin(): Iterator<unknown> {
    const iterator = this.#items[Symbol.iterator]();
    readOnce(this.#stepId, this.#items, iterator);
    return iterator;
  }

  #return(): void {
    try {
      this.#iterator?.return?.();
    } catch {
      // It ends with something else already.
    }
  }
}

/** Items that are waited for, one at a time. */
class AwaitedItems implements ItemSource {
  isClosed = false;
  readonly #stepId: string;
  readonly #items: AsyncIterable<unknown>;
  readonly #listener: ItemListener;
  #iterator: AsyncIterator<unknown> | undefined;
  #came: { readonly item: unknown } | undefined;
  #isAwaiting = false;
  #isOver = false;
  #isClosing = false;

  constructor(stepId: string, items: AsyncIterable<unknown>, listener: ItemListener) {
    this.#stepId = stepId;
    this.#items = items;
    this.#listener = listener;
  }

  open(): void {
    // Asked for with the first item.
  }

  next(): NextItem {
    if (this.#came !== undefined) {
      const item = this.#came;
      this.#came = undefined;
      return item;
    }
    if (this.#isOver) return 'over';
    if (!this.#isAwaiting) void this.#await();
    return 'later';
  }

  close(clock: Clock, gracePeriod: number, closed: () => void): void {
    if (this.isClosed || this.#isClosing) return;
    this.#isClosing = true;
    const cancelTimer = clock.after(gracePeriod, () => {
      this.#finish(closed);
    });
    const finish = (): void => {
      cancelTimer();
      this.#finish(closed);
    };
    // A generator heeds its `return` when the `next` under way has settled.
    Promise.resolve()
      .then(() => this.#iterator?.return?.())
      .then(finish, finish);
  }

  #finish(closed: () => void): void {
    if (this.isClosed) return;
    this.isClosed = true;
    closed();
  }

  #begin(): AsyncIterator<unknown> {
    const iterator = this.#items[Symbol.asyncIterator]();
    readOnce(this.#stepId, this.#items, iterator);
    return iterator;
  }

  async #await(): Promise<void> {
    this.#isAwaiting = true;
    try {
      this.#iterator ??= this.#begin();
      const result = checked(await this.#iterator.next());
      // Whoever closes it waits for its `return`, whatever becomes of this.
      if (this.#isClosing) return;
      if (result.done === true) {
        this.#isOver = true;
        this.isClosed = true;
      } else {
        this.#came = { item: result.value };
      }
    } catch (error) {
      if (this.#isClosing) return;
      this.#isOver = true;
      this.isClosed = true;
      this.#isAwaiting = false;
      this.#listener.failed(error);
      return;
    }
    this.#isAwaiting = false;
    this.#listener.came();
  }
}

/** Items that come by themselves: an Observable can't be held back, so that those wait for which there is no room. */
class ObservedItems implements ItemSource {
  isClosed = false;
  readonly #items: Observable<unknown>;
  readonly #listener: ItemListener;
  #waiting: unknown[] = [];
  #taken = 0;
  #isOver = false;
  #subscription: Subscription | undefined;

  constructor(items: Observable<unknown>, listener: ItemListener) {
    this.#items = items;
    this.#listener = listener;
  }

  open(): void {
    this.#subscription = this.#items.subscribe({
      next: (item) => {
        this.#waiting.push(item);
        this.#listener.came();
      },
      error: (error: unknown) => {
        this.isClosed = true;
        this.#listener.failed(error);
      },
      complete: () => {
        this.#isOver = true;
        this.#listener.came();
      },
    });
    if (this.isClosed) this.#subscription.unsubscribe();
  }

  next(): NextItem {
    if (this.#taken < this.#waiting.length) {
      const item = this.#waiting[this.#taken];
      this.#waiting[this.#taken++] = undefined;
      if (this.#taken === this.#waiting.length) {
        this.#waiting = [];
        this.#taken = 0;
      }
      return { item };
    }
    if (!this.#isOver) return 'later';
    this.isClosed = true;
    return 'over';
  }

  close(): void {
    this.isClosed = true;
    this.#waiting = [];
    this.#taken = 0;
    this.#subscription?.unsubscribe();
  }
}

/** As `for of` does: what has no `done` would never end. */
function checked(result: unknown): IteratorResult<unknown, unknown> {
  if (typeof result === 'object' && result !== null) return result as IteratorResult<unknown, unknown>;
  throw new TypeError(`the iterator's next() gave ${inspectValue(result)}, which is no iterator result`);
}
