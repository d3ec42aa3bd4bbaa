import { monotonicNow } from '../base/clock.ts';

/** So many progress messages may be on their way at most; those beyond make room for the latest. */
const room = 64;

/** After so many progress messages the main side says that it has heard them. */
export const heardBatch = 32;

/** How long to wait before looking again whether any were heard, in ms. */
const patience = 1;

/**
 * Keeps a task that reports progress in a loop from flooding the main side: beyond 64 messages that weren't heard yet,
 * only the latest progress is kept, and leaves when some were heard, before a log, or at the end of the task.
 */
export class ProgressGate {
  readonly #post: (amount: unknown, message: string | undefined) => void;
  readonly #receive: () => void;
  #unheard = 0;
  #lookedAt = 0;
  #latest: readonly [amount: unknown, message: string | undefined] | undefined;

  /**
   * @param post - sends one progress
   * @param receive - handles the messages that have arrived: a task that never waits leaves the event loop no room
   */
  constructor(post: (amount: unknown, message: string | undefined) => void, receive: () => void) {
    this.#post = post;
    this.#receive = receive;
  }

  /** Sends progress, or keeps it in the place of what was kept before. */
  tell(amount: unknown, message: string | undefined): void {
    if (this.#unheard >= room) this.#look();
    this.#latest = [amount, message];
    if (this.#unheard < room) this.flush();
  }

  /** Hears that so many messages were heard. */
  heard(count: number): void {
    this.#unheard -= count;
    if (this.#unheard < room) this.flush();
  }

  /** Sends what is kept, room or not. */
  flush(): void {
    if (this.#latest === undefined) return;
    const [amount, message] = this.#latest;
    this.#latest = undefined;
    this.#unheard++;
    this.#post(amount, message);
  }

  #look(): void {
    const now = monotonicNow();
    if (now - this.#lookedAt < patience) return;
    this.#lookedAt = now;
    this.#receive();
  }
}
