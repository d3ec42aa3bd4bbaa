import { seededRandom } from '../base/seeded-random.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { CriticalStep } from '../observe/critical-steps.ts';
import { type AnyWorkflow, blueprintOf } from './any-workflow.ts';
import { drawDurations } from './durations.ts';
import type { Fate } from './fate.ts';
import { longestPath } from './longest-path.ts';
import { boundsOf, type LowerBounds, workOf } from './lower-bounds.ts';
import type { Parts } from './parts.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';
import { Rehearsal, type Timetable } from './rehearsal.ts';
import { type ScheduledStep, scheduleOf } from './scheduled-step.ts';
import { type ReadConditions, readConditions, type SimulationOptions } from './simulation-options.ts';
import { anyWaits } from './waits.ts';

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
  /**
   * Every step that ran, by start, and in the order of definition where they start together; those of subflows as `subflow/id`,
   * children of fan-outs as `id[0]`.
   */
  readonly schedule: readonly ScheduledStep[];
  /** Every resource class that is demanded, and `concurrency` where it is limited, by name. */
  readonly resources: Readonly<Record<string, ResourceLoad>>;
  /** The chain of the workflow's own steps that decided how long it took, as a run's metrics have it. */
  readonly criticalPath: readonly string[];
  /** The same steps with the account of their time, as a run's metrics have it. */
  readonly criticalSteps: readonly CriticalStep[];
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
 * Steps of subflows and, where it is known how many items there are, children of fan-outs are simulated as they would run. A fan-out
 * or subflow for which a duration is given, or of which nothing is known, is one step that takes nothing but time. Every `when` says
 * yes and a `choose` takes its first branch, unless `skipped` and `branches` say otherwise.
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
  return simulateWith((parts, fate) => new Rehearsal(parts, fate), blueprint, options);
}

/** Makes what a simulation plays. */
export type Rehearse = (parts: Parts, fate: Fate) => Rehearsal;

/** One simulation of several of the same workflow, which differ in their limits alone. */
export function simulateWith(
  rehearse: Rehearse,
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
  const rehearsal = rehearse(conditions.parts, conditions.fate);
  const timetable = rehearsal.play(durations.expected, settings, simultaneous);
  const random = seededRandom(more.seed);
  const makespans = Float64Array.from(
    { length: more.trials },
    () => rehearsal.play(drawDurations(durations, random), settings, simultaneous).makespan,
  );
  return {
    ...reportOf(conditions, timetable),
    percentiles: makespans.length === 0 ? undefined : percentilesOf(makespans),
  };
}

function reportOf(
  { settings, durations, parts }: ReadConditions,
  timetable: Timetable,
): Omit<SimulationReport, 'percentiles'> {
  const { makespan } = timetable;
  const criticalSteps = timetable.criticalSteps();
  const work = workOf(parts, timetable, settings, durations.expected);
  const loads = [...work].map(([name, { limit, work }]): [string, ResourceLoad] => [
    name,
    { limit, work, utilisation: makespan > 0 ? Math.min(1, work / (limit * makespan)) : 0 },
  ]);
  return {
    makespan,
    schedule: scheduleOf(parts, timetable),
    resources: Object.fromEntries(loads),
    criticalPath: criticalSteps.map(({ id }) => id),
    criticalSteps,
    bottleneck: anyWaits(parts, timetable) ? mostUsed(loads) : undefined,
    lowerBounds: boundsOf(longestPath(parts, timetable), work),
  };
}

function mostUsed(loads: readonly [name: string, load: ResourceLoad][]): string | undefined {
  let most: (typeof loads)[number] | undefined;
  for (const load of loads) if (most === undefined || load[1].utilisation > most[1].utilisation) most = load;
  return most?.[0];
}
