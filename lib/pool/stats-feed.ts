import { Observable, type Subscriber } from 'rxjs';
import { captureContext, type EnterContext } from '../base/async-context.ts';
import { backgroundTimer } from './node-worker.ts';

/** The least time between two emissions, in ms. */
const interval = 50;

/** Statistics as a stream that costs nothing while nobody listens. */
export class StatsFeed<Stats> {
  readonly #read: () => Stats;
  /** Each with the context of its subscription. */
  readonly #subscribers = new Map<Subscriber<Stats>, EnterContext>();
  #stopTimer: (() => void) | undefined;
  #isClosed = false;

  readonly stats$ = new Observable<Stats>((subscriber) => {
    subscriber.next(this.#read());
    if (this.#isClosed) {
      subscriber.complete();
      return undefined;
    }
    this.#subscribers.set(subscriber, captureContext());
    return () => {
      this.#subscribers.delete(subscriber);
      if (this.#subscribers.size === 0) this.#rest();
    };
  });

  constructor(read: () => Stats) {
    this.#read = read;
  }

  /** Something is no longer as it was emitted. */
  changed(): void {
    if (this.#subscribers.size === 0 || this.#stopTimer !== undefined) return;
    this.#stopTimer = backgroundTimer(interval, () => {
      this.#stopTimer = undefined;
      this.#emit();
    });
  }

  /** Emits the last statistics and completes. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#rest();
    this.#emit();
    for (const [subscriber, enter] of this.#subscribers) {
      enter(() => {
        subscriber.complete();
      });
    }
  }

  #emit(): void {
    if (this.#subscribers.size === 0) return;
    const stats = this.#read();
    for (const [subscriber, enter] of this.#subscribers) {
      enter(() => {
        subscriber.next(stats);
      });
    }
  }

  #rest(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}
