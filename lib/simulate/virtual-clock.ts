import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { Clock } from '../base/clock.ts';
import { EventQueue } from './event-queue.ts';

/**
 * Time that passes as fast as there is nothing left to do in it.
 *
 * What is due at one instant happens in the order in which it was asked for, as under RxJS's virtual time.
 */
export class VirtualClock implements Clock {
  readonly live = false;
  /** Nobody asks for it: the bodies of a simulation wait on the clock itself. */
  readonly scheduler: SchedulerLike = asyncScheduler;
  readonly #queue = new EventQueue();
  readonly #works: ((() => void) | undefined)[] = [];
  readonly #free: number[] = [];
  #now = 0;

  now(): number {
    return this.#now;
  }

  after(ms: number, work: () => void): () => void {
    const entry = this.call(ms, work);
    return () => {
      if (this.#works[entry] === work) this.#works[entry] = undefined;
    };
  }

  /** As `after`, for what will not be prevented. */
  call(ms: number, work: () => void): number {
    const entry = this.#free.pop() ?? this.#works.length;
    this.#works[entry] = work;
    this.#queue.add(this.#now + ms, entry);
    return entry;
  }

  /** Lets time pass until nothing is left to do. */
  flush(): void {
    while (this.#queue.nextTime < Infinity) this.#step();
  }

  /** Does what else is due at this very instant. */
  finishInstant(): void {
    while (this.#queue.nextTime === this.#now) this.#step();
  }

  #step(): void {
    this.#now = this.#queue.nextTime;
    const entry = this.#queue.take() as number;
    const work = this.#works[entry];
    this.#works[entry] = undefined;
    this.#free.push(entry);
    work?.();
  }
}
