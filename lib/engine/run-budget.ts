import { Admission, type AdmissionRules } from '../admission/admission.ts';
import { type Demand, sumOfDemands } from '../admission/demand.ts';
import { type Limits, resolveLimit } from '../admission/limits.ts';
import { RateWindow } from '../admission/rate-window.ts';
import { ResourceLimitError } from '../admission/resource-limit-error.ts';
import { Shape } from '../admission/shape.ts';
import { Turns } from '../admission/turns.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { RankedScope } from './row-order.ts';
import { RowOrder, WaitingRows } from './row-order.ts';
import type { RunSettings } from './run-settings.ts';
import type { Row } from './step-table.ts';

/** A demand of rows, as admission knows it: equal demands have one. */
export type RowShape = Shape<Row>;

/**
 * What a run may take at once: its classes with their names and limits, and the shapes of what is demanded.
 *
 * 1. The run's own rows have their shapes from the beginning; a row that comes later is given one before it waits.
 * 2. Classes, limits and shapes may come later. `concurrency` is a class of which everything takes one, there once it is limited.
 */
export class RunBudget {
  readonly admission: Admission<Row>;
  /** The names behind the places of the classes. */
  readonly resources: string[];
  readonly order: RowOrder;
  /** Whose turn it is, where the run follows a plan. */
  readonly turns: Turns | undefined;
  readonly #settings: RunSettings;
  readonly #rootShapes: readonly RowShape[];
  readonly #places: Uint32Array;
  readonly #laterShapes: RowShape[] = [];
  /** What several rows take together, by the one that stands for them. */
  readonly #groups = new Map<Row, RowShape>();
  /** All there are, with how many places in the concurrency each takes. */
  readonly #shapes = new Map<RowShape, number>();
  #holdings = new Map<RowShape, Demand>();
  readonly #byDemand = new Map<Demand, RowShape>();
  readonly #byContent = new Map<string, RowShape>();
  #givenLimits: Limits;

