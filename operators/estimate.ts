import { defer, filter, map, type OperatorFunction } from 'rxjs';
import type { Duration } from '../lib/base/durations.ts';
import { OptionChecker } from '../lib/base/option-checker.ts';
import { ownOf } from '../lib/base/record.ts';
import { isStepList } from '../lib/base/step-list.ts';
import type { RunHistory } from '../lib/observe/history.ts';
import type { ProgressEvent } from '../lib/observe/progress-event.ts';
import type { RunSnapshot } from '../lib/observe/run-snapshot.ts';
import { Forecast } from './forecast.ts';
import type { ForeseenStep } from './foreseen-rows.ts';
import type { Interval } from './outlook.ts';

/** How far a run is, and how long it may go on. */
export interface Estimate {
  /** When that was, in ms of the run's clock. */
  readonly at: number;
  /** How many of the workflow's own steps are over, be it that they were skipped. */
  readonly done: number;
  /** How many of these there are. */
  readonly total: number;
  /**
   * The share that is done, weighted by how long steps take where that is known, what comes of them included; from 0 to 1, and never
   * falls.
   */
  readonly fraction: number;
  /** For how long the run has gone on, in ms. */
  readonly elapsed: number;
  /**
   * How long the run is going to go on, in ms. `undefined` where nobody can know: before any step has ended where there are no
   * estimates, and while the run is paused.
   */
  readonly remaining: Interval | undefined;
}

/** What is estimated: a run, or the replay of one. */
export interface EstimatedRun {
  /** What it is a run of. */
  readonly workflow: {
    /** Its steps. */
    readonly steps: Iterable<ForeseenStep>;
  };
  /** Where it stands; asked for once, when the estimates are subscribed to. */
  snapshot(): Pick<RunSnapshot, 'resources'>;
}

/** How a run is estimated. */
export interface EstimateOptions {
  /** What earlier runs measured; it counts before the estimates of steps. @defaultValue none */
  readonly history?: RunHistory | undefined;
  /**
   * How long there is nothing new after an estimate, in time of the events: each costs a look at every step. The last
   * one comes in any case. @defaultValue '100ms'
   */
  readonly every?: Duration | undefined;
}

/**
 * Turns the events of a run into how far it is, and for how long it may go on.
 *
 * It goes by the steps' estimates or a history, by how far off these turn out to be, and by limits, dependencies and progress. A fan-out
 * or subflow is as far as the steps are that come of it.
 * The true end lies between `low` and `high` in about four of five cases; where steps have no estimates that is
 * wide. Subscribe before the run starts: steps that have ended before aren't known of. Emits with the events,
 * completes after the last, and passes errors on.
 *
 * @param run - the run whose events these are
 * @throws InvalidOptionsError where an argument can't be used
 * @example
 * ```ts
 * run.progress$.pipe(estimate(run)).subscribe(({ fraction, remaining }) => {
 *   const left = remaining === undefined ? '' : `, ${Math.round(remaining.likely / 1000)} s left`;
 *   console.log(`${Math.round(fraction * 100)} %${left}`);
 * });
 * ```
 */
export function estimate(
  run: EstimatedRun,
  options: EstimateOptions = {},
): OperatorFunction<ProgressEvent, Estimate> {
  const every = checkArguments(run, options);
  return (source) =>
    defer(() => {
      const course = new Course(run, options.history, every);
      return source.pipe(
        map((event) => course.follow(event)),
        filter((estimated) => estimated !== undefined),
      );
    });
}

/** Follows one run. */
class Course {
  readonly #forecast: Forecast;
  readonly #every: number;
  readonly #paused = new Set<string>();
  #startedAt: number | undefined;
  #nextAt = -Infinity;
  #fraction = 0;

  constructor(run: EstimatedRun, history: RunHistory | undefined, every: number) {
    const limits = Object.fromEntries(
      Object.entries(run.snapshot().resources).map(([name, { limit }]) => [name, limit]),
    );
    this.#forecast = new Forecast(
      run.workflow.steps,
      limits,
      (id) => ownOf(history?.steps ?? {}, id)?.meanMs,
    );
    this.#every = every;
  }

  /** Follows one event; gives an estimate where one is due. */
  follow(event: ProgressEvent): Estimate | undefined {
    this.#startedAt ??= event.at;
    this.#forecast.add(event);
    const isLast = this.#take(event);
    if (!isLast && event.at < this.#nextAt) return undefined;
    this.#nextAt = event.at + this.#every;
    return this.#estimate(event.at, isLast, event.type === 'run-completed');
  }

  /** Says whether it is the last. */
  #take(event: ProgressEvent): boolean {
    switch (event.type) {
      case 'run-paused':
        this.#paused.add(event.resource ?? '');
        return false;
      case 'run-resumed':
        this.#paused.delete(event.resource ?? '');
        return false;
      case 'run-completed':
      case 'run-failed':
      case 'run-cancelled':
        return true;
      default:
        return false;
    }
  }

  #estimate(at: number, isLast: boolean, isComplete: boolean): Estimate {
    const { done, total } = this.#forecast;
    this.#fraction = isComplete ? 1 : Math.max(this.#fraction, this.#forecast.fraction(at));
    return {
      at,
      done,
      total,
      fraction: this.#fraction,
      elapsed: at - (this.#startedAt ?? at),
      remaining: isLast ? over : this.#paused.size > 0 ? undefined : this.#forecast.remaining(at),
    };
  }
}

const over: Interval = { low: 0, likely: 0, high: 0 };

/** Gives how long there is nothing new after an estimate, in ms. */
function checkArguments(run: EstimatedRun, options: EstimateOptions): number {
  const checker = new OptionChecker();
  const given = run as Partial<EstimatedRun> | null | undefined;
  if (typeof given?.snapshot !== 'function' || !isStepList(given.workflow?.steps)) {
    checker.fail('the run', 'a run, or the replay of one', run);
  }
  let every: number | undefined;
  if (checker.record('the options', options)) {
    checker.knownKeys('', options, ['history', 'every']);
    every = checker.duration('every', options.every);
    if (options.history !== undefined)
      checker.record('history', options.history, 'a history, {} to begin with');
  }
  checker.throwIfAny('estimate');
  return every ?? 100;
}
