import { controlBytes, controlWord, isShared, ticketCount, ticketOf, unreadable } from '../wire/control.ts';

/**
 * The memory that a thread and the main side share, as the main side sees it.
 *
 * A browser has none where the page isn't cross-origin isolated. What the thread would have written is then taken for
 * the worst: whatever was sent has begun and can't be taken back, so nothing is sent ahead; and a cancel is a message.
 */
export class ThreadControl {
  /** What is handed to the thread. */
  readonly words = new Int32Array(controlMemory());
  /** Whether the thread sees what is written here, and the other way round. */
  readonly isShared = isShared(this.words);
  /** Whether any task is over, which is all there is to know without shared memory. */
  #isAnyOver = false;

  /** Whether the thread has begun any task, or was sent one that it couldn't read. */
  get hasBegunAny(): boolean {
    return this.#isAnyOver || this.#started !== 0;
  }

  /** Whether the thread couldn't read a message. */
  get couldNotRead(): boolean {
    return this.#started === unreadable;
  }

  /** Whether the thread has begun this task, which isn't {@link over} yet. */
  hasBegun(uid: number): boolean {
    return !this.isShared || Atomics.load(this.words, ticketOf(uid)) === uid;
  }

  /**
   * Whether a call with this uid may be sent ahead of the `oldest` that isn't over: its ticket isn't another one's still.
   * One that waits to begin leaves no trace on its ticket, so the tickets since the oldest are its own and its followers'.
   */
  isFree(uid: number, oldest: number): boolean {
    const distance = uid - oldest;
    return (
      this.isShared && distance > 0 && distance < ticketCount && Atomics.load(this.words, ticketOf(uid)) === 0
    );
  }

  /** Takes a call back that was sent: where this says yes, the thread never begins it. */
  withdraw(uid: number): boolean {
    return this.isShared && Atomics.compareExchange(this.words, ticketOf(uid), 0, -uid) === 0;
  }

  /** The task is over: its ticket is free for a later one. */
  over(uid: number): void {
    this.#isAnyOver = true;
    Atomics.store(this.words, ticketOf(uid), 0);
  }

  /** Raises the flag that this task should stop. */
  cancel(uid: number): void {
    Atomics.store(this.words, controlWord.cancelled, uid);
  }

  get #started(): number {
    return Atomics.load(this.words, controlWord.started);
  }
}

function controlMemory(): SharedArrayBuffer | ArrayBuffer {
  return typeof SharedArrayBuffer === 'undefined'
    ? new ArrayBuffer(controlBytes)
    : new SharedArrayBuffer(controlBytes);
}
