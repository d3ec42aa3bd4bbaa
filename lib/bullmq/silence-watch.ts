import type { Clock } from '../base/clock.ts';
import { patience } from './coordinator-terms.ts';
import type { Roster } from './roster.ts';

/** Notices workers that were silent for longer than their lease. */
export class SilenceWatch {
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #isSilent: (worker: string) => void;
  #stopTimer: (() => void) | undefined;
  #isStopped = false;

  constructor(clock: Clock, roster: Roster, isSilent: (worker: string) => void) {
    this.#clock = clock;
    this.#roster = roster;
    this.#isSilent = isSilent;
  }

  watch(): void {
    if (this.#stopTimer !== undefined) return;
    const at = this.#roster.nextSilence();
    if (at === undefined || this.#isStopped) return;
    this.#after(Math.max(0, at - this.#clock.now()), () => {
      // Where this process itself was held up, what was said meanwhile has still to be read.
      if (this.#clock.now() - at <= patience) this.#look();
      else
        this.#after(patience, () => {
          this.#look();
        });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer?.();
  }

  #look(): void {
    for (const worker of this.#roster.silent(this.#clock.now())) this.#isSilent(worker);
    this.watch();
  }

  #after(ms: number, work: () => void): void {
    this.#stopTimer = this.#clock.after(ms, () => {
      this.#stopTimer = undefined;
      work();
    });
  }
}
