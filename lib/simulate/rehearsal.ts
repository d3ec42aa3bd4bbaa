import { Observable } from 'rxjs';
import { invariant } from '../base/invariant.ts';
import { Blueprint } from '../definition/blueprint.ts';
import { withoutBackpressure } from '../definition/join.ts';
import type { StepDefinition } from '../definition/step.ts';
import { type StepSettings, withoutChoice } from '../definition/step-options.ts';
import { Engine, type StepListener } from '../run/engine.ts';
import type { RunSettings } from '../run/run-options.ts';
import type { Simultaneous } from './simulation-options.ts';
import { VirtualClock } from './virtual-clock.ts';

/** When each step started and ended, by index, and the end of the last. */
export interface Timetable {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly makespan: number;
}

/**
 * A workflow whose steps only wait, run by the engine on a virtual clock.
 *
 * 1. Graph, demands, priorities and estimates are the workflow's; bodies, retries, timeouts and clean-ups aren't. Every `when` says
 *    yes, a `choose` takes its first branch, and a fan-out or subflow is a step of its own duration.
 * 2. Equal durations and settings give equal timetables.
 */
export class Rehearsal {
  readonly blueprint: Blueprint;
  readonly #stage: Stage;

  constructor(original: Blueprint) {
    this.#stage = { clock: new VirtualClock(), durations: new Float64Array(0) };
    this.blueprint = waitingBlueprint(original, this.#stage);
  }

  /** @throws ResourceLimitError where a step demands more than there can be */
  play(durations: Float64Array, settings: RunSettings, simultaneous: Simultaneous): Timetable {
    const clock = new VirtualClock();
    this.#stage.clock = clock;
    this.#stage.durations = durations;
    const engine = new Engine(this.blueprint, { ...settings, clock, timeout: undefined });
    if (simultaneous === 'together') engine.listener = new EndTogether(clock);
    engine.launch();
    clock.flush();
    if (engine.status === 'failed') throw engine.result;
    invariant(engine.status === 'completed', 'a rehearsal came to no end');
    return {
      starts: engine.state.startedAt,
      ends: engine.state.endedAt,
      makespan: engine.endedAt - engine.startedAt,
    };
  }
}

/**
 * Lets the other steps that end at an instant settle while the first of them does. The loop admits nothing while a
 * step settles, so that all that they give back is there before anything starts.
 */
class EndTogether implements StepListener {
  readonly #clock: VirtualClock;
  #isFinishing = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  changed(): void {
    // Only settling matters.
  }

  settled(): void {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.#clock.finishInstant();
    this.#isFinishing = false;
  }
}

/** What the waits of a rehearsal share: it is set anew for each performance. */
interface Stage {
  clock: VirtualClock;
  durations: Float64Array;
}

/** A body that emits once, after the duration of its step. */
function waiting(stage: Stage, index: number): Observable<undefined> {
  return new Observable((subscriber) => {
    stage.clock.call(stage.durations[index] as number, () => {
      subscriber.next(undefined);
      subscriber.complete();
    });
  });
}

function waitingBlueprint(original: Blueprint, stage: Stage): Blueprint {
  const { name, graph, outputs, sources, inputs, optionalOutputs, marks } = original;
  const plain = new Map<StepSettings, StepSettings>();
  const steps = original.steps.map(({ id, settings }, index): StepDefinition => {
    let quiet = plain.get(settings);
    if (quiet === undefined) {
      quiet = {
        ...settings,
        retry: undefined,
        timeout: undefined,
        cleanup: undefined,
        isOffloaded: false,
        later: undefined,
        ...withoutChoice(settings),
      };
      plain.set(settings, quiet);
    }
    const wait = waiting(stage, index);
    return { id, body: () => wait, inputNames: noNames, settings: quiet };
  });
  return new Blueprint(
    name,
    graph,
    steps,
    sources,
    inputs,
    outputs,
    optionalOutputs,
    withoutBackpressure(marks),
  );
}

const noNames: readonly string[] = [];
