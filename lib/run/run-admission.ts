import { Admission, type AdmissionRules } from '../admission/admission.ts';
import type { Demand } from '../admission/demand.ts';
import type { ItemOrder } from '../admission/priority-heap.ts';
import { RankSet } from '../admission/rank-set.ts';
import { RateWindow } from '../admission/rate-window.ts';
import { ResourceLimitError } from '../admission/resource-limit-error.ts';
import { Shape } from '../admission/shape.ts';
import { Turns } from '../admission/turns.ts';
import type { Clock } from '../base/clock.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { RunSettings } from './run-options.ts';

/** A run's budget: its ready steps, by index, and the names behind the places of its classes. */
export interface RunAdmission {
  readonly admission: Admission<number>;
  readonly resources: readonly string[];
  /** Whose turn it is, where the run follows a plan. */
  readonly turns: Turns | undefined;
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
  const order = new ByRank(ranks.rankOf);
  const shapes = distinct.map((demand, place) => {
    const entries = Object.entries(demand);
    for (const [name, amount] of entries) {
      const limit = settings.limits.get(name) ?? 0;
      const stepId = (): string => blueprint.graph.ids[places.indexOf(place)] ?? '';
      if (amount > limit) throw new ResourceLimitError(stepId(), name, amount, limit);
      const rate = settings.rates.get(name);
      if (rate !== undefined && amount > rate.limit)
        throw new ResourceLimitError(stepId(), name, amount, rate.limit, 0, rate.perMs);
    }
    if (concurrency !== undefined) entries.push(['concurrency', 1]);
    return new Shape<number>(
      entries.map(([name]) => resources.indexOf(name)),
      entries.map(([, amount]) => amount),
      order,
      place < rankSets ? new RankSet(ranks) : undefined,
    );
  });
  if (settings.plannedRanks !== undefined) {
    const turns = new Turns(
      ranks.itemAt,
      resources.length,
      (index) => shapes[places[index] as number]?.classes ?? [],
    );
    // Where everyone has a turn, nobody is overtaken.
    const rules = new PlannedRules(ranks.rankOf, shapes, places, capacities, turns, settings.clock);
    return { admission: withRates(new Admission<number>(rules), resources, settings), resources, turns };
  }
  const rules = new RunRules(
    ranks.rankOf,
    shapes,
    places,
    capacities,
    shapes.length > 1 ? maxOvertakes : undefined,
    settings.clock,
  );
  return {
    admission: withRates(new Admission<number>(rules), resources, settings),
    resources,
    turns: undefined,
  };
}

function withRates(
  admission: Admission<number>,
  resources: readonly string[],
  { rates }: RunSettings,
): Admission<number> {
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

// The fastest way to keep the steps of one demand; but each takes a bit a step of the whole workflow.
const rankSets = 4;

class ByRank implements ItemOrder<number> {
  readonly #ranks: Uint32Array;

  constructor(ranks: Uint32Array) {
    this.#ranks = ranks;
  }

  before(left: number, right: number): boolean {
    return (this.#ranks[left] as number) < (this.#ranks[right] as number);
  }
}

class RunRules extends ByRank implements AdmissionRules<number> {
  readonly capacities: readonly number[];
  readonly maxOvertakes: number | undefined;
  readonly #shapes: readonly Shape<number>[];
  readonly #places: Uint32Array;
  readonly #clock: Clock;

  constructor(
    ranks: Uint32Array,
    shapes: readonly Shape<number>[],
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

  shapeOf(index: number): Shape<number> {
    return this.#shapes[this.#places[index] as number] as Shape<number>;
  }

  now(): number {
    return this.#clock.now();
  }
}

class PlannedRules extends RunRules {
  readonly #turns: Turns;

  constructor(
    ranks: Uint32Array,
    shapes: readonly Shape<number>[],
    places: Uint32Array,
    capacities: readonly number[],
    turns: Turns,
    clock: Clock,
  ) {
    super(ranks, shapes, places, capacities, undefined, clock);
    this.#turns = turns;
  }

  isDue(index: number): boolean {
    return this.#turns.isDue(index);
  }

  started(index: number): void {
    this.#turns.start(index);
  }
}
