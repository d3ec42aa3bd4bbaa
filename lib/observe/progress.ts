import type { Observable, Subscriber } from 'rxjs';
import type { Demand } from '../admission/demand.ts';
import { Observable as RxObservable } from '../base/rxjs-parts.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { Origin, ProgressEvent, ProgressNews } from './progress-event.ts';
import type { Waited } from './wait-reason.ts';

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
  /** Whether somebody is there: a subscriber, or who writes it all down. */
  observed = false;
  #recorder: EventRecorder | undefined;
  readonly #runId: string;
  readonly #time: { readonly now: number };
  // Replaced as a whole when someone comes or goes, so that a delivery goes on over those who were there.
  #subscribers: readonly Subscriber<ProgressEvent>[] = [];
  readonly #pending: ProgressEvent[] = [];
  #isDelivering = false;
  #isComplete = false;
  #afterwards: (() => void) | undefined;
  #seq = 0;

  constructor(runId: string, time: { readonly now: number }) {
    this.#runId = runId;
    this.#time = time;
    this.events$ = new RxObservable((subscriber) => {
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

  /** The number that the next event will have. */
  get nextSeq(): number {
    return this.#seq + 1;
  }

  /** From now on somebody writes down what happens; nobody does where it is `undefined`. */
  record(recorder: EventRecorder | undefined): void {
    this.#recorder = recorder;
    this.#change(this.#subscribers);
  }

  emit(news: ProgressNews): void {
    if (!this.observed || this.#isComplete) return;
    const event = { seq: ++this.#seq, at: this.#time.now, runId: this.#runId, ...news };
    this.#recorder?.event(event);
    this.#send(event);
  }

  // Those that every step emits, spelt out: a spread costs more than the event.

  stepAdded(stepId: string, parentId: string, dependsOn: readonly string[], demand: Demand): void {
    if (this.#recorder === undefined || dependsOn.length > 0) {
      this.emit({ type: 'step-added', stepId, parentId, dependsOn, demand });
      return;
    }
    if (this.#isComplete) return;
    const seq = ++this.#seq;
    const at = this.#time.now;
    this.#recorder.stepAdded(seq, at, stepId, parentId, demand);
    if (this.#subscribers.length === 0) return;
    this.#send({ seq, at, runId: this.#runId, type: 'step-added', stepId, parentId, dependsOn, demand });
  }

  stepStarted(
    stepId: string,
    attempt: number,
    holds: Demand,
    readyBy: string | undefined,
    waited: Waited | undefined,
  ): void {
    if (this.#isComplete) return;
    const seq = ++this.#seq;
    const at = this.#time.now;
    this.#recorder?.stepStarted(seq, at, stepId, attempt, holds, readyBy);
    if (this.#subscribers.length === 0) return;
    const runId = this.#runId;
    const type = 'step-started';
    if (waited === undefined)
      this.#send(
        readyBy === undefined
          ? { seq, at, runId, type, stepId, attempt, holds }
          : { seq, at, runId, type, stepId, attempt, holds, readyBy },
      );
    else
      this.#send(
        readyBy === undefined
          ? { seq, at, runId, type, stepId, attempt, holds, waited }
          : { seq, at, runId, type, stepId, attempt, holds, readyBy, waited },
      );
  }

  holdsChanged(stepId: string, attempt: number, holds: Demand): void {
    if (this.#isComplete) return;
    const seq = ++this.#seq;
    const at = this.#time.now;
    this.#recorder?.holdsChanged(seq, at, stepId, attempt, holds);
    if (this.#subscribers.length === 0) return;
    this.#send({ seq, at, runId: this.#runId, type: 'holds-changed', stepId, attempt, holds });
  }

  stepCompleted(stepId: string, attempt: number, durationMs: number): void {
    if (this.#isComplete) return;
    const seq = ++this.#seq;
    const at = this.#time.now;
    this.#recorder?.stepCompleted(seq, at, stepId, attempt, durationMs);
    if (this.#subscribers.length === 0) return;
    this.#send({ seq, at, runId: this.#runId, type: 'step-completed', stepId, attempt, durationMs });
  }

  stepKnown(stepId: string, origin: Origin): void {
    if (this.#isComplete) return;
    const seq = ++this.#seq;
    const at = this.#time.now;
    this.#recorder?.stepKnown(seq, at, stepId, origin);
    if (this.#subscribers.length === 0) return;
    const runId = this.#runId;
    this.#send({
      seq,
      at,
      runId,
      type: 'step-completed',
      stepId,
      attempt: 0,
      durationMs: 0,
      [origin]: true,
    });
  }

  /** Calls `work` once every event so far has been delivered: at once, unless a subscriber is handling one. */
  whenDelivered(work: () => void): void {
    if (this.#isDelivering) this.#afterwards = work;
    else work();
  }

  complete(): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    // What is still to be delivered comes first.
    if (!this.#isDelivering) this.#finish();
  }

  #send(event: ProgressEvent): void {
    if (this.#isDelivering) {
      this.#pending.push(event);
      return;
    }
    this.#isDelivering = true;
    this.#deliver(event);
    for (let next = 0; next < this.#pending.length; next++)
      this.#deliver(this.#pending[next] as ProgressEvent);
    this.#pending.length = 0;
    this.#isDelivering = false;
    if (this.#hasCompleted()) this.#finish();
    else if (this.#afterwards !== undefined) this.#callAfterwards(this.#afterwards);
  }

  // A call, since the compiler takes a field for unchanged across calls that change it.
  #hasCompleted(): boolean {
    return this.#isComplete;
  }

  #callAfterwards(work: () => void): void {
    this.#afterwards = undefined;
    work();
  }

  #deliver(event: ProgressEvent): void {
    const subscribers = this.#subscribers;
    for (let at = 0; at < subscribers.length; at++) subscribers[at]?.next(event);
  }

  #finish(): void {
    for (const subscriber of this.#subscribers) subscriber.complete();
  }

  #change(subscribers: readonly Subscriber<ProgressEvent>[]): void {
    this.#subscribers = subscribers;
    this.observed = subscribers.length > 0 || this.#recorder !== undefined;
  }
}
