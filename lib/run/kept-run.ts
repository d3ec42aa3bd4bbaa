import { Observable } from '../base/rxjs-parts.ts';
import { blueprintOfHandles } from '../definition/blueprint-of-handles.ts';
import { forEachStep } from '../definition/for-each-step.ts';
import { HostedGraph } from '../definition/hosted.ts';
import { step } from '../definition/step.ts';
import { Engine } from '../engine/engine.ts';
import { Run } from './run.ts';
import { readRunOptions } from './run-options.ts';

/**
 * A small run that is over, and what it has made, kept as long as the process.
 *
 * V8 throws compiled code away when the hidden classes it relies on have no object left. Between two runs nothing of a run is
 * left, so a major collection there would take the engine's code with it, and the next run would be ten times as slow.
 */
const kept: unknown[] = [];

/** Settled when it is worth it: the second run of a process shows that there may be more. */
let isWorthIt: (() => void) | undefined;
// Waited for here, so that it is made in no request's async context, and keeps none alive.
void new Promise<void>((resolve) => {
  isWorthIt = resolve;
})
  .then(keepRun)
  // It is for speed alone: what is wrong with the environment, say, is told by the runs that ask for it.
  .catch(() => undefined);

let runs = 0;

/** A run is being made. */
export function noteRun(): void {
  if (++runs === 2) isWorthIt?.();
}

/** One of each kind of thing that is made for a step. */
async function keepRun(): Promise<void> {
  const keep = <Value>(value: Value): Value => {
    kept.push(value);
    return value;
  };
  const made = step('made', (context) => keep([context]));
  const promised = step('promised', { made }, (inputs, context) => Promise.resolve(keep([inputs, context])));
  const observed = step(
    'observed',
    { made, promised },
    (inputs, context) =>
      new Observable<number>((subscriber) => {
        subscriber.next(keep([inputs, context, subscriber]).length);
        subscriber.complete();
      }),
  );
  const each = forEachStep('each', { items: made }, (item, context) => keep([item, context]).length);
  const part = blueprintOfHandles('part', { made });
  const hosting = step('hosting', { observed }, () => new HostedGraph(part, {}, 'fail-fast', undefined));
  const blueprint = blueprintOfHandles('kept', { observed, each, hosting });
  const run = keep(new Run(new Engine(blueprint, readRunOptions(blueprint, {}, {}))));
  keep(run.progress$.subscribe({ next: keep, error: keep }));
  await run.result();
}
