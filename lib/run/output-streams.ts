import { Observable, Subject } from 'rxjs';
import type { Engine } from './engine.ts';
import { OutputReleasedError } from './failures.ts';
import { released, status } from './run-state.ts';

/** The outputs of single steps, as streams of one value. */
export class OutputStreams {
  readonly #engine: Engine;
  readonly #awaited = new Map<number, Subject<unknown>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The output of a step: at once where it is there, otherwise when it comes. Neither starts nor holds the run. */
  output$(index: number): Observable<unknown> {
    return new Observable((subscriber) => {
      if (this.#engine.state.isSettled(index)) return this.#settled(index).subscribe(subscriber);
      let subject = this.#awaited.get(index);
      if (subject === undefined) {
        subject = new Subject();
        this.#awaited.set(index, subject);
      }
      return subject.subscribe(subscriber);
    });
  }

  /** Delivers what a step that has just settled produced, or why it produced nothing. */
  settle(index: number): void {
    const subject = this.#awaited.get(index);
    if (subject === undefined) return;
    this.#awaited.delete(index);
    this.#settled(index).subscribe(subject);
  }

  #settled(index: number): Observable<unknown> {
    const { state, blueprint } = this.#engine;
    return new Observable((subscriber) => {
      if (state.statuses[index] !== status.completed) {
        subscriber.error(this.#engine.failureOf(index));
      } else if (state.outputs[index] === released) {
        subscriber.error(new OutputReleasedError(blueprint.graph.ids[index] ?? ''));
      } else {
        subscriber.next(state.outputs[index]);
        subscriber.complete();
      }
    });
  }
}
