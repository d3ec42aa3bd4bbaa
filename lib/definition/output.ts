import type { InteropObservable, Observable } from 'rxjs';
import type { Step } from './handle.ts';
import type { Hostable } from './hosted.ts';

/**
 * The output of a step whose function returns `Returned`: Promises, Observables and AsyncIterables give their
 * (last) value, a Promise of one of these too, and a step or a workflow is run and gives its output; anything else, arrays
 * and strings included, is the output itself.
 */
export type Output<Returned> = 0 extends 1 & Returned
  ? Returned
  : Returned extends PromiseLike<infer Resolved>
    ? Output<Resolved>
    : Returned extends Hostable<infer Out>
      ? Out
      : Returned extends Step<infer Out>
        ? Out
        : Returned extends Observable<infer Value>
          ? Value
          : Returned extends InteropObservable<infer Value>
            ? Value
            : Returned extends AsyncIterable<infer Value>
              ? Value
              : Returned;
