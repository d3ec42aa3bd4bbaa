import type { Observable, Subscriber } from 'rxjs';
import { Observable as RxObservable } from '../base/rxjs-parts.ts';
import type { Engine } from '../engine/engine.ts';
import { released } from '../engine/step-table.ts';
import { OutputReleasedError } from '../observe/failures.ts';

/** The outputs of single steps, as streams of one value. */
export class OutputStreams {
  readonly #engine: Engine;
  readonly #awaited = new Map<number, Set<Subscriber<unknown>>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The output of a step: at once where it is there, otherwise when it comes. Neither starts nor holds the run. */
  output$(index: number): Observable<unknown> {
    return new RxObservable((subscriber) => {
      if (this.#engine.table.isSettled(index)) {
        this.#deliver(index, subscriber);
        return;
      }
      const waiting = this.#awaited.get(index) ?? new Set();
      this.#awaited.set(index, waiting.add(subscriber));
      subscriber.add(() => waiting.delete(subscriber));
    });
  }

  /** Delivers what a step that has just settled produced, or why it produced nothing. */
  settle(index: number): void {
    const waiting = this.#awaited.get(index);
    if (waiting === undefined) return;
    this.#awaited.delete(index);
    for (const subscriber of [...waiting]) this.#deliver(index, subscriber);
  }

  #deliver(index: number, subscriber: Subscriber<unknown>): void {
    const { view } = this.#engine;
    const output = view.outputOf(index);
    if (view.statusOf(index) !== 'completed') {
      subscriber.error(view.failureOf(index));
    } else if (output === released) {
      subscriber.error(new OutputReleasedError(view.blueprint.graph.ids[index] ?? ''));
    } else {
      subscriber.next(output);
      subscriber.complete();
    }
  }
}
