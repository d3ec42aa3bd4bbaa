import { Observable } from '../base/rxjs-parts.ts';
import { blueprintOfHandles } from '../definition/blueprint-of-handles.ts';
import type { Dependencies } from '../definition/handle.ts';
import { HostedGraph } from '../definition/hosted.ts';
import { step } from '../definition/step.ts';
import { Engine } from '../engine/engine.ts';
import { Run } from './run.ts';
import { readRunOptions } from './run-options.ts';

/**
 * Small runs that are over, and what they have made, kept as long as the process.
 *
 * V8 throws compiled code away when the hidden classes it relies on have no object left. Between two runs nothing of a run is
 * left, so a major collection there would take the engine's code with it, and the next run would be ten times as slow.
 */
const kept: unknown[] = [];

function keep<Value>(value: Value): Value {
  kept.push(value);
  return value;
}

let runs = 0;

/**
 * Keeps a run of what has machinery of its own, once that is used in the second run of a process or later: there may be more of them then.
 *
 * @param stepsOf - the steps of that run
 * @returns what is to be called for each use
 */
export function keptOnce(stepsOf: (keepThat: typeof keep) => Dependencies): () => void {
  let isWorthIt: (() => void) | undefined;
  // Waited for here, so that the run is made in no request's async context, and keeps none alive.
  void new Promise<void>((resolve) => {
    isWorthIt = resolve;
  })
    .then(() => keepRun(stepsOf(keep)))
    // It is for speed alone: what is wrong with the environment, say, is told by the runs that ask for it.
    .catch(() => undefined);
  return () => {
    if (runs > 1) isWorthIt?.();
  };
}

async function keepRun(steps: Dependencies): Promise<void> {
  const blueprint = blueprintOfHandles('kept', steps);
  const run = keep(new Run(new Engine(blueprint, readRunOptions(blueprint, {}, {}))));
  keep(run.progress$.subscribe({ next: keep, error: keep }));
  await run.result();
}

/** A run is being made. */
export function noteRun(): void {
  runs++;
  keepOne();
}

/** One of each kind of thing that is made for a step. */
const keepOne = /* @__PURE__ */ keptOnce(() => {
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
  const part = blueprintOfHandles('part', { made });
  const hosting = step('hosting', { observed }, () => new HostedGraph(part, {}, 'fail-fast', undefined));
  return { observed, hosting };
});
