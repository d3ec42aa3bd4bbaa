import type { Observable, Subscriber } from 'rxjs';
import { defaultMaxOvertakes } from '../admission/budget.ts';
import type { Limits, RatedLimit } from '../admission/limits.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { Observable as RxObservable } from '../base/rxjs-parts.ts';
import { Share } from '../sharing/share.ts';
import { checkSharedLimits, SharedBudget } from '../sharing/shared-budget.ts';
import { Sharing } from '../sharing/sharing.ts';
import { OverloadedError } from './overloaded-error.ts';
import { type SharedUsage, usageOf } from './shared-usage.ts';

/** The capacity of each class over all runs, as {@link Limits}; and of the runs themselves. */
export type SharedLimitsRecord = Limits & {
  /**
   * How many runs may be under way, or may begin in a stretch of time. The others wait from their start. No step can demand it.
   *
   * @defaultValue no limit
   */
  readonly runs?: number | RatedLimit | undefined;
};

/** How limits are shared. `undefined` is always absent. */
export interface SharedLimitsOptions {
  /**
   * How many runs may wait for `runs`, from 0. One more gets an `OverloadedError`, before anything of it runs.
   *
   * @defaultValue Infinity
   */
  readonly maxWaiting?: number | undefined;
  /**
   * How often a run that waits may be overtaken by runs that came later and take what it needs, as those of a higher priority do and those
   * that need less, before all have to wait for it; from 0. Of several shared limits of a run, the least counts.
   *
   * @defaultValue 64
   */
  readonly maxOvertakes?: number | undefined;
  /** How messages call them. @defaultValue the names of what they limit */
  readonly name?: string | undefined;
}

/** At most one usage is emitted in this time, in ms. */
const frameMs = 16;

/**
 * Limits over many runs of this process, of whatever workflows: made by {@link sharedLimits}, and given to runs as `run({ shared })`.
 *
 * 1. What the running and abandoned steps of all these runs hold of a class is never more than its limit, unless that was lowered
 *    meanwhile. What an abandoned body holds stays held when its run is over, until it stops.
 * 2. Runs that wait are served in turn, a start each; those of a higher `priority` first, none overtaken without end. A run that is
 *    cancelled leaves the line at once.
 * 3. A step takes of its run's own limits and of all shared ones at once, or of none: who waits holds nothing.
 *
 * It has no end: nothing of it goes on by itself, and a run that is over leaves nothing behind. Its time is that of the runs.
 */
export class SharedLimits {
  /** @internal What runs share. */
  readonly sharing: Sharing;
  readonly #budget: SharedBudget;
  /**
   * What is taken and who waits: at once, then at most once in 16 ms when something has changed. Never errors, and never completes. With
   * nobody subscribed it costs nothing.
   */
  readonly usage$: Observable<SharedUsage>;
  readonly #subscribers = new Set<Subscriber<SharedUsage>>();
  #cancelFrame: (() => void) | undefined;

  /** @internal Use {@link sharedLimits}. */
  constructor(budget: SharedBudget) {
    this.#budget = budget;
    this.sharing = new Sharing(budget, Share);
    this.usage$ = new RxObservable((subscriber) => {
      subscriber.next(this.usage());
      this.#subscribers.add(subscriber);
      budget.onChange = this.#changed;
      subscriber.add(() => {
        this.#subscribers.delete(subscriber);
        if (this.#subscribers.size > 0) return;
        budget.onChange = undefined;
        this.#cancelFrame?.();
        this.#cancelFrame = undefined;
      });
    });
  }

  /** What is taken of each class by all runs, and who waits. Linear in classes and in runs that aren't over. */
  usage(): SharedUsage {
    return usageOf(this.#budget);
  }

  /**
   * Changes the limits of the classes given, from the next start on; the others stay. Where a limit falls below what is taken, what runs
   * goes on and nothing new starts until there is room. A plain number takes a class's rate away. Each run tells of what that means for it
   * by an event `limits-changed`.
   *
   * @example
   * ```ts
   * const shared = sharedLimits({ db: 5, runs: 10 });
   * shared.setLimits({ db: 2 });
   * ```
   *
   * @throws InvalidOptionsError where a limit can't be used, or is one for what isn't shared
   * @throws ResourceLimitError where a step of a run that isn't over demands more than that; nothing is changed then
   */
  setLimits(limits: SharedLimitsRecord): void {
    this.#budget.change(limits);
  }

  /**
   * Holds back, in all runs, what would start: everything that takes of a shared class, or of the one named, which may be `'runs'` or
   * `'concurrency'`. What runs goes on. Pausing twice is pausing once.
   *
   * @throws InvalidOptionsError where the class isn't shared
   */
  pause(resource?: string): void {
    this.#budget.pause(resource);
  }

  /**
   * Lets start what {@link SharedLimits.pause} has held back. A class that was paused by name is resumed by name.
   *
   * @throws InvalidOptionsError where the class isn't shared
   */
  resume(resource?: string): void {
    this.#budget.resume(resource);
  }

  readonly #changed = (): void => {
    this.#cancelFrame ??= this.#budget.clock.after(frameMs, () => {
      this.#cancelFrame = undefined;
      const usage = this.usage();
      for (const subscriber of [...this.#subscribers]) subscriber.next(usage);
    });
  };
}

/**
 * Makes limits that hold over many runs: each run that is given them takes of them, beside its own.
 *
 * All that a run's own limits can be, these can be: weighted classes, `memory` as text, rates, families (`'host:*'`), `concurrency`. And `runs`
 * caps the runs under way: the others wait from their start (status `waiting`, event `run-waiting`), and one more than `maxWaiting` gets an
 * `OverloadedError`. Give all of a run's limits to `sharedLimits` that the machine, or what it works with, has only once.
 *
 * A run that a step awaits may wait for what that step holds: share nothing with it, or make it a `subflow`. A `warning` of the topic
 * `nested` tells of such a run.
 *
 * @example
 * ```ts
 * const shared = sharedLimits({ db: 5, memory: '4GiB', runs: 10 }, { maxWaiting: 1000 });
 * const { report } = await flights.run({ inputs: { path: 'flights.parquet' }, shared }).result();
 * ```
 *
 * @throws InvalidOptionsError where a limit or an option can't be used, or there is no limit at all
 */
export function sharedLimits(limits: SharedLimitsRecord, options: SharedLimitsOptions = {}): SharedLimits {
  const checker = new OptionChecker();
  if (checker.record('limits', limits, 'a record of limits by class')) {
    checkSharedLimits(checker, limits);
    if (Object.values(limits).every((limit) => limit === undefined))
      checker.fail('limits', 'a record of at least one limit', limits);
  }
  const given: SharedLimitsOptions = checker.record('options', options) ? options : {};
  checker.knownKeys('', given, ['maxWaiting', 'maxOvertakes', 'name']);
  const { maxWaiting, maxOvertakes, name } = given;
  const terms = {
    maxWaiting: checker.count('maxWaiting', maxWaiting, 0) ?? Infinity,
    maxOvertakes: checker.count('maxOvertakes', maxOvertakes, 0) ?? defaultMaxOvertakes,
    name: checker.text('name', name),
    refused: OverloadedError,
  };
  checker.throwIfAny('sharedLimits');
  return new SharedLimits(new SharedBudget(limits, terms));
}
