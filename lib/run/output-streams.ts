import type { Observable, Subject } from 'rxjs';
import { Observable as RxObservable } from '../base/rxjs-parts.ts';
import { Subject as RxSubject } from '../base/rxjs-run-parts.ts';
import type { Engine } from '../engine/engine.ts';
import { released } from '../engine/step-table.ts';
import { OutputReleasedError } from '../observe/failures.ts';

/** The outputs of single steps, as streams of one value. */
export class OutputStreams {
  readonly #engine: Engine;
  readonly #awaited = new Map<number, Subject<unknown>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The output of a step: at once where it is there, otherwise when it comes. Neither starts nor holds the run. */
  output$(index: number): Observable<unknown> {
    return new RxObservable((subscriber) => {
      if (this.#engine.table.isSettled(index)) return this.#settled(index).subscribe(subscriber);
      let subject = this.#awaited.get(index);
      if (subject === undefined) {
        subject = new RxSubject();
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
    const engine = this.#engine;
    return new RxObservable((subscriber) => {
      const output = engine.view.outputOf(index);
      if (engine.view.statusOf(index) !== 'completed') {
        subscriber.error(engine.view.failureOf(index));
      } else if (output === released) {
        subscriber.error(new OutputReleasedError(engine.blueprint.graph.ids[index] ?? ''));
      } else {
        subscriber.next(output);
        subscriber.complete();
      }
    });
  }
}
