import { clockOf } from '../base/clock.ts';
import type { Duration } from '../base/durations.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import { seededRandom } from '../base/seeded-random.ts';
import { type Plan, ranksOfOrder } from '../run/plan.ts';
import { type AnyWorkflow, blueprintOf } from './any-workflow.ts';
import { boundsOfRun } from './lower-bounds.ts';
import { problemOf } from './problem.ts';
import { Rehearsal } from './rehearsal.ts';
import { type SearchBudget, search } from './search.ts';
import type { Starts } from './serial-schedules.ts';
import { type Conditions, readConditions } from './simulation-options.ts';
import { startingOrder } from './starting-order.ts';

/** What planning may say. `undefined` is always absent. */
export interface PlanOptions extends Conditions {
  /** How long to search. Plans then depend on the machine; `schedules` gives equal ones. @defaultValue no limit */
  readonly budget?: Duration | undefined;
  /** How many schedules to try. @defaultValue 1,000 where there is no `budget`, else no limit */
  readonly schedules?: number | undefined;
  /** A whole number; equal seeds search alike. @defaultValue 1 */
  readonly seed?: number | undefined;
}

/**
 * Searches, before a run, for an order of starting steps that makes the run short: `run({ plan })` follows it.
 *
 * It counts with what comes of subflows and fan-outs, as far as {@link simulate} would, and orders the workflow's own steps. No plan takes
 * longer than a run without one.
 *
 * The plan's order goes before `priority` and `estimate`. It counts with `durations` (the means of those that aren't certain),
 * and each order counts as long as the engine takes to follow it. Synchronous: it keeps the thread for its budget. Ends
 * early where an order is proven to be the best. A schedule takes about linear time for hundreds of steps, more than that
 * for many thousands.
 *
 * @throws InvalidOptionsError naming every option and duration that can't be used
 * @throws ResourceLimitError where a step demands more than there can be
 * @example
 * ```ts
 * const best = plan(flights, { limits: { 'heavy-cpu': 2 }, durations: run.metrics(), budget: '2s' });
 * const planned = flights.run({ inputs: { path }, limits: { 'heavy-cpu': 2 }, plan: best });
 * ```
 */
export function plan(workflow: AnyWorkflow, options: PlanOptions = {}): Plan {
  const blueprint = blueprintOf('plan', workflow);
  const owner = `plan(workflow '${blueprint.name}')`;
  const { parts, fate, settings, durations, simultaneous, more } = readConditions(
    owner,
    blueprint,
    options,
    ['budget', 'schedules', 'seed'],
    (checker) => readMore(checker, options),
  );
  const { expected } = durations;
  const rehearsal = new Rehearsal(parts, fate);
  const unplanned = rehearsal.play(expected, settings, simultaneous);
  const goal = boundsOfRun(parts, unplanned, settings, expected).best;
  // What doesn't run takes nothing.
  const taken = expected.map((ms, part) => (Number.isNaN(unplanned.starts[part]) ? 0 : ms));
  const problem = problemOf(parts, settings, taken);
  const followed = (starts: Float64Array): Candidate => {
    const itemAt = startingOrder(parts, problem, starts);
    const plannedRanks = ranksOfOrder(itemAt);
    return {
      itemAt,
      makespan: rehearsal.play(expected, { ...settings, plannedRanks }, simultaneous).makespan,
    };
  };
  let best = followed(unplanned.starts);
  // Where steps bring others, which have no turns, none may be better than any.
  if (best.makespan > unplanned.makespan) best = { itemAt: [], makespan: unplanned.makespan };
  const follow = (schedule: Starts): number => {
    // What takes longer as it stands is hardly ever followed in less.
    if (schedule.makespan >= best.makespan) return best.makespan;
    const candidate = followed(schedule.starts);
    if (candidate.makespan < best.makespan) best = candidate;
    return best.makespan;
  };
  const tried =
    best.makespan <= goal ? 0 : search(problem, goal, more.budget, seededRandom(more.seed), follow);
  return {
    workflow: blueprint.name,
    order: Array.from(best.itemAt, (index) => blueprint.graph.ids[index] ?? ''),
    makespan: best.makespan,
    lowerBound: goal,
    gap: goal > 0 ? Math.max(0, best.makespan / goal - 1) : 0,
    schedules: tried + 1,
  };
}

/** An order that was tried, and how long a run takes that follows it. */
interface Candidate {
  /** Empty where it is a run's own. */
  readonly itemAt: Uint32Array | readonly number[];
  readonly makespan: number;
}

function readMore(
  checker: OptionChecker,
  { budget, schedules, seed }: PlanOptions,
): { readonly budget: SearchBudget; readonly seed: number } {
  const ms = checker.duration('budget', budget) ?? Infinity;
  const most = checker.finiteCount('schedules', schedules, 1) ?? (ms === Infinity ? 1000 : Infinity);
  const clock = clockOf(undefined);
  const end = clock.now() + ms;
  return {
    budget: { isSpent: (made) => made >= most || clock.now() >= end },
    seed: checker.finiteCount('seed', seed, 0) ?? 1,
  };
}
