// Long because classes, their limits and the shapes of demands change together, when a class comes, goes or gets another limit.

import { Admission } from '../admission/admission.ts';
import { type Demand, sumOfDemands } from '../admission/demand.ts';
import {
  isFamilyMember,
  isLimited,
  type LimitChange,
  type Limits,
  resolveLimit,
} from '../admission/limits.ts';
import { RateWindow } from '../admission/rate-window.ts';
import { ResourceLimitError } from '../admission/resource-limit-error.ts';
import { Shape } from '../admission/shape.ts';
import type { SharedDemand } from '../admission/shared-demand.ts';
import { Turns } from '../admission/turns.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { ownOf } from '../base/record.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { Share } from '../sharing/share.ts';
import { AnnouncedClasses } from './announced-classes.ts';
import { DemandRefusals } from './demand-refusals.ts';
import { ResourceClasses } from './resource-classes.ts';
import type { RankedScope } from './row-order.ts';
import { RowOrder, WaitingRows } from './row-order.ts';
import { PlannedRules, RowRules, type RowShape } from './row-rules.ts';
import type { RunSettings } from './run-settings.ts';
import type { Row } from './step-table.ts';
import { WaitReasons } from './wait-reasons.ts';

/**
 * What a run may take at once: its classes with their names and limits, and the shapes of what is demanded.
 *
 * 1. The run's own rows have their shapes from the beginning; a row that comes later is given one before it waits.
 * 2. Classes, limits and shapes may come later. `concurrency` is a class of which everything takes one, there once it is limited.
 * 3. Shapes that came later are forgotten once nobody waits for them, holds or keeps them; and with the last shape that demands it a
 *    member of a family of limits, unless it is paused, its rate still runs, or its limit is not the family's. This is done when as many
 *    have come as are left, so that it costs next to nothing each.
 * 4. Of a class that is shared with other runs there is as much as the run's own limit and all shared ones allow. What is taken of it is
 *    taken of these, too, from the start of the run on.
 */
export class RunBudget {
  readonly admission: Admission<Row>;
  /** The names behind the places of the classes. */
  readonly classes = new ResourceClasses();
  readonly order: RowOrder;
  /** Whose turn it is, where the run follows a plan. */
  readonly turns: Turns | undefined;
  /** What those wait for that wait to be admitted. */
  readonly reasons: WaitReasons;
  /** Where several that waited as one start just now, what they waited for together. */
  startingTogether: RowShape | undefined;
  /** The run's part in limits that others have a part in, too. */
  readonly share: Share | undefined;
  readonly #settings: RunSettings;
  /** The classes whose limit somebody else knows. */
  readonly announced: AnnouncedClasses;
  readonly #refusals: DemandRefusals;
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
  /** The classes from here on came later. */
  readonly #laterPlaces: number;
  /** How many shapes came since the idle ones were forgotten last, and how many may. */
  #came = 0;
  #mayCome = manyShapes;
  #hasForgotten = false;
  /** The run's own limit of each class that is shared. */
  readonly #own = new Map<string, number>();

