// Long because limits, their classes and the demands on these change together, when a class comes, goes or gets another limit.
import {
  checkLimits,
  givenLimit,
  isFamily,
  isFamilyMember,
  isLimited,
  type LimitChange,
  type Limits,
} from '../admission/limits.ts';
import { RateWindow } from '../admission/rate-window.ts';
import { type Clock, clockOf } from '../base/clock.ts';
import { InvalidOptionsError } from '../base/errors.ts';
import { hintInBrackets } from '../base/nearest.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { question, serve } from './line.ts';
import { type ClassOwner, SharedClass } from './shared-class.ts';
import { type Part, SharedShape } from './shared-shape.ts';

/** A run, to limits that it shares. */
export interface SharingRun {
  readonly runId: string;
  readonly clock: Clock;
  /** Whether it has begun, and doesn't wait for others to end. */
  readonly isUnderWay: boolean;
  /** Whether it waits for something that is shared. */
  readonly isInLine: boolean;
  /** @throws ResourceLimitError where one of its steps that isn't over demands more than that */
  checkLimits(limitOf: (name: string) => LimitChange | undefined, label: string): void;
  /** There is more or less of something. */
  followLimits(): void;
}

/** How shared limits are made. */
export interface SharedTerms {
  readonly name: string | undefined;
  readonly maxOvertakes: number;
  readonly maxWaiting: number;
  /** What a run fails with where as many wait as may. */
  readonly refused: new (
    runId: string,
    label: string,
    running: number,
    limit: number,
    waiting: number,
  ) => Error;
}

/** The class whose limit is how many runs may be under way. */
const runsClass = 'runs';

/**
 * Limits over all runs that are given them: their classes, the demands on these, and the runs.
 *
 * 1. A class that was given by name is there from the beginning; a member of a family comes with the first demand on it and goes with the
 *    last, unless it is paused or its rate still runs.
 * 2. A demand is known as long as a run knows it or somebody has taken it.
 * 3. Its time is that of the runs. When none is left, the next may bring another, in which nothing has started yet.
 */
export class SharedBudget implements ClassOwner {
  clock = clockOf(undefined);
  readonly maxOvertakes: number;
  readonly maxWaiting: number;
  readonly runsClass = runsClass;
  readonly label: string;
  isPaused = false;
  losses = 0;
  /** The runs that share it, from their start to their end. */
  readonly sharers = new Set<SharingRun>();
  readonly givenUp = new Map<object, string>();
  /** How often limits were changed. */
  changes = 0;
  /** Called when something has changed that `usage` tells; absent where nobody listens. */
  onChange: (() => void) | undefined;
  readonly #refused: SharedTerms['refused'];
  #given: Limits;
  /** The limits of classes of steps, as they were given and changed. */
  given: Limits;
  readonly #classes = new Map<string, SharedClass<SharedShape>>();
  readonly #shapes = new Map<string, SharedShape>();
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  /** How many classes may be there before those that nobody needs any more are looked for. */
  #mostClasses = manyClasses;

  /** @param limits - checked by {@link checkSharedLimits} */
  constructor(limits: Limits, { name, maxOvertakes, maxWaiting, refused }: SharedTerms) {
    this.#refused = refused;
    this.maxOvertakes = maxOvertakes;
    this.maxWaiting = maxWaiting;
    this.#given = { ...limits };
    this.given = withoutRuns(limits);
    const names = Object.keys(limits).filter((each) => limits[each] !== undefined);
    const listed = names.map((each) => `'${each}'`).join(', ');
    this.label = name === undefined ? `shared limits of ${listed}` : `shared limits '${name}'`;
    for (const each of names) if (!isFamily(each)) this.#add(each);
  }

  /** The class whose limit is how many runs may be under way. */
  get runs(): SharedClass<SharedShape> | undefined {
    return this.#classes.get(runsClass);
  }

  /** The classes there are, by name. */
  get classes(): Iterable<readonly [name: string, each: SharedClass<SharedShape>]> {
    return this.#classes;
  }

