import { CancellationToken } from '../base/cancellation.ts';
import type { RunSettings } from './run-settings.ts';

/** What a run does when it is stopped from outside. */
export interface Stoppable {
  /** As the clock's. */
  after(ms: number, work: () => void): () => void;
  /** It is cancelled as a token was, in its name. */
  cancelLike(token: CancellationToken): void;
  /** The run's timeout has passed. */
  timeOut(timeoutMs: number): void;
}

/** Listens to the token, the signal and the timeout that a run was given; `detach` makes an end of it. */
export class OuterStops {
  readonly #detachments: (() => void)[] = [];
  #isAttached = false;

  /** Only the first call has an effect: who waits for its beginning listens already. */
  attach({ token, signal, timeout }: RunSettings, run: Stoppable): void {
    if (this.#isAttached) return;
    this.#isAttached = true;
    if (token !== undefined) this.#follow(token, run);
    if (signal !== undefined) {
      const fromSignal = CancellationToken.from(signal);
      this.#detachments.push(() => {
        fromSignal[Symbol.dispose]();
      });
      this.#follow(fromSignal, run);
    }
    if (timeout !== undefined)
      this.#detachments.push(
        run.after(timeout, () => {
          run.timeOut(timeout);
        }),
      );
  }

  detach(): void {
    for (const detach of this.#detachments.splice(0)) detach();
  }

  #follow(token: CancellationToken, run: Stoppable): void {
    this.#detachments.push(
      token.onCancel(() => {
        run.cancelLike(token);
      }),
    );
  }
}
