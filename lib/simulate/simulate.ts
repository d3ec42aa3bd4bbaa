import type { Demand } from '../admission/demand.ts';
import { seededRandom } from '../base/seeded-random.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import { type AnyWorkflow, blueprintOf } from './any-workflow.ts';
import { drawDurations } from './durations.ts';
import { type LowerBounds, lowerBounds, workByClass } from './lower-bounds.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';
import { Rehearsal, type Timetable } from './rehearsal.ts';
import { type ReadConditions, readConditions, type SimulationOptions } from './simulation-options.ts';

/** When a step runs, in ms from the start of the run. */
export interface ScheduledStep {
  /** The step. */
  readonly id: string;
  /** When it starts. */
  readonly start: number;
  /** When it ends. */
  readonly end: number;
  /** What it takes of each resource class from start to end. */
  readonly resources: Demand;
}

/** How much a resource class has to do. */
export interface ResourceLoad {
  /** Its capacity. */
  readonly limit: number;
  /** What is demanded of it in all: amount × ms. */
  readonly work: number;
  /** The share of limit × makespan that is taken, from 0 to 1. */
  readonly utilisation: number;
}

/** What a simulated run came to. Times in ms. */
export interface SimulationReport {
  /** From the start of the run to its end. */
  readonly makespan: number;
  /** Every step, by start, and in the order of definition where they start together. */
  readonly schedule: readonly ScheduledStep[];
  /** Every resource class that is demanded, and `concurrency` where it is limited, by name. */
  readonly resources: Readonly<Record<string, ResourceLoad>>;
  /** The longest path through the graph: what no capacity can make shorter. */
  readonly criticalPath: readonly string[];
  /** The class that is used the most, if any step has to wait for room; else absent, and the critical path decides. */
  readonly bottleneck: string | undefined;
  /** What no order of steps can undercut under these limits. */
  readonly lowerBounds: LowerBounds;
  /** The makespans of the `trials`; absent without. */
  readonly percentiles: Percentiles | undefined;
}

/**
 * Runs a workflow in virtual time, with steps that do nothing but take their time: the same engine, the same order,
 * and the same resources, in milliseconds. Nothing of the workflow's own is called.
 *
 * Every step succeeds at its first attempt; the order among ready steps is by `priority` and `estimate`, whatever
 * `durations` says. Where a duration is a distribution, the schedule is that of its mean. Synchronous and deterministic;
 * the time it takes is about linear in steps + dependencies.
 *
 * @throws InvalidOptionsError naming every option and duration that can't be used
 * @throws ResourceLimitError where a step demands more than there can be
 * @example
 * ```ts
 * const { makespan, bottleneck } = simulate(flights, { limits: { 'heavy-cpu': 2 }, durations: run.metrics() });
 * ```
 */
export function simulate(workflow: AnyWorkflow, options: SimulationOptions = {}): SimulationReport {
  const blueprint = blueprintOf('simulate', workflow);
  return simulateWith(new Rehearsal(blueprint), blueprint, options);
}

/** One simulation of several of the same workflow. */
export function simulateWith(
  rehearsal: Rehearsal,
  blueprint: Blueprint,
  options: SimulationOptions,
): SimulationReport {
  const owner = `simulate(workflow '${blueprint.name}')`;
  const { more, ...conditions } = readConditions(
    owner,
    blueprint,
    options,
    ['trials', 'seed', 'plan'],
    (checker) => ({
      trials: checker.finiteCount('trials', options.trials, 0) ?? 0,
      seed: checker.finiteCount('seed', options.seed, 0) ?? 1,
    }),
  );
  const { settings, durations, simultaneous } = conditions;
  const timetable = rehearsal.play(durations.expected, settings, simultaneous);
  const random = seededRandom(more.seed);
  const makespans = Float64Array.from(
    { length: more.trials },
    () => rehearsal.play(drawDurations(durations, random), settings, simultaneous).makespan,
  );
  return {
    ...reportOf(blueprint, conditions, timetable),
    percentiles: makespans.length === 0 ? undefined : percentilesOf(makespans),
  };
}

function reportOf(
  blueprint: Blueprint,
  { settings, durations }: ReadConditions,
  timetable: Timetable,
): Omit<SimulationReport, 'percentiles'> {
  const { makespan } = timetable;
  const loads = [...workByClass(blueprint, settings, durations.expected)].map(
    ([name, { limit, work }]): [string, ResourceLoad] => [
      name,
      { limit, work, utilisation: makespan > 0 ? Math.min(1, work / (limit * makespan)) : 0 },
    ],
  );
  const { graph } = blueprint;
  return {
    makespan,
    schedule: scheduleOf(blueprint, timetable),
    resources: Object.fromEntries(loads),
    criticalPath: graph.criticalPath((id) => durations.expected[graph.indexOf(id) ?? 0] ?? 0).steps,
    bottleneck: anyWaits(blueprint, timetable) ? mostUsed(loads) : undefined,
    lowerBounds: lowerBounds(blueprint, settings, durations.expected),
  };
}

function scheduleOf({ steps }: Blueprint, { starts, ends }: Timetable): ScheduledStep[] {
  const inOrder = Uint32Array.from(steps.keys()).sort(
    (left, right) => (starts[left] as number) - (starts[right] as number) || left - right,
  );
  return Array.from(inOrder, (index) => ({
    id: steps[index]?.id ?? '',
    start: starts[index] as number,
    end: ends[index] as number,
    resources: steps[index]?.settings.demand ?? {},
  }));
}

/** Whether a step starts later than its dependencies would let it. */
function anyWaits({ graph: { dependencies, size } }: Blueprint, { starts, ends }: Timetable): boolean {
  for (let index = 0; index < size; index++) {
    let readyAt = 0;
    const end = dependencies.starts[index + 1] as number;
    for (let at = dependencies.starts[index] as number; at < end; at++) {
      readyAt = Math.max(readyAt, ends[dependencies.values[at] as number] as number);
    }
    if ((starts[index] as number) > readyAt) return true;
  }
  return false;
}

function mostUsed(loads: readonly [name: string, load: ResourceLoad][]): string | undefined {
  let most: (typeof loads)[number] | undefined;
  for (const load of loads) if (most === undefined || load[1].utilisation > most[1].utilisation) most = load;
  return most?.[0];
}
