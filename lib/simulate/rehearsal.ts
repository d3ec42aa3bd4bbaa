import { Observable } from 'rxjs';
import { invariant } from '../base/invariant.ts';
import { reportError } from '../base/report-error.ts';
import { Blueprint } from '../definition/blueprint.ts';
import { type FanOutPlan, HostedGraph, HostedItems } from '../definition/hosted.ts';
import { edge, withoutBackpressure } from '../definition/join.ts';
import type { StepBody, StepDefinition } from '../definition/step.ts';
import { type StepSettings, withoutChoice } from '../definition/step-options.ts';
import type { StepListener } from '../run/engine.ts';
import type { ProgressEvent } from '../run/progress-event.ts';
import { rootEngine } from '../run/root-engine.ts';
import type { RunSettings } from '../run/run-options.ts';
import type { Fate } from './fate.ts';
import type { Parts } from './parts.ts';
import type { Simultaneous } from './simulation-options.ts';
import { VirtualClock } from './virtual-clock.ts';

/** When each part started and ended, NaN where it didn't, and the end of the last. */
export interface Timetable {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly makespan: number;
}

/**
 * A workflow whose steps only wait, run by the engine on a virtual clock.
 *
 * 1. Graph, demands, priorities and estimates are the workflow's; bodies, retries, timeouts and clean-ups aren't. Every `when` says
 *    yes and a `choose` takes its first branch, unless the fate is another.
 * 2. What comes of a step is run as it would be in a run, as far as the parts have it. The items of a stream come evenly while
 *    its producer takes its time.
 * 3. Equal durations and settings give equal timetables.
 */
export class Rehearsal {
  readonly #parts: Parts;
  readonly #blueprint: Blueprint;
  readonly #stage: Stage;

  constructor(parts: Parts, fate: Fate) {
    this.#parts = parts;
    this.#stage = { clock: new VirtualClock(), durations: new Float64Array(0), parts, fate };
    this.#blueprint = waitingBlueprint(parts.blueprint, this.#stage, 0);
  }

  /** @throws ResourceLimitError where a step demands more than there can be */
  play(durations: Float64Array, settings: RunSettings, simultaneous: Simultaneous): Timetable {
    const clock = new VirtualClock();
    this.#stage.clock = clock;
    this.#stage.durations = durations;
    const engine = rootEngine(this.#blueprint, { ...settings, clock, timeout: undefined });
    if (simultaneous === 'together') engine.listener = new EndTogether(clock);
    const inner =
      this.#parts.inners.size === 0 ? undefined : new InnerTimes(engine.progress.events$, this.#parts);
    engine.launch();
    clock.flush();
    if (engine.status === 'failed') throw engine.result;
    invariant(engine.status === 'completed', 'a rehearsal came to no end');
    const { startedAt: starts, endedAt: ends } = engine.state;
    return {
      ...(inner?.with(starts, ends) ?? { starts, ends }),
      makespan: engine.endedAt - engine.startedAt,
    };
  }
}

/** When those parts started and ended that aren't the workflow's own. */
class InnerTimes {
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;

  constructor(events$: Observable<ProgressEvent>, parts: Parts) {
    this.#starts = new Float64Array(parts.ids.length).fill(Number.NaN);
    this.#ends = this.#starts.slice();
    events$.subscribe({
      next: (event) => {
        this.#add(event, parts);
      },
      error: reportError,
    });
  }

  #add(event: ProgressEvent, parts: Parts): void {
    if (event.type === 'step-started') this.#starts[parts.indexOf(event.stepId) ?? 0] = event.at;
    else if (event.type === 'step-completed' || (event.type === 'step-cancelled' && event.attempt > 0))
      this.#ends[parts.indexOf(event.stepId) ?? 0] = event.at;
  }

