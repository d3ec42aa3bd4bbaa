import { CancellationToken } from '../base/cancellation.ts';
import type { RunSettings } from './run-options.ts';

/** What a run does when it is stopped from outside. */
export interface Stoppable {
  /** Whether there is nothing left to stop. */
  readonly isOver: boolean;
  cancel(reason: unknown): void;
  /** The run's timeout has passed. */
  timeOut(timeoutMs: number): void;
}

/** Listens to the token, the signal and the timeout that a run was given; `detach` makes an end of it. */
export class OuterStops {
  readonly #detachments: (() => void)[] = [];

  attach({ token, signal, timeout, clock }: RunSettings, run: Stoppable): void {
    if (token !== undefined) this.#follow(token, run);
    if (signal !== undefined) {
      const fromSignal = CancellationToken.from(signal);
      this.#detachments.push(() => {
        fromSignal[Symbol.dispose]();
      });
      this.#follow(fromSignal, run);
    }
    // One of them may have been cancelled before, and so the run is over by now.
    if (run.isOver) {
      this.detach();
    } else if (timeout !== undefined) {
      this.#detachments.push(
        clock.after(timeout, () => {
          run.timeOut(timeout);
        }),
      );
    }
  }

  detach(): void {
    for (const detach of this.#detachments.splice(0)) detach();
  }

  #follow(token: CancellationToken, run: Stoppable): void {
    this.#detachments.push(
      token.onCancel(() => {
        run.cancel(token.reason);
      }),
    );
  }
}
