import { controlBytes, controlWord, unreadable } from '../worker/wire.ts';

/** The memory that a thread and the main side share, as the main side sees it. */
export class ThreadControl {
  /** What is handed to the thread. */
  readonly words = new Int32Array(new SharedArrayBuffer(controlBytes));

  /** Whether the thread has begun any task, or was sent one that it couldn't read. */
  get hasBegunAny(): boolean {
    return this.#started !== 0;
  }

  /** Whether the thread has begun this task, its last one, or couldn't read it. */
  hasBegun(uid: number): boolean {
    return this.#started === uid || this.#started === unreadable;
  }

  /** Raises the flag that this task should stop. */
  cancel(uid: number): void {
    Atomics.store(this.words, controlWord.cancelled, uid);
  }

  get #started(): number {
    return Atomics.load(this.words, controlWord.started);
  }
}
