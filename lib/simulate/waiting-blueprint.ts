import { Observable } from 'rxjs';
import { Blueprint } from '../definition/blueprint.ts';
import { edge } from '../definition/edge.ts';
import { type FanOutPlan, HostedGraph, HostedItems } from '../definition/hosted.ts';
import type { StepBody, StepDefinition } from '../definition/step-definition.ts';
import { type StepSettings, withoutChoice } from '../definition/step-options.ts';
import { withoutBackpressure } from '../definition/without-backpressure.ts';
import { FanOutScope } from '../engine/fan-out-scope.ts';
import type { Fate } from './fate.ts';
import type { Parts } from './parts.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What the bodies of a rehearsal share: clock and durations are set anew for each performance. */
export interface Stage {
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

/**
 * The same steps, which only wait. What they bring does so too, as far as the parts have it; any other is one wait.
 *
 * @param first - which part its first step is
 */
export function waitingBlueprint(original: Blueprint, stage: Stage, first: number): Blueprint {
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
    release: undefined,
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
    onResult: undefined,
    // There is nothing to keep of what came of a million waits.
    reduce: () => undefined,
    initial: undefined,
    settle: false,
    isLive: inner.plan.isLive,
  };
  const { inputNames = noNames } = original.steps[index] ?? {};
  const producer = original.branching
    ?.edgesOf(index)
    .find(({ kind, place }) => kind === edge.stream && inputNames[place] === 'items');
  return () => {
    const items =
      producer === undefined
        ? Array.from({ length: inner.count }, (_, place) => place)
        : spread(stage, first + producer.step, inner.count);
    return new HostedItems(items, {}, plan, FanOutScope);
  };
}

/** So many items over the time that a part takes, the last one at its end. */
function spread(stage: Stage, part: number, count: number): Observable<number> {
  return new Observable((subscriber) => {
    const gap = (stage.durations[part] as number) / Math.max(1, count);
    const emit = (place: number): void => {
      stage.clock.call(gap, () => {
        if (place < count) subscriber.next(place);
        if (place + 1 >= count) subscriber.complete();
        else if (!subscriber.closed) emit(place + 1);
      });
    };
    emit(0);
  });
}

const noNames: readonly string[] = [];
const noInputs: readonly never[] = [];