  /** @throws ResourceLimitError where a step demands more than there can be */
  constructor(
    blueprint: Blueprint,
    settings: RunSettings,
    root: RankedScope,
    time: { readonly now: number },
    share?: Share,
  ) {
    const { distinct, places } = blueprint.demands;
    const { concurrency, maxOvertakes, limits, rates } = settings;
    this.#settings = settings;
    this.share = share;
    this.#givenLimits = settings.givenLimits;
    this.#places = places;
    const first = new Map(limits);
    this.#refusals = new DemandRefusals(settings, share);
    this.announced = new AnnouncedClasses(() => this.#givenLimits, limits.keys(), [
      ...distinct,
      ...blueprint.laterDemands.map((later) => later.demand),
    ]);
    for (const name of this.announced.names)
      first.set(name, Math.max(this.announced.leastOf(name), limits.get(name) ?? 0));
    if (concurrency !== undefined || share?.shares('concurrency') === true)
      first.set('concurrency', concurrency ?? Infinity);
    if (share !== undefined) for (const [name, own] of first) first.set(name, this.limitInForce(name, own));
    for (const name of first.keys()) this.classes.add(name, this.classes.size);
    this.#laterPlaces = this.classes.size;
    const capacities = [...first.values()];
    const ranks = settings.plannedRanks ?? settings.measuredRanks ?? blueprint.ranks;
    this.order = new RowOrder(ranks, root);
    this.#rootShapes = distinct.map((demand, place) => {
      this.#refuseTooMuch(demand, () => blueprint.graph.ids[places.indexOf(place)] ?? '');
      const shape = this.#make(demand, place < rankSets ? new WaitingRows(this.order) : undefined);
      shape.keepers++;
      this.#byDemand.set(demand, shape);
      this.#byContent.set(JSON.stringify(demand), shape);
      return shape;
    });
    for (const { demand, stepId } of blueprint.laterDemands) this.#refuseTooMuch(demand, () => stepId);
    for (const gang of blueprint.gangs) this.#refusals.tooMany(gang.length, blueprint.nameOfGang(gang));
    this.turns =
      settings.plannedRanks === undefined
        ? undefined
        : new Turns(ranks.itemAt, this.classes.size, (row) => this.ownShapeOf(row).classes);
    // Where everyone has a turn, nobody is overtaken; nor where all demand the same, unless who has waited at all goes first.
    const bound = distinct.length > 1 || maxOvertakes === 0 ? maxOvertakes : undefined;
    this.admission = new Admission<Row>(
      this.turns === undefined
        ? new RowRules(this, capacities, bound, time)
        : new PlannedRules(this, capacities, time, this.turns),
    );
    this.reasons = new WaitReasons(this.admission, this.classes);
    for (const [name, rate] of rates) this.admission.setWindow(this.#placeOf(name), new RateWindow(rate));
  }

  /** From now on, what is taken is taken of the shared limits, too. */
  joinShared(): void {
    for (const shape of this.#shapes.keys()) shape.shared = this.#claimFor(shape);
  }

  /** How much there is of a class, given the run's own limit; that is what it is from now on. */
  limitInForce(name: string, own = this.#own.get(name) ?? Infinity): number {
    if (this.share?.shares(name) !== true) return own;
    this.#own.set(name, own);
    return Math.min(own, this.share.capacityOf(name).capacity);
  }

  /** The same for a class that is there, after shared limits have changed; what isn't shared stays what it is. */
  sharedLimitInForce(name: string, place: number): number {
    if (this.share?.shares(name) !== true) return this.admission.capacities[place] ?? Infinity;
    return this.limitInForce(name);
  }

  shapeOf(row: Row): RowShape {
    if (this.#groups.size > 0) {
      const group = this.#groups.get(row);
      if (group !== undefined) return group;
    }
    return this.ownShapeOf(row);
  }

  /** What a row waits for to be free, or has waited for if it starts just now. */
  waitingShapeOf(row: Row): RowShape {
    return this.startingTogether ?? this.shapeOf(row);
  }

  /** What a row itself demands, also where it stands for several. */
  ownShapeOf(row: Row): RowShape {
    const { roots } = this.order;
    return (
      row < roots ? this.#rootShapes[this.#places[row] as number] : this.#laterShapes[row - roots]
    ) as RowShape;
  }

  /** Says what a row that came later demands. */
  enter(row: Row, shape: RowShape): void {
    this.#laterShapes[row - this.order.roots] = shape;
  }

  /** A row stands for several from now on, or no longer. */
  standFor(row: Row, shape: RowShape | undefined): void {
    if (shape !== undefined) {
      this.#groups.set(row, shape);
      return;
    }
    const group = this.#groups.get(row);
    if (group !== undefined) group.keepers--;
    this.#groups.delete(row);
  }

  /**
   * The shape of a demand of steps that come while the run is under way. Whoever comes back to it later, when no row of that demand may
   * wait or run, counts among its `keepers` until then; others ask again.
   *
   * @throws InvalidOptionsError where it demands a class that has no limit
   * @throws ResourceLimitError where it demands more than there can be, beside what is reserved
   */
  shapeFor(demand: Demand, stepId: () => string, reserved?: Demand): RowShape {
    const shape = this.#knownShape(demand, stepId);
    if (reserved === undefined) return shape;
    for (const [name, kept] of Object.entries(reserved)) {
      const amount = ownOf(demand, name) ?? 0;
      const limit = this.admission.capacities[this.classes.placeOf(name) ?? -1] ?? Infinity;
      if (amount > 0 && amount + kept > limit)
        throw this.#refusals.error(stepId(), name, amount + kept, limit);
    }
    return shape;
  }

  /** The shape of several steps that start together, kept until nobody stands for them; throws as {@link RunBudget.shapeFor} does. */
  shapeForAll(demands: readonly Demand[], stepIds: () => string): RowShape {
    this.#refusals.tooMany(demands.length, stepIds());
    if (this.#came >= this.#mayCome) this.#forgetIdle();
    const demand = sumOfDemands(demands);
    this.#knownShape(demand, stepIds);
    const shape = this.#make(demand, undefined, demands.length);
    shape.keepers++;
    return shape;
  }

  /** The shape of what runs in what another has taken: it takes nothing, but keeps to pauses and rates. */
  heldShape({ classes, amounts }: RowShape): RowShape {
    const nothing = amounts.map(() => 0);
    const shape = new Shape<Row>(classes, nothing, this.order, undefined, amounts);
    shape.shared = this.#claimFor(shape);
    return shape;
  }

  /** Has a class again that was forgotten; false where it can't be one. */
  recall(name: string): boolean {
    if (!this.#hasForgotten || !this.#isFamilyMember(name)) return false;
    this.#addClass(name, () => name);
    return true;
  }

  /** Notes limits for classes that only steps to come demand. */
  noteLimits(more: Limits): void {
    this.#givenLimits = { ...this.#givenLimits, ...more };
  }

  /** The place of the class that everything takes one of; it is added where there was none. */
  placeOfConcurrency(): number {
    const place = this.classes.placeOf('concurrency');
    if (place !== undefined) return place;
    const added = this.admission.addClass(Infinity);
    this.classes.add('concurrency', added);
    this.#holdings = new Map();
    this.admission.extend([...this.#shapes.keys()], added, (shape) => this.#shapes.get(shape) ?? 0);
    return added;
  }

  /** What steps fail with that a row stands for whose demand can't be met, since abandoned bodies hold too much. */
  lossErrors(row: Row): (stepId: string, demand: Demand) => ResourceLimitError {
    const { admission } = this;
    const place = admission.neverFits(row);
    const shared = place === undefined ? this.shapeOf(row).shared?.loss : undefined;
    const resource = shared?.name ?? this.classes.nameAt(place ?? 0) ?? '';
    const limit = shared?.capacity ?? admission.capacities[place ?? 0] ?? 0;
    const lost = shared?.lost ?? admission.lostOf(place ?? 0);
    return (stepId, demand) => {
      const demanded = resource === 'concurrency' ? 1 : (ownOf(demand, resource) ?? 0);
      return new ResourceLimitError(stepId, resource, demanded, limit, lost, undefined, shared?.label);
    };
  }

  /** What a shape takes of each class, by name, as events tell it. */
  holdings(shape: RowShape | undefined): Demand {
    if (shape === undefined) return nothing;
    let holdings = this.#holdings.get(shape);
    if (holdings === undefined) {
      const { classes, amounts } = shape;
      const taken = classes.map((place, at) => [this.classes.nameAt(place) ?? '', amounts[at] ?? 0] as const);
      holdings = Object.freeze(Object.fromEntries(taken.filter(([, amount]) => amount > 0)));
      this.#holdings.set(shape, holdings);
    }
    return holdings;
  }

  /** What is taken of each class, and how much there is. */
  usage(): Record<string, { readonly taken: number; readonly limit: number }> {
    const { taken, capacities } = this.admission;
    return Object.fromEntries(
      Array.from(this.classes.entries(), ([name, place]) => [
        name,
        { taken: taken[place] ?? 0, limit: capacities[place] ?? 0 },
      ]),
    );
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
    if (this.#came >= this.#mayCome) this.#forgetIdle();
    for (const name of Object.keys(demand))
      if (this.classes.placeOf(name) === undefined) this.#addClass(name, stepId);
    for (const [name, amount] of Object.entries(demand)) {
      const place = this.#placeOf(name);
      const needed = this.announced.roomFor(name, amount) ?? 0;
      if ((this.admission.capacities[place] ?? 0) < needed) this.admission.setCapacity(place, needed);
      const limit = this.admission.capacities[place] ?? 0;
      if (amount > limit) throw this.#refusals.error(stepId(), name, amount, limit);
      const rate = this.admission.windowOf(place)?.rate;
      if (rate !== undefined) this.#refusals.tooFast(name, amount, rate, stepId);
      this.#refusals.tooFastForAll(name, amount, stepId);
    }
    return this.#make(demand, undefined);
  }

  #claimFor({ classes, amounts, rated }: RowShape): SharedDemand | undefined {
    if (this.share?.isAttached !== true) return undefined;
    const names = classes.map((place) => this.classes.nameAt(place) ?? '');
    return this.share.claim(names, amounts, rated);
  }

  #make(demand: Demand, waiting: WaitingRows | undefined, places = 1): RowShape {
    const entries = Object.entries(demand);
    if (this.classes.placeOf('concurrency') !== undefined) entries.push(['concurrency', places]);
    const shape = new Shape<Row>(
      entries.map(([name]) => this.#placeOf(name)),
      entries.map(([, amount]) => amount),
      this.order,
      waiting,
    );
    this.#shapes.set(shape, places);
    shape.shared = this.#claimFor(shape);
    this.#came++;
    return shape;
  }

  #placeOf(name: string): number {
    return this.classes.placeOf(name) as number;
  }

  #addClass(name: string, stepId: () => string): void {
    const checker = new OptionChecker();
    const { capacity, rate } = this.#resolve(checker, name);
    if (checker.problems.length > 0)
      checker.throwIfAny(`step '${stepId()}', which came while the run was under way`);
    const isAnnounced = this.announced.enter(name);
    const least = this.announced.leastOf(name);
    const place = this.admission.addClass(this.limitInForce(name, Math.max(least, capacity ?? Infinity)));
    this.classes.add(name, place);
    if (rate !== undefined) this.admission.setWindow(place, new RateWindow(rate));
    if (isAnnounced) this.announced.onAdded?.(name);
  }

  #resolve(checker: OptionChecker, name: string): LimitChange {
    const shared = this.share?.budgets.map(({ given }) => given) ?? [];
    return resolveLimit(checker, name, this.#givenLimits, new Set([name]), shared);
  }

  #forgetIdle(): void {
    const idle = new Set<RowShape>();
    const demanded = new Set<number>();
    for (const shape of this.#shapes.keys()) {
      if (shape.isIdle) idle.add(shape);
      else for (const place of shape.classes) demanded.add(place);
    }
    for (const shape of idle) {
      this.#shapes.delete(shape);
      this.#holdings.delete(shape);
      this.share?.drop(shape.shared);
    }
    for (const known of [this.#byContent, this.#byDemand] as Map<unknown, RowShape>[])
      for (const [key, shape] of known) if (idle.has(shape)) known.delete(key);
    this.admission.forget(idle);
    for (const [name, place] of this.classes.entries()) {
      if (demanded.has(place) || !this.#isForgettable(name, place)) continue;
      this.classes.forget(name, place);
      this.#own.delete(name);
      this.admission.dropClass(place);
      this.#hasForgotten = true;
    }
    this.#came = 0;
    this.#mayCome = Math.max(manyShapes, this.#shapes.size, this.classes.size);
  }

  /** Whether a class that nothing demands would be the same if it came anew. */
  #isForgettable(name: string, place: number): boolean {
    if (place < this.#laterPlaces || name === 'concurrency') return false;
    if (!this.#isFamilyMember(name) || !this.admission.isAtEase(place)) return false;
    const { capacity, rate } = this.#resolve(new OptionChecker(), name);
    const current = this.admission.windowOf(place)?.rate;
    return (
      this.limitInForce(name, capacity ?? Infinity) === this.admission.capacities[place] &&
      rate?.limit === current?.limit &&
      rate?.perMs === current?.perMs
    );
  }

  /** Whether a class is one of a family, be it of the run's own limits or of shared ones. */
  #isFamilyMember(name: string): boolean {
    const own = this.#givenLimits;
    if (isLimited(own, name)) return isFamilyMember(own, name);
    return this.share?.budgets.some(({ given }) => isFamilyMember(given, name)) === true;
  }

  /** @throws ResourceLimitError where a demand is more than there can be */
  #refuseTooMuch(demand: Demand, stepId: () => string): void {
    const { limits } = this.#settings;
    const limitOf = (name: string): readonly [own: number, inForce: number] => {
      const own = this.announced.has(name) ? Infinity : (limits.get(name) ?? 0);
      return [own, this.limitInForce(name, own)];
    };
    this.#refusals.tooMuch(demand, limitOf, stepId);
  }
}

const nothing: Demand = Object.freeze({});
const mostKnownObjects = 1024;
/** So many later shapes come before idle ones are forgotten: most come again. */
const manyShapes = 256;
// The fastest way to keep the steps of one demand; but each takes a bit a step of the whole workflow.
const rankSets = 4;
