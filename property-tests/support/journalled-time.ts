import { VirtualTime } from 'millrace/testing';
import type { SchedulerAction, SchedulerLike, Subscription } from 'rxjs';
import type { Journal } from './journal.ts';

/** Virtual time that notes in a journal what is scheduled and when it runs: between two ticks, one thing leads to another. */
export class JournalledTime implements SchedulerLike {
  readonly #time = new VirtualTime();
  readonly #journal: Journal;
  /** Called before each action. */
  readonly #onTick: () => void;
  #actions = 0;

  constructor(journal: Journal, onTick: () => void) {
    this.#journal = journal;
    this.#onTick = onTick;
    journal.time = this;
  }

  now(): number {
    return this.#time.now;
  }

  schedule<State>(
    work: (this: SchedulerAction<State>, state?: State) => void,
    delay = 0,
    state?: State,
  ): Subscription {
    const action = ++this.#actions;
    const journal = this.#journal;
    const onTick = this.#onTick;
    journal.add({ kind: 'scheduled', action, due: this.now() + delay });
    return this.#time.scheduler.schedule<State>(
      function tick(given) {
        onTick();
        journal.add({ kind: 'tick', action });
        work.call(this, given);
      },
      delay,
      state,
    );
  }

  /** Lets the time pass until nothing is left to do. */
  flush(): void {
    this.#time.flush();
  }
}
