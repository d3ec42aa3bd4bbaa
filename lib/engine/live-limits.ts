// Long because limits change in three ways, by the user, by what is shared and by what somebody else announces, and share what follows.
import { type LimitChange, type Limits, readLimitChanges } from '../admission/limits.ts';
import { RateWindow } from '../admission/rate-window.ts';
import type { Clock } from '../base/clock.ts';
import { InvalidOptionsError } from '../base/errors.ts';
import { nearestName } from '../base/nearest.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { setOwn } from '../base/record.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import { LimitRefusals, type NestedDemands } from './limit-refusals.ts';
import type { RunBudget } from './run-budget.ts';
import type { StepTable } from './step-table.ts';

/** How long a class had which capacity, up to its last change. */
interface Past {
  readonly until: number;
  /** The capacity, summed over that time. */
  readonly capacityMs: number;
}

/** When limits change, and the capacities that are another from then on. */
interface ChangeOfLimits {
  readonly startedAt: number;
  readonly now: number;
  readonly changed: Record<string, number>;
}
/** Tells of the capacities that are now another. */
type Announce = (changed: Readonly<Record<string, number>>) => void;

/** What the limits of a run ask of it. */
interface LimitsHost {
  /** As the clock's. */
  readonly after: Clock['after'];
  /** Something may fit that didn't. */
  readonly room: () => void;
  /** The demands of steps that came while the run was under way and may start yet, each with one of them. */
  readonly nestedDemands: NestedDemands;
}

/**
 * What may be changed of a run's budget while it runs, and the timer of its rates.
 *
 * 1. A change takes effect at the next admission. What runs goes on, so that for a while more may be taken than there is.
 * 2. A pause holds back starts only; rates and the run's own timeout go on meanwhile.
 * 3. At most one timer waits, for the earliest time at which a rate gives room to what waits.
 */
export class LiveLimits {
  /** Whether everything is held back, and the classes that are. */
  isPaused = false;
  /** Counts pauses of everything, and their ends. */
  pauses = 0;
  pausedResources: readonly string[] = [];
  readonly #budget: RunBudget;
  readonly #blueprint: Blueprint;
  readonly #refusals: LimitRefusals;
  readonly #past = new Map<string, Past>();
  readonly #clock: Clock;
  /** No longer watches the limits that somebody else knows. */
  #unwatch: (() => void)[] = [];
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(
    budget: RunBudget,
    blueprint: Blueprint,
    table: StepTable,
    clock: Clock,
    { after, room, nestedDemands }: LimitsHost,
  ) {
    this.#refusals = new LimitRefusals(blueprint, table, nestedDemands);
    this.#budget = budget;
    this.#blueprint = blueprint;
    this.#clock = clock;
    budget.admission.onRate = (at) => {
      if (this.#timer !== undefined && this.#timer.at <= at) return;
      this.#timer?.cancel();
      const cancel = after(Math.max(0, at - clock.now()), () => {
        this.#timer = undefined;
        room();
      });
      this.#timer = { at, cancel };
    };
  }

  /** @throws InvalidOptionsError where no step demands the resource */
  pause(resource: string | undefined, announce: () => void): void {
    if (resource === undefined) {
      if (this.isPaused) return;
      this.isPaused = true;
      this.pauses++;
      this.#budget.admission.pause();
    } else {
      const place = this.#placeOf('pause', resource);
      if (this.pausedResources.includes(resource)) return;
      this.pausedResources = [...this.pausedResources, resource];
      this.#budget.admission.setPaused(place, true);
    }
    announce();
  }

  /** @throws InvalidOptionsError where no step demands the resource */
  resume(resource: string | undefined, announce: () => void): void {
    if (resource === undefined) {
      if (!this.isPaused) return;
      this.isPaused = false;
      this.pauses++;
      announce();
      this.#budget.admission.resume();
    } else {
      const place = this.#placeOf('resume', resource);
      if (!this.pausedResources.includes(resource)) return;
      this.pausedResources = this.pausedResources.filter((other) => other !== resource);
      announce();
      this.#budget.admission.setPaused(place, false);
    }
  }

  /**
   * Changes the limits of the classes given, and announces the capacities that are now another.
   *
   * @throws InvalidOptionsError
   * @throws ResourceLimitError where a step that isn't over demands more than that; nothing is changed then
   */
  change(limits: Limits, startedAt: number, now: number, announce: Announce): void {
    const checker = new OptionChecker();
    const given = checker.record('limits', limits, 'a record of limits by class') ? limits : {};
    const changes = readLimitChanges(checker, this.#resources(), given);
    checker.throwIfAny(`setLimits of a run of '${this.#blueprint.name}'`);
    const { admission } = this.#budget;
    for (const [name, { capacity, rate }] of changes) {
      this.#refusals.check(name, { limit: capacity ?? Infinity });
      if (rate !== undefined) this.#refusals.check(name, { limit: rate.limit, perMs: rate.perMs });
    }
    this.#budget.noteLimits(given);
    const changed: Record<string, number> = {};
    // All at once; and whoever hears what starts has heard why.
    admission.pause();
    for (const [name, { capacity, rate }] of changes) {
      const place = this.#placeIn(name);
      const earlier = admission.windowOf(place);
      if (rate !== undefined)
        admission.setWindow(place, earlier?.changedTo(rate, now) ?? new RateWindow(rate));
      else if (earlier !== undefined) admission.setWindow(place, undefined);
      if (capacity !== undefined)
        this.#setCapacity(name, place, this.#budget.limitInForce(name, capacity), {
          startedAt,
          now,
          changed,
        });
    }
    if (Object.keys(changed).length > 0) announce(changed);
    admission.resume();
  }