  /** With those of the workflow's own, which come first. */
  with(starts: Float64Array, ends: Float64Array): Pick<Timetable, 'starts' | 'ends'> {
    this.#starts.set(starts);
    this.#ends.set(ends);
    return { starts: this.#starts, ends: this.#ends };
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

/** What the bodies of a rehearsal share: clock and durations are set anew for each performance. */
interface Stage {
  clock: VirtualClock;
  durations: Float64Array;
  readonly parts: Parts;
  readonly fate: Fate;
}

/** A body that emits once, after the duration of its part. */
function waiting(stage: Stage, part: number): Observable<undefined> {
  return new Observable((subscriber) => {
    stage.clock.call(stage.durations[part] as number, () => {
      subscriber.next(undefined);
      subscriber.complete();
    });
  });
}

/** @param first - which part its first step is */
function waitingBlueprint(original: Blueprint, stage: Stage, first: number): Blueprint {
  const { name, graph, outputs, sources, optionalOutputs, marks } = original;
  const quiet = new Map<StepSettings, StepSettings>();
  const steps = original.steps.map(({ id, settings }, index): StepDefinition => {
    const { join, when } = settings;
    let plain = quiet.get(settings) ?? withoutCare(settings);
    quiet.set(settings, plain);
    if (join !== undefined || when !== undefined)
      plain = { ...plain, ...fatedIn(stage, stage.parts.ids[first + index] ?? '', settings) };
    return { id, body: bodyOf(original, stage, first, index), inputNames: noNames, settings: plain };
  });
  return new Blueprint(
    name,
    graph,
    steps,
    sources,
    noInputs,
    outputs,
    optionalOutputs,
    withoutBackpressure(marks),
  );
}

/** Settings of which only those are left that say when and where a step runs. */
function withoutCare(settings: StepSettings): StepSettings {
  return {
    ...settings,
    retry: undefined,
    timeout: undefined,
    cleanup: undefined,
    isOffloaded: false,
    ...withoutChoice(settings),
  };
}

function fatedIn({ fate }: Stage, id: string, settings: StepSettings): Pick<StepSettings, 'when' | 'join'> {
  const { when, join } = withoutChoice(settings);
  const branch = fate.branches.get(id);
  return {
    when: fate.skipped.has(id) ? () => false : when,
    join: branch !== undefined && join?.kind === 'choose' ? { ...join, selector: () => branch } : join,
  };
}

function bodyOf(original: Blueprint, stage: Stage, first: number, index: number): StepBody {
  const inner = stage.parts.inners.get(first + index);
  if (inner === undefined) {
    const wait = waiting(stage, first + index);
    return () => wait;
  }
  if (inner.kind === 'graph') {
    const graph = new HostedGraph(
      waitingBlueprint(inner.blueprint, stage, inner.first),
      {},
      'fail-fast',
      undefined,
    );
    return () => graph;
  }
  const plan: FanOutPlan = {
    body: ({ item }) => waiting(stage, inner.first + (item as number)),
    settings: withoutCare(inner.plan.settings),
    keyOf: undefined,
    concurrency: inner.plan.concurrency,
    // There is nothing to keep of what came of a million waits.
    reduce: () => undefined,
    initial: undefined,
    settle: false,
    isLive: inner.plan.isLive,
  };
  const producer = original.branching
    ?.edgesOf(index)
    .find(({ kind, place }) => kind === edge.stream && place === 0);
  return () => {
    const items =
      producer === undefined
        ? Array.from({ length: inner.count }, (_, place) => place)
        : spread(stage, first + producer.step, inner.count);
    return new HostedItems(items, {}, plan);
  };
}

/** So many items over the time that a part takes, the last one at its end. */
function spread(stage: Stage, part: number, count: number): Observable<number> {
  return new Observable((subscriber) => {
    const gap = (stage.durations[part] as number) / Math.max(1, count);
    const emit = (place: number): void => {
      if (place === count) subscriber.complete();
      else if (!subscriber.closed)
        stage.clock.call(gap, () => {
          subscriber.next(place);
          emit(place + 1);
        });
    };
    emit(0);
  });
}

const noNames: readonly string[] = [];
const noInputs: readonly never[] = [];
