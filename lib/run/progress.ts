import { Observable, type Subscriber } from 'rxjs';
import type { ProgressEvent, ProgressNews } from './progress-event.ts';

/**
 * The hot stream of a run's events.
 *
 * 1. Every subscriber sees the events in one order, also those that a subscriber causes while it handles one.
 * 2. It never errors, replays nothing, and completes once, when the run is entirely over.
 *
 * Ask `observed` before building an event: with nobody there, none is built.
 */
export class Progress {
  /** For the run's users. */
  readonly events$: Observable<ProgressEvent>;
  observed = false;
  readonly #runId: string;
  readonly #now: () => number;
  // Replaced as a whole when someone comes or goes, so that a delivery goes on over those who were there.
  #subscribers: readonly Subscriber<ProgressEvent>[] = [];
  readonly #pending: ProgressEvent[] = [];
  #isDelivering = false;
  #isComplete = false;
  #seq = 0;

  constructor(runId: string, now: () => number) {
    this.#runId = runId;
    this.#now = now;
    this.events$ = new Observable((subscriber) => {
      if (this.#isComplete) {
        subscriber.complete();
        return;
      }
      this.#change([...this.#subscribers, subscriber]);
      subscriber.add(() => {
        this.#change(this.#subscribers.filter((other) => other !== subscriber));
      });
    });
  }

  emit(news: ProgressNews): void {
    if (!this.observed || this.#isComplete) return;
    this.#seq++;
    this.#pending.push({ seq: this.#seq, at: this.#now(), runId: this.#runId, ...news } as ProgressEvent);
    this.#deliver();
  }

  complete(): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    this.#deliver();
  }

  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    for (let next = 0; next < this.#pending.length; next++) {
      const event = this.#pending[next] as ProgressEvent;
      for (const subscriber of this.#subscribers) subscriber.next(event);
    }
    this.#pending.length = 0;
    this.#isDelivering = false;
    if (this.#isComplete) for (const subscriber of this.#subscribers) subscriber.complete();
  }

  #change(subscribers: readonly Subscriber<ProgressEvent>[]): void {
    this.#subscribers = subscribers;
    this.observed = subscribers.length > 0;
  }
}