  /**
   * Keeps to the limits that somebody else knows, from now on.
   *
   * @param changed - is to carry out what it is given, as a change from outside
   */
  follow(changed: (change: (announce: Announce) => void) => void, startedAt: number): void {
    const watch = (name: string): (() => void) => {
      const adopt = (): void => {
        changed((announce) => {
          this.#adopt(name, startedAt, announce);
        });
      };
      this.#unwatch.push(this.#budget.announced.watch(name, adopt));
      return adopt;
    };
    for (const name of this.#budget.announced.names) watch(name)();
    // One that has just come is up to date.
    this.#budget.announced.onAdded = watch;
  }

  #adopt(name: string, startedAt: number, announce: Announce): void {
    const { admission } = this.#budget;
    const limit = this.#budget.announced.limitOf(name);
    if (limit === undefined) return;
    const changed: Record<string, number> = {};
    admission.pause();
    this.#setCapacity(name, this.#placeIn(name), this.#budget.limitInForce(name, limit), {
      startedAt,
      now: this.#clock.now(),
      changed,
    });
    if (Object.keys(changed).length > 0) announce(changed);
    admission.resume();
  }

  /** @throws ResourceLimitError where a step that isn't over demands more than shared limits are to be */
  checkShared(limitOf: (name: string) => LimitChange | undefined, label: string): void {
    for (const name of [...this.#resources(), 'concurrency']) {
      const { capacity, rate } = limitOf(name) ?? {};
      if (capacity !== undefined) this.#refusals.check(name, { limit: capacity, label });
      if (rate !== undefined) this.#refusals.check(name, { limit: rate.limit, perMs: rate.perMs, label });
    }
  }

  /** Shared limits have changed: announces the capacities that are now another. */
  followShared(
    startedAt: number,
    now: number,
    announce: (changed: Readonly<Record<string, number>>) => void,
  ): void {
    const { admission, classes } = this.#budget;
    const changed: Record<string, number> = {};
    admission.pause();
    for (const [name, place] of classes.entries())
      this.#setCapacity(name, place, this.#budget.sharedLimitInForce(name, place), {
        startedAt,
        now,
        changed,
      });
    if (Object.keys(changed).length > 0) announce(changed);
    admission.resume();
  }

  #setCapacity(
    name: string,
    place: number,
    capacity: number,
    { startedAt, now, changed }: ChangeOfLimits,
  ): void {
    const { admission } = this.#budget;
    if (capacity === admission.capacities[place]) return;
    if (!Number.isNaN(startedAt))
      this.#past.set(name, { until: now, capacityMs: this.capacityMs(name, startedAt, now) });
    admission.setCapacity(place, capacity);
    setOwn(changed, name, capacity);
  }

  /** Whether the limit of a class was changed, so that more may be taken than there is. */
  hasChanged(resource: string): boolean {
    return this.#past.has(resource);
  }

  /** The capacity of a class, summed over the run's time up to now. */
  capacityMs(resource: string, startedAt: number, now: number): number {
    const { until, capacityMs } = this.#past.get(resource) ?? { until: startedAt, capacityMs: 0 };
    const capacity = this.#budget.admission.capacities[this.#budget.classes.placeOf(resource) ?? -1] ?? 0;
    return now > until ? capacityMs + capacity * (now - until) : capacityMs;
  }

  /** Nothing waits for rates any more, and nothing changes by itself. */
  close(): void {
    for (const unwatch of this.#unwatch) unwatch();
    this.#unwatch = [];
    this.#budget.announced.onAdded = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#budget.admission.onRate = undefined;
  }

  #placeIn(resource: string): number {
    return resource === 'concurrency'
      ? this.#budget.placeOfConcurrency()
      : (this.#budget.classes.placeOf(resource) as number);
  }

  /** The classes that steps demand, or may. */
  #resources(): Set<string> {
    const resources = new Set([...this.#blueprint.resources, ...this.#budget.classes.names()]);
    resources.delete('concurrency');
    return resources;
  }

  #placeOf(method: string, resource: string): number {
    if (resource === 'concurrency' || this.#resources().has(resource)) return this.#placeIn(resource);
    // Whoever asks can't know that nobody has needed it for a while.
    if (typeof resource === 'string' && this.#budget.recall(resource)) return this.#placeIn(resource);
    const meant = typeof resource === 'string' ? nearestName(resource, this.#resources()) : undefined;
    const hint = meant === undefined ? '' : ` (did you mean '${meant}'?)`;
    throw new InvalidOptionsError(`${method} of a run of '${this.#blueprint.name}'`, [
      { option: 'the resource', expected: `one that steps demand${hint}`, value: resource },
    ]);
  }
}
