import { Admission, type AdmissionRules } from '../admission/admission.ts';
import { type Demand, sumOfDemands } from '../admission/demand.ts';
import { type Limits, resolveLimit } from '../admission/limits.ts';
import { RankSet } from '../admission/rank-set.ts';
import { RateWindow } from '../admission/rate-window.ts';
import { ResourceLimitError } from '../admission/resource-limit-error.ts';
import { Shape } from '../admission/shape.ts';
import { Turns } from '../admission/turns.ts';
import type { WaitingItems } from '../admission/waiting-items.ts';
import type { Clock } from '../base/clock.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import { type Item, ItemsByRank } from './candidate.ts';
import type { RunSettings } from './run-options.ts';

/** A run's budget: its ready steps, and the names behind the places of its classes. */
export interface RunAdmission {
  readonly admission: Admission<Item>;
  readonly resources: readonly string[];
  /** Whose turn it is, where the run follows a plan. */
  readonly turns: Turns | undefined;
  /** How the run's own steps are ranked. */
  readonly rankOf: Uint32Array;
  /**
   * The shape of a demand of steps that come while the run is under way. Equal demands have one.
   *
   * @throws InvalidOptionsError where it demands a class that has no limit
   * @throws ResourceLimitError where it demands more than there can be
   */
  readonly shapeFor: (demand: Demand, stepId: string) => Shape<Item>;
  /** The shape of several steps that start together; throws as {@link RunAdmission.shapeFor} does. */
  readonly shapeForAll: (demands: readonly Demand[], stepIds: string) => Shape<Item>;
  /** The shape of what runs in what another has taken: it takes nothing, but keeps to pauses and rates. */
  readonly heldShape: (shape: Shape<Item>) => Shape<Item>;
  /** Notes limits for classes that only steps to come demand. */
  readonly noteLimits: (limits: Limits) => void;
}

/**
 * Opens a run's budget: the classes that its steps demand, and `concurrency` where it is limited.
 *
 * @throws ResourceLimitError where a step demands more than there can be
 */
export function openAdmission(blueprint: Blueprint, settings: RunSettings): RunAdmission {
  const { distinct, places } = blueprint.demands;
  const { concurrency, maxOvertakes } = settings;
  const resources = [...settings.limits.keys()];
  const capacities = [...settings.limits.values()];
  if (concurrency !== undefined) {
    resources.push('concurrency');
    capacities.push(concurrency);
  }
  const ranks = settings.plannedRanks ?? settings.measuredRanks ?? blueprint.ranks;
  const order = new ItemsByRank(ranks.rankOf);
  const shapes = distinct.map((demand, place) => {
    refuseTooMuch(settings, demand, () => blueprint.graph.ids[places.indexOf(place)] ?? '');
    // Sets of numbers hold the run's own steps alone, which are all that will ever have these shapes.
    const waiting = place < rankSets ? (new RankSet(ranks) as WaitingItems<unknown>) : undefined;
    return shapeOf(demand, resources, order, waiting as WaitingItems<Item> | undefined);
  });
  for (const { demand, stepId } of blueprint.laterDemands) refuseTooMuch(settings, demand, () => stepId);
  for (const gang of blueprint.gangs) refuseTooMany(concurrency, gang.length, blueprint.nameOfGang(gang));
  const turns =
    settings.plannedRanks === undefined
      ? undefined
      : new Turns(ranks.itemAt, resources.length, (index) => shapes[places[index] as number]?.classes ?? []);
  // Where everyone has a turn, nobody is overtaken.
  const rules =
    turns === undefined
      ? new RunRules(
          ranks.rankOf,
          shapes,
          places,
          capacities,
          shapes.length > 1 ? maxOvertakes : undefined,
          settings.clock,
        )
      : new PlannedRules(ranks.rankOf, shapes, places, capacities, turns, settings.clock);
  const admission = withRates(new Admission<Item>(rules), resources, settings);
  return {
    admission,
    resources,
    turns,
    rankOf: ranks.rankOf,
    heldShape: ({ classes, amounts }) => {
      const nothing = amounts.map(() => 0);
      return new Shape<Item>(classes, nothing, order, undefined, amounts);
    },
    ...shapesForLater(admission, resources, order, settings),
  };
}

/** @throws ResourceLimitError where a demand is more than there can be */
function refuseTooMuch({ limits, rates }: RunSettings, demand: Demand, stepId: () => string): void {
  for (const [name, amount] of Object.entries(demand)) {
    const limit = limits.get(name) ?? 0;
    if (amount > limit) throw new ResourceLimitError(stepId(), name, amount, limit);
    const rate = rates.get(name);
    if (rate !== undefined && amount > rate.limit)
      throw new ResourceLimitError(stepId(), name, amount, rate.limit, 0, rate.perMs);
  }
}

/** @throws ResourceLimitError where more have to start together than may run at once */
function refuseTooMany(concurrency: number | undefined, count: number, stepIds: string): void {
  if (concurrency !== undefined && count > concurrency)
    throw new ResourceLimitError(stepIds, 'concurrency', count, concurrency);
}

function shapeOf(
  demand: Demand,
  resources: readonly string[],
  order: ItemsByRank,
  waiting: WaitingItems<Item> | undefined,
): Shape<Item> {
  const entries = Object.entries(demand);
  if (resources.includes('concurrency')) entries.push(['concurrency', 1]);
  return new Shape<Item>(
    entries.map(([name]) => resources.indexOf(name)),
    entries.map(([, amount]) => amount),
    order,
    waiting,
  );
}