  /** @throws ResourceLimitError where a step demands more than there can be */
  constructor(
    blueprint: Blueprint,
    settings: RunSettings,
    root: RankedScope,
    time: { readonly now: number },
  ) {
    const { distinct, places } = blueprint.demands;
    const { concurrency, maxOvertakes, limits, rates } = settings;
    this.#settings = settings;
    this.#givenLimits = settings.givenLimits;
    this.#places = places;
    this.resources = [...limits.keys()];
    const capacities = [...limits.values()];
    if (concurrency !== undefined) {
      this.resources.push('concurrency');
      capacities.push(concurrency);
    }
    const ranks = settings.plannedRanks ?? settings.measuredRanks ?? blueprint.ranks;
    this.order = new RowOrder(ranks, root);
    this.#rootShapes = distinct.map((demand, place) => {
      this.#refuseTooMuch(demand, () => blueprint.graph.ids[places.indexOf(place)] ?? '');
      const shape = this.#make(demand, place < rankSets ? new WaitingRows(this.order) : undefined);
      this.#byDemand.set(demand, shape);
      this.#byContent.set(JSON.stringify(demand), shape);
      return shape;
    });
    for (const { demand, stepId } of blueprint.laterDemands) this.#refuseTooMuch(demand, () => stepId);
    for (const gang of blueprint.gangs) this.#refuseTooMany(gang.length, blueprint.nameOfGang(gang));
    this.turns =
      settings.plannedRanks === undefined
        ? undefined
        : new Turns(ranks.itemAt, this.resources.length, (row) => this.#rootShapeOf(row).classes);
    // Where everyone has a turn, nobody is overtaken; nor where all demand the same.
    const bound = distinct.length > 1 ? maxOvertakes : undefined;
    this.admission = new Admission<Row>(
      this.turns === undefined
        ? new RowRules(this, capacities, bound, time)
        : new PlannedRules(this, capacities, time, this.turns),
    );
    for (const [name, rate] of rates)
      this.admission.setWindow(this.resources.indexOf(name), new RateWindow(rate));
  }

  shapeOf(row: Row): RowShape {
    if (this.#groups.size > 0) {
      const group = this.#groups.get(row);
      if (group !== undefined) return group;
    }
    return row < this.order.roots
      ? this.#rootShapeOf(row)
      : (this.#laterShapes[row - this.order.roots] as RowShape);
  }

  /** What a row itself demands, also where it stands for several. */
  ownShapeOf(row: Row): RowShape {
    return row < this.order.roots
      ? this.#rootShapeOf(row)
      : (this.#laterShapes[row - this.order.roots] as RowShape);
  }

  /** Says what a row that came later demands. */
  enter(row: Row, shape: RowShape): void {
    this.#laterShapes[row - this.order.roots] = shape;
  }

  /** A row stands for several from now on, or no longer. */
  standFor(row: Row, shape: RowShape | undefined): void {
    if (shape === undefined) this.#groups.delete(row);
    else this.#groups.set(row, shape);
  }

  /**
   * The shape of a demand of steps that come while the run is under way.
   *
   * @throws InvalidOptionsError where it demands a class that has no limit
   * @throws ResourceLimitError where it demands more than there can be, beside what is reserved
   */
  shapeFor(demand: Demand, stepId: () => string, reserved?: Demand): RowShape {
    const shape = this.#knownShape(demand, stepId);
    if (reserved === undefined) return shape;
    for (const [name, kept] of Object.entries(reserved)) {
      const amount = demand[name] ?? 0;
      const limit = this.admission.capacities[this.resources.indexOf(name)] ?? Infinity;
      if (amount > 0 && amount + kept > limit)
        throw new ResourceLimitError(stepId(), name, amount + kept, limit);
    }
    return shape;
  }

  /** The shape of several steps that start together; throws as {@link RunBudget.shapeFor} does. */
  shapeForAll(demands: readonly Demand[], stepIds: () => string): RowShape {
    this.#refuseTooMany(demands.length, stepIds());
    const demand = sumOfDemands(demands);
    this.#knownShape(demand, stepIds);
    return this.#make(demand, undefined, demands.length);
  }

  /** The shape of what runs in what another has taken: it takes nothing, but keeps to pauses and rates. */
  heldShape({ classes, amounts }: RowShape): RowShape {
    const nothing = amounts.map(() => 0);
    return new Shape<Row>(classes, nothing, this.order, undefined, amounts);
  }

  /** Notes limits for classes that only steps to come demand. */
  noteLimits(more: Limits): void {
    this.#givenLimits = { ...this.#givenLimits, ...more };
  }

  /** The place of the class that everything takes one of; it is added where there was none. */
  placeOfConcurrency(): number {
    const place = this.resources.indexOf('concurrency');
    if (place >= 0) return place;
    this.resources.push('concurrency');
    const added = this.admission.addClass(Infinity);
    this.#holdings = new Map();
    this.admission.extend([...this.#shapes.keys()], added, (shape) => this.#shapes.get(shape) ?? 0);
    return added;
  }

  /** What a step fails with whose demand of the class at a place can't be met, since abandoned bodies hold too much. */
  lossError(stepId: string, demand: Demand, place: number): ResourceLimitError {
    const resource = this.resources[place] ?? '';
    const demanded = resource === 'concurrency' ? 1 : (demand[resource] ?? 0);
    const limit = this.admission.capacities[place] ?? 0;
    return new ResourceLimitError(stepId, resource, demanded, limit, this.admission.lostOf(place));
  }

  /** What a shape takes of each class, by name, as events tell it. */
  holdings(shape: RowShape | undefined): Demand {
    if (shape === undefined) return nothing;
    let holdings = this.#holdings.get(shape);
    if (holdings === undefined) {
      const { classes, amounts } = shape;
      const taken = classes.map((place, at) => [this.resources[place] ?? '', amounts[at] ?? 0] as const);
      holdings = Object.freeze(Object.fromEntries(taken.filter(([, amount]) => amount > 0)));
      this.#holdings.set(shape, holdings);
    }
    return holdings;
  }

  /** What is taken of each class, and how much there is. */
  usage(): Record<string, { readonly taken: number; readonly limit: number }> {
    const { taken, capacities } = this.admission;
    return Object.fromEntries(
      this.resources.map((name, place) => [
        name,
        { taken: taken[place] ?? 0, limit: capacities[place] ?? 0 },
      ]),
    );
  }

  #rootShapeOf(row: Row): RowShape {
    return this.#rootShapes[this.#places[row] as number] as RowShape;
  }

  #knownShape(demand: Demand, stepId: () => string): RowShape {
    let shape = this.#byDemand.get(demand);
    if (shape !== undefined) return shape;
    const content = JSON.stringify(demand);
    shape = this.#byContent.get(content);
    if (shape === undefined) {
      shape = this.#makeLater(demand, stepId);
      this.#byContent.set(content, shape);
    }
    // Demands read over and over, as of steps made in a function, are other objects each time.
    if (this.#byDemand.size < mostKnownObjects) this.#byDemand.set(demand, shape);
    return shape;
  }

  #makeLater(demand: Demand, stepId: () => string): RowShape {
    if (this.turns === undefined) this.admission.boundOvertakes(this.#settings.maxOvertakes);
    for (const name of Object.keys(demand)) {
      if (this.resources.includes(name)) continue;
      const checker = new OptionChecker();
      const { capacity, rate } = resolveLimit(checker, name, this.#givenLimits);
      if (checker.problems.length > 0)
        checker.throwIfAny(`step '${stepId()}', which came while the run was under way`);
      this.resources.push(name);
      const place = this.admission.addClass(capacity ?? Infinity);
      if (rate !== undefined) this.admission.setWindow(place, new RateWindow(rate));
    }
    for (const [name, amount] of Object.entries(demand)) {
      const place = this.resources.indexOf(name);
      const limit = this.admission.capacities[place] ?? 0;
      if (amount > limit) throw new ResourceLimitError(stepId(), name, amount, limit);
      const rate = this.admission.windowOf(place)?.rate;
      if (rate !== undefined && amount > rate.limit)
        throw new ResourceLimitError(stepId(), name, amount, rate.limit, 0, rate.perMs);
    }
    return this.#make(demand, undefined);
  }

  #make(demand: Demand, waiting: WaitingRows | undefined, places = 1): RowShape {
    const entries = Object.entries(demand);
    if (this.resources.includes('concurrency')) entries.push(['concurrency', places]);
    const shape = new Shape<Row>(
      entries.map(([name]) => this.resources.indexOf(name)),
      entries.map(([, amount]) => amount),
      this.order,
      waiting,
    );
    this.#shapes.set(shape, places);
    return shape;
  }

  /** @throws ResourceLimitError where a demand is more than there can be */
  #refuseTooMuch(demand: Demand, stepId: () => string): void {
    const { limits, rates } = this.#settings;
    for (const [name, amount] of Object.entries(demand)) {
      const limit = limits.get(name) ?? 0;
      if (amount > limit) throw new ResourceLimitError(stepId(), name, amount, limit);
      const rate = rates.get(name);
      if (rate !== undefined && amount > rate.limit)
        throw new ResourceLimitError(stepId(), name, amount, rate.limit, 0, rate.perMs);
    }
  }

  /** @throws ResourceLimitError where more have to start together than may run at once */
  #refuseTooMany(count: number, stepIds: string): void {
    const { concurrency } = this.#settings;
    if (concurrency !== undefined && count > concurrency)
      throw new ResourceLimitError(stepIds, 'concurrency', count, concurrency);
  }
}

