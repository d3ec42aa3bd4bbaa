import type { Attempt } from './attempt.ts';
import type { Reporter } from './reporter.ts';

/** The attempts that run, in no order; each knows its place, so that none is searched for. */
export class RunningAttempts {
  readonly #attempts: Attempt[] = [];
  /** The one that is told of, or whose body is called, just now: it can be stopped, but has no place yet. */
  #starting: Attempt | undefined;

  /** Tells that an attempt starts, starts it, and keeps it where it goes on. */
  start(attempt: Attempt, report: Reporter): void {
    this.#starting = attempt;
    report.stepStarted(attempt);
    attempt.start();
    this.#starting = undefined;
    if (!attempt.isOver) attempt.place = this.#attempts.push(attempt) - 1;
  }

  /** Lets go of an attempt that is over. */
  leave({ place }: Attempt): void {
    if (place < 0) return;
    const last = this.#attempts.pop() as Attempt;
    if (place === this.#attempts.length) return;
    this.#attempts[place] = last;
    last.place = place;
  }

  /** The attempt of a step that runs just now. */
  of(index: number): Attempt | undefined {
    if (this.#starting?.index === index) return this.#starting;
    return this.#attempts.find((attempt) => attempt.index === index);
  }

  /** The indices of the steps whose attempts these are. */
  places(): number[] {
    const places = this.#attempts.map(({ index }) => index);
    if (this.#starting !== undefined) places.push(this.#starting.index);
    return places;
  }

  /** Nothing more starts of what they brought, but what runs may finish. */
  drain(reason: unknown): void {
    this.#starting?.drain(reason);
    for (const attempt of [...this.#attempts]) attempt.drain(reason);
  }

  stop(reason: unknown): void {
    this.#starting?.stop('cancelled', reason);
    for (const attempt of [...this.#attempts]) attempt.stop('cancelled', reason);
  }
}
