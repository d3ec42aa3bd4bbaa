import { MillraceError } from '../base/errors.ts';
import { nearestName } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { Graph } from '../graph/graph.ts';
import type { Ranks } from '../graph/ranks.ts';

/** In what order the steps of a workflow best start, as `plan` of `millrace/simulate` found it. Plain JSON. */
export interface Plan {
  /** The workflow's name. */
  readonly workflow: string;
  /**
   * The ids of all of the workflow's own steps, each after what it depends on: those that demand a class in common start in this order. Empty
   * where none is better than the order that a run finds by itself.
   */
  readonly order: readonly string[];
  /** How long a run that follows the plan takes, in ms, if every step takes as long as was planned with. */
  readonly makespan: number;
  /** What no order of steps can undercut, in ms. */
  readonly lowerBound: number;
  /** By what share of the lower bound the makespan is above it; 0 is proven to be the best. */
  readonly gap: number;
  /** How many schedules were tried. */
  readonly schedules: number;
}

/**
 * A plan was made for other steps than the workflow has. Plan anew, with `plan(workflow, …)`.
 *
 * @example
 * ```ts
 * try {
 *   flights.run({ inputs: { path }, plan: JSON.parse(await readFile('plan.json', 'utf8')) as Plan });
 * } catch (error) {
 *   if (error instanceof PlanMismatchError) console.error(error.missing, error.unknown);
 * }
 * ```
 */
export class PlanMismatchError extends MillraceError {
  override readonly name = 'PlanMismatchError';
  override readonly code = 'PLAN_MISMATCH';

  /** The workflow that was to follow the plan. */
  readonly workflow: string;
  /** The ids of the workflow's steps that the plan doesn't know. */
  readonly missing: readonly string[];
  /** The ids in the plan that the workflow has no step for, or that stand there more than once. */
  readonly unknown: readonly string[];
  /** The ids of the steps that stand before one that they depend on. */
  readonly tooEarly: readonly string[];

  constructor(
    workflow: string,
    missing: readonly string[],
    unknown: readonly string[],
    tooEarly: readonly string[],
  ) {
    const faults = [
      ...(missing.length === 0 ? [] : [`it doesn't know ${some(missing)}`]),
      ...(unknown.length === 0
        ? []
        : [`${some(unknown, missing)} ${unknown.length === 1 ? 'is' : 'are'} no step or stand there twice`]),
      ...(tooEarly.length === 0 ? [] : [`${some(tooEarly)} would start before what it depends on`]),
    ];
    super(
      `the plan doesn't fit workflow '${workflow}': ${faults.join(', and ')}; make a new one with plan(workflow, …)`,
    );
    this.workflow = workflow;
    this.missing = missing;
    this.unknown = unknown;
    this.tooEarly = tooEarly;
  }
}

const mostNamed = 5;

function some(ids: readonly string[], known: readonly string[] = []): string {
  const named = ids.slice(0, mostNamed).map((id) => {
    const meant = nearestName(id, known);
    return meant === undefined ? `'${id}'` : `'${id}' (now '${meant}'?)`;
  });
  if (ids.length > mostNamed) named.push(`${String(ids.length - mostNamed)} more`);
  return named.join(', ');
}

/**
 * The ranks that a plan gives the steps; what isn't a plan at all is noted with the checker.
 *
 * @throws PlanMismatchError where it names steps, but not each of them once
 */
export function readPlan(checker: OptionChecker, { name, graph }: Blueprint, plan: Plan): Ranks | undefined {
  const order: unknown = (plan as Partial<Plan> | null)?.order;
  if (!Array.isArray(order) || !order.every((id) => typeof id === 'string'))
    return checker.fail('plan', "a plan made by plan() of 'millrace/simulate'", plan);
  if (order.length === 0) return undefined;
  const missing = new Set(graph.ids);
  const unknown = order.filter((id) => !missing.delete(id));
  if (missing.size > 0 || unknown.length > 0) throw new PlanMismatchError(name, [...missing], unknown, []);
  const ranks = ranksOfOrder(Uint32Array.from(order, (id) => graph.indexOf(id) ?? 0));
  const early = tooEarly(graph, ranks);
  if (early.length > 0) throw new PlanMismatchError(name, [], [], early);
  return ranks;
}

/** The ids of the steps that stand before one that they depend on. */
function tooEarly({ ids, dependencies: { starts, values } }: Graph, { rankOf }: Ranks): string[] {
  return ids.filter((_, index) =>
    values
      .subarray(starts[index], starts[index + 1])
      .some((needed) => (rankOf[needed] as number) > (rankOf[index] as number)),
  );
}

/** Ranks that follow a list of all steps. */
export function ranksOfOrder(itemAt: Uint32Array): Ranks {
  const rankOf = new Uint32Array(itemAt.length);
  for (let rank = 0; rank < itemAt.length; rank++) rankOf[itemAt[rank] as number] = rank;
  return { rankOf, itemAt };
}