const nothing: Demand = Object.freeze({});
const mostKnownObjects = 1024;
// The fastest way to keep the steps of one demand; but each takes a bit a step of the whole workflow.
const rankSets = 4;

/** How rows are admitted. */
class RowRules implements AdmissionRules<Row> {
  readonly capacities: readonly number[];
  readonly maxOvertakes: number | undefined;
  readonly #budget: RunBudget;
  readonly #time: { readonly now: number };

  constructor(
    budget: RunBudget,
    capacities: readonly number[],
    maxOvertakes: number | undefined,
    time: { readonly now: number },
  ) {
    this.#budget = budget;
    this.capacities = capacities;
    this.maxOvertakes = maxOvertakes;
    this.#time = time;
  }

  before(left: Row, right: Row): boolean {
    return this.#budget.order.before(left, right);
  }

  shapeOf(row: Row): RowShape {
    return this.#budget.shapeOf(row);
  }

  now(): number {
    return this.#time.now;
  }
}

/** What came later isn't in the plan: it starts when it fits. */
class PlannedRules extends RowRules {
  readonly #turns: Turns;
  readonly #order: RowOrder;

  constructor(
    budget: RunBudget,
    capacities: readonly number[],
    time: { readonly now: number },
    turns: Turns,
  ) {
    super(budget, capacities, undefined, time);
    this.#turns = turns;
    this.#order = budget.order;
  }

  isDue(row: Row): boolean {
    return row >= this.#order.roots || this.#turns.isDue(row);
  }

  started(row: Row): void {
    if (row < this.#order.roots) this.#turns.start(row);
  }
}
