import { CancellationToken } from '../base/cancellation.ts';
import { controlWord } from '../wire/control.ts';

/** What a token that listens no more looks at: no task has the uid 0. */
const deaf = new Int32Array(1);

/**
 * A token that sees the flag which the main side raises in shared memory.
 *
 * 1. A check is a plain read of one shared word; every 64th is atomic, as the language lets a plain one be stale.
 * 2. Who sees the flag first fetches the message that was sent before it was raised, so that the reason,
 *    `signal` and every listener are up to date by the time the check returns.
 * 3. Its children see the flag too.
 */
export class TaskToken extends CancellationToken {
  readonly #uid: number;
  readonly #receive: () => void;
  #control: Int32Array;
  #checks = 0;
  #isCancelled = false;
  #leaveParent: (() => void) | undefined;

  /**
   * @param control - the words shared with the main side
   * @param uid - what the flag says when it is meant for this task
   * @param receive - handles the messages that have arrived, the one with the reason among them
   */
  constructor(control: Int32Array, uid: number, receive: () => void) {
    super();
    this.#control = control;
    this.#uid = uid;
    this.#receive = receive;
  }

  override get isCancelled(): boolean {
    return this.#look();
  }

  override get reason(): unknown {
    this.#catchUp();
    return super.reason;
  }

  override get signal(): AbortSignal {
    this.#catchUp();
    return super.signal;
  }

  override throwIfCancelled(): void {
    if (this.#look()) throw this.error();
  }

  override cancel(reason?: unknown): void {
    // From now on the fast check says yes by itself.
    if (!this.#isCancelled) this.#control = Int32Array.of(this.#uid);
    this.#isCancelled = true;
    super.cancel(reason);
  }

  override onCancel(listener: () => void): () => void {
    this.#catchUp();
    return super.onCancel(listener);
  }

  override child(): CancellationToken {
    const child = new TaskToken(this.#control, this.#uid, this.#receive);
    child.#leaveParent = this.onCancel(() => {
      child.cancel(this.reason);
    });
    return child;
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#leaveParent?.();
    this.#control = deaf;
  }

  #look(): boolean {
    if (this.#control[controlWord.cancelled] === this.#uid) return this.#raised();
    this.#checks = (this.#checks + 1) & 63;
    if (this.#checks !== 0) return false;
    this.#catchUp();
    return this.#isCancelled;
  }

  #catchUp(): void {
    if (Atomics.load(this.#control, controlWord.cancelled) === this.#uid) this.#raised();
  }

  #raised(): true {
    if (!this.#isCancelled) {
      this.#receive();
      this.cancel();
    }
    return true;
  }
}