function shapesForLater(
  admission: Admission<Item>,
  resources: string[],
  order: ItemsByRank,
  settings: RunSettings,
): Pick<RunAdmission, 'shapeFor' | 'shapeForAll' | 'noteLimits'> {
  let limits = settings.givenLimits;
  const byDemand = new Map<Demand, Shape<Item>>();
  const byContent = new Map<string, Shape<Item>>();
  const make = (demand: Demand, stepId: string): Shape<Item> => {
    if (settings.plannedRanks === undefined) admission.boundOvertakes(settings.maxOvertakes);
    for (const name of Object.keys(demand)) {
      if (resources.includes(name)) continue;
      const checker = new OptionChecker();
      const { capacity, rate } = resolveLimit(checker, name, limits);
      checker.throwIfAny(`step '${stepId}', which came while the run was under way`);
      resources.push(name);
      const place = admission.addClass(capacity ?? Infinity);
      if (rate !== undefined) admission.setWindow(place, new RateWindow(rate));
    }
    for (const [name, amount] of Object.entries(demand)) {
      const place = resources.indexOf(name);
      const limit = admission.capacities[place] ?? 0;
      if (amount > limit) throw new ResourceLimitError(stepId, name, amount, limit);
      const rate = admission.windowOf(place)?.rate;
      if (rate !== undefined && amount > rate.limit)
        throw new ResourceLimitError(stepId, name, amount, rate.limit, 0, rate.perMs);
    }
    return shapeOf(demand, resources, order, undefined);
  };
  const shapeFor = (demand: Demand, stepId: string): Shape<Item> => {
    let shape = byDemand.get(demand);
    if (shape !== undefined) return shape;
    const content = JSON.stringify(demand);
    shape = byContent.get(content);
    if (shape === undefined) {
      shape = make(demand, stepId);
      byContent.set(content, shape);
    }
    // Demands read over and over, as of steps made in a function, are other objects each time.
    if (byDemand.size < mostKnownObjects) byDemand.set(demand, shape);
    return shape;
  };
  const shapeForAll = (demands: readonly Demand[], stepIds: string): Shape<Item> => {
    const demand = sumOfDemands(demands);
    refuseTooMany(settings.concurrency, demands.length, stepIds);
    const { classes, amounts } = shapeFor(demand, stepIds);
    // Each of them has a place in the concurrency.
    const all = amounts.map((amount, at) =>
      resources[classes[at] as number] === 'concurrency' ? demands.length : amount,
    );
    return new Shape<Item>(classes, all, order);
  };
  const noteLimits = (more: Limits): void => {
    limits = { ...limits, ...more };
  };
  return { shapeFor, shapeForAll, noteLimits };
}

function withRates(
  admission: Admission<Item>,
  resources: readonly string[],
  { rates }: RunSettings,
): Admission<Item> {
  for (const [name, rate] of rates) admission.setWindow(resources.indexOf(name), new RateWindow(rate));
  return admission;
}

/** What is taken of each class, and how much there is. */
export function usageOf({
  admission,
  resources,
}: RunAdmission): Record<string, { readonly taken: number; readonly limit: number }> {
  return Object.fromEntries(
    resources.map((name, place) => [
      name,
      { taken: admission.taken[place] ?? 0, limit: admission.capacities[place] ?? 0 },
    ]),
  );
}

/** What a step fails with whose demand of the class at a place can't be met, since abandoned bodies hold too much. */
export function lossError(
  { admission, resources }: RunAdmission,
  stepId: string,
  demand: Demand,
  place: number,
): ResourceLimitError {
  const resource = resources[place] ?? '';
  const demanded = resource === 'concurrency' ? 1 : (demand[resource] ?? 0);
  return new ResourceLimitError(
    stepId,
    resource,
    demanded,
    admission.capacities[place] ?? 0,
    admission.lostOf(place),
  );
}

const mostKnownObjects = 1024;
// The fastest way to keep the steps of one demand; but each takes a bit a step of the whole workflow.
const rankSets = 4;

class RunRules extends ItemsByRank implements AdmissionRules<Item> {
  readonly capacities: readonly number[];
  readonly maxOvertakes: number | undefined;
  readonly #shapes: readonly Shape<Item>[];
  readonly #places: Uint32Array;
  readonly #clock: Clock;

  constructor(
    ranks: Uint32Array,
    shapes: readonly Shape<Item>[],
    places: Uint32Array,
    capacities: readonly number[],
    maxOvertakes: number | undefined,
    clock: Clock,
  ) {
    super(ranks);
    this.#clock = clock;
    this.#shapes = shapes;
    this.#places = places;
    this.capacities = capacities;
    this.maxOvertakes = maxOvertakes;
  }

  shapeOf(item: Item): Shape<Item> {
    return typeof item === 'number'
      ? (this.#shapes[this.#places[item] as number] as Shape<Item>)
      : item.shape;
  }

  now(): number {
    return this.#clock.now();
  }
}

/** What came later isn't in the plan: it starts when it fits. */
class PlannedRules extends RunRules {
  readonly #turns: Turns;

  constructor(
    ranks: Uint32Array,
    shapes: readonly Shape<Item>[],
    places: Uint32Array,
    capacities: readonly number[],
    turns: Turns,
    clock: Clock,
  ) {
    super(ranks, shapes, places, capacities, undefined, clock);
    this.#turns = turns;
  }

  isDue(item: Item): boolean {
    return typeof item !== 'number' || this.#turns.isDue(item);
  }

  started(item: Item): void {
    if (typeof item === 'number') this.#turns.start(item);
  }
}