  /**
   * A run shares it from now on.
   *
   * @throws InvalidOptionsError where its time isn't that of the other runs, and there are rates
   */
  join(run: SharingRun): void {
    if (!isSameTime(run.clock, this.clock)) {
      if (this.sharers.size === 0) this.#adopt(run.clock);
      else if ([...this.#classes.values()].some(({ window }) => window !== undefined))
        throw new InvalidOptionsError(`run '${run.runId}'`, [
          {
            option: 'scheduler',
            expected: `that of the other runs under way, since the ${this.label} have rates`,
            value: run.clock.scheduler,
          },
        ]);
    }
    this.sharers.add(run);
    this.#changed();
  }

  /** What a run fails with where as many wait already as may. */
  refusalOf({ runId }: SharingRun): Error {
    const { label, runs, maxWaiting } = this;
    return new this.#refused(runId, label, runs?.taken ?? 0, runs?.capacity ?? 0, maxWaiting);
  }

  leave(run: SharingRun): void {
    this.sharers.delete(run);
    this.#changed();
  }

  /** What there is of a class of steps; `undefined` where it isn't shared. */
  limitOf(name: string): LimitChange | undefined {
    if (!this.shares(name)) return undefined;
    const known = this.#classes.get(name);
    if (known !== undefined) return { capacity: known.capacity, rate: known.window?.rate };
    return limitIn(this.#given, name);
  }

  /** Whether a class of steps is one of those that are shared. */
  shares(name: string): boolean {
    if (name === runsClass) return false;
    if (name === 'concurrency') return this.#classes.has(name);
    return isLimited(this.#given, name);
  }

  /** What a demand of a class is a part of; `undefined` where it isn't shared. */
  partOf(name: string, amount: number, rated: number): Part | undefined {
    if (!this.shares(name)) return undefined;
    return { class: this.#classes.get(name) ?? this.#add(name), amount, rated };
  }

  /** The demand of so much; there is one for all who demand the same. */
  shapeOf(parts: readonly Part[]): SharedShape {
    let key = '';
    for (const { class: each, amount, rated } of parts)
      key += `${String(each.id)}:${String(amount)}:${String(rated)},`;
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      shape = new SharedShape(parts, () => {
        if (!this.#shapes.delete(key)) return;
        for (const part of parts) part.class.demands--;
      });
      this.#shapes.set(key, shape);
      for (const part of parts) part.class.demands++;
    }
    return shape;
  }

  /**
   * Changes the limits of the classes given.
   *
   * @throws InvalidOptionsError where a limit can't be used, or is one for something that isn't shared
   * @throws ResourceLimitError where a step of a run demands more than that; nothing is changed then
   */
  change(limits: Limits): void {
    const checker = new OptionChecker();
    if (checker.record('limits', limits, 'a record of limits by class')) {
      checkSharedLimits(checker, limits);
      for (const name of Object.keys(limits))
        if (limits[name] !== undefined && !this.#isKnown(name))
          checker.fail(
            `limits['${name}']`,
            `absent${this.#hint(name)}, since it isn't among these limits`,
            limits[name],
          );
    }
    checker.throwIfAny(`setLimits of the ${this.label}`);
    const given = { ...this.#given };
    for (const [name, limit] of Object.entries(limits)) if (limit !== undefined) given[name] = limit;
    for (const run of this.sharers)
      run.checkLimits((name) => (this.shares(name) ? limitIn(given, name) : undefined), this.label);
    this.#given = given;
    this.given = withoutRuns(given);
    this.changes++;
    for (const name of Object.keys(limits))
      if (limits[name] !== undefined && !isFamily(name) && !this.#classes.has(name)) this.#add(name);
    for (const [name, each] of this.#classes) this.#set(each, limitIn(given, name));
    for (const run of [...this.sharers]) run.followLimits();
    this.#changed();
    serve();
  }

  /** @throws InvalidOptionsError where the class isn't shared */
  pause(name: string | undefined): void {
    if (name === undefined) this.isPaused = true;
    else this.#named('pause', name).isPaused = true;
    for (const each of this.#classes.values()) each.notePauses();
    this.#changed();
  }

  /** @throws InvalidOptionsError where the class isn't shared */
  resume(name: string | undefined): void {
    if (name === undefined) this.isPaused = false;
    else this.#named('resume', name).isPaused = false;
    for (const each of this.#classes.values()) {
      each.notePauses();
      question(each);
    }
    this.#changed();
    serve();
  }

  wakeAt(time: number): void {
    if (this.#timer !== undefined && this.#timer.at <= time) return;
    this.#timer?.cancel();
    const cancel = this.clock.after(Math.max(0, time - this.clock.now()), () => {
      this.#timer = undefined;
      for (const each of this.#classes.values()) if (each.window !== undefined) question(each);
      serve();
    });
    this.#timer = { at: time, cancel };
  }

  leftRate(): void {
    const timer = this.#timer;
    if (timer === undefined) return;
    for (const each of this.#classes.values()) if (each.window !== undefined && each.inLine > 0) return;
    timer.cancel();
    this.#timer = undefined;
  }

  #changed(): void {
    if (this.onChange !== undefined) this.onChange();
  }

  #isKnown(name: string): boolean {
    return this.#given[name] !== undefined || this.shares(name);
  }

  #named(method: string, name: string): SharedClass<SharedShape> {
    const known = typeof name === 'string' ? this.#classes.get(name) : undefined;
    if (known !== undefined) return known;
    if (typeof name === 'string' && !isFamily(name) && this.shares(name)) return this.#add(name);
    const hint = this.#hint(name);
    throw new InvalidOptionsError(`${method} of the ${this.label}`, [
      { option: 'the resource', expected: `one that is among these limits${hint}`, value: name },
    ]);
  }

  #hint(name: unknown): string {
    return hintInBrackets(name, [...Object.keys(this.#given), ...this.#classes.keys()]);
  }

  #add(name: string): SharedClass<SharedShape> {
    if (this.#classes.size >= this.#mostClasses) this.#forgetIdle();
    const { capacity, rate } = limitIn(this.#given, name);
    const window = rate === undefined ? undefined : new RateWindow(rate);
    const added = new SharedClass<SharedShape>(name, this, capacity ?? Infinity, window);
    this.#classes.set(name, added);
    return added;
  }

  #set(each: SharedClass<SharedShape>, { capacity = Infinity, rate }: LimitChange): void {
    each.setCapacity(capacity);
    each.setWindow(
      rate === undefined
        ? undefined
        : (each.window?.changedTo(rate, this.clock.now()) ?? new RateWindow(rate)),
    );
    question(each);
  }

  /** What has started in another time is of no account. */
  #adopt(clock: Clock): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.clock = clock;
    for (const each of this.#classes.values()) {
      each.isInQuestion = false;
      if (each.window !== undefined) each.setWindow(new RateWindow(each.window.rate));
    }
  }

  #forgetIdle(): void {
    for (const [name, each] of this.#classes)
      if (isFamilyMember(this.#given, name) && each.isAtEase) this.#classes.delete(name);
    this.#mostClasses = Math.max(manyClasses, 2 * this.#classes.size);
  }
}

/** Most members of families come again. */
const manyClasses = 64;

function withoutRuns({ [runsClass]: _, ...given }: Limits): Limits {
  return given;
}

function limitIn(given: Limits, name: string): LimitChange {
  return givenLimit(new OptionChecker(), name, given);
}

/** Notes what is wrong with limits that are to be shared. */
export function checkSharedLimits(checker: OptionChecker, limits: Limits): void {
  checkLimits(checker, limits);
  const runs: unknown = limits[runsClass];
  // What is no limit at all has been noted.
  if (typeof runs === 'number' && runs > 0) checker.count(`limits.${runsClass}`, runs, 1);
  else if (typeof runs === 'object' && runs !== null && 'limit' in runs)
    checker.count(`limits.${runsClass}.limit`, runs.limit as number | undefined, 1);
}

function isSameTime(left: Clock, right: Clock): boolean {
  return left === right || (left.scheduler !== undefined && left.scheduler === right.scheduler);
}
