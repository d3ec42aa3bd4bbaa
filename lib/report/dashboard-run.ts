// Long because it is one list: all that a dashboard keeps of a run.
import { Forecast } from '../../operators/forecast.ts';
import type { Interval } from '../../operators/outlook.ts';
import { clockOf } from '../base/clock.ts';
import { stepsIn } from '../base/step-list.ts';
import { Holdings } from '../observe/holdings.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RunSnapshot, StepSnapshot } from '../observe/run-snapshot.ts';
import type { Run } from '../run/run.ts';
import { ChildrenPace } from './children-pace.ts';
import type { Ability, Frame, RunHead, RunLine, StepLine } from './dashboard-frame.ts';
import { plainHead } from './report-page.ts';
import { RunLog } from './run-log.ts';
import { SettledRate } from './settled-rate.ts';
import { UsageSeries } from './usage-series.ts';

/**
 * What a dashboard needs of a run. A run that has begun is shown from then on. What it can't do isn't offered: one that has only `cancel`
 * can be cancelled. Where `cancel` gives a Promise, it is answered when that is settled.
 */
export interface WatchedRun extends Pick<Run, 'runId' | 'progress$' | 'snapshot'> {
  /** What it is a run of. */
  readonly workflow: Run['workflow'];
  /** The limits in force. */
  readonly limits?: Run['limits'];
  /** Starts nothing more until it is resumed, or nothing that demands the class. */
  readonly pause?: (resource?: string) => void;
  /** Ends the pause of all, or of the class. */
  readonly resume?: (resource?: string) => void;
  /** Changes the limits of the classes given. */
  readonly setLimits?: (limits: Parameters<Run['setLimits']>[0]) => void;
  /** Stops one step. */
  readonly cancelStep?: (id: string, reason?: unknown) => void;
  /** Cancels it. */
  cancel(reason?: unknown, options?: { readonly drain?: boolean | undefined }): void | Promise<void>;
}

/** How much of the time may be spent on working out what is left. */
const shareOfForecasts = 0.02;
const forecastEveryMs = 1_000;
/** Classes of families may come by thousands. */
const mostClasses = 100;
/** In 2001. Schedulers of tests begin at 0. */
const firstEpochMs = 1e12;
/** How often what is taken is told. */
const usageEveryMs = 250;

/**
 * What is kept of a run, folded from its events and its snapshot: bounded by the steps of its workflow and by what is under way at once,
 * however long it goes on.
 *
 * Numbers, which rise over all runs, say when something changed. `frame` gives all that did after one.
 */
export class DashboardRun {
  readonly place: number;
  readonly head: RunHead;
  /** The number of the last change. */
  changed = 0;
  /** The number of the last change of its line. */
  lineChanged = 0;
  line: RunLine;
  /** The number of its end; 0 before. */
  overSince = 0;
  /** `undefined` once it is over: its outputs aren't held for a page. */
  #run: WatchedRun | undefined;
  readonly #clock = clockOf(undefined);
  readonly #log: RunLog;
  readonly #forecast: Forecast;
  readonly #holdings = new Holdings();
  readonly #rate = new SettledRate();
  readonly #pace = new ChildrenPace();
  readonly #usage = new Map<string, UsageSeries>();
  /** What is taken that no event has told of, as the run had begun. */
  readonly #untold = new Map<string, number>();
  #snapshot: RunSnapshot;
  /** By place, the number of the change. */
  readonly #stepChanged: number[];
  readonly #places: ReadonlyMap<string, number>;
  /** How far the run's clock is ahead of ours; `undefined` where nothing has been told. */
  #ahead: number | undefined;
  #latestAt: number | undefined;
  #left: Interval | undefined;
  #fraction = 0;
  #forecastAt = -Infinity;

  /**
   * @param place - a number that no other one has
   * @param runId - what it is shown as
   * @param measured - how long steps took in earlier runs, in ms
   */
  constructor(run: WatchedRun, place: number, runId: string, measured: Readonly<Record<string, number>>) {
    this.#run = run;
    this.place = place;
    const { workflow } = run;
    const snapshot = run.snapshot();
    this.#snapshot = snapshot;
    const limits = limitsOf(snapshot);
    this.head = {
      runId,
      head: plainHead({ workflow, limits, snapshot }),
      abilities: abilitiesOf(run),
      measured,
    };
    const ids = stepsIn(workflow.steps).map(({ id }) => id);
    this.#places = new Map(ids.map((id, place) => [id, place]));
    this.#stepChanged = ids.map(() => 0);
    this.#log = new RunLog((id) => this.#places.has(id));
    this.#forecast = new Forecast(workflow.steps, limits, (id) => measured[id]);
    for (const event of toldBy(snapshot)) this.#forecast.add(event);
    this.line = this.#lineOf(snapshot);
    if (snapshot.startedAt !== null) this.#compareTaken(place);
  }

  /** The run, as long as something can be asked of it. */
  get run(): WatchedRun | undefined {
    return this.#run;
  }

  get isOver(): boolean {
    return this.#run === undefined;
  }

  /** Whether it goes on: its time passes. */
  get isUnderWay(): boolean {
    return !this.isOver && (this.line.status === 'running' || this.line.status === 'stopping');
  }

  /** Takes in one event. */
  add(number: number, event: ProgressEvent): void {
    this.changed = number;
    this.#latestAt = event.at;
    this.#ahead = event.at - this.#clock.now();
    this.#log.add(number, event);
    this.#forecast.add(event);
    this.#rate.add(event);
    this.#pace.add(event);
    if (this.#holdings.add(event))
      for (const [name, taken] of this.#holdings.taken) this.#note(number, event.at, name, taken);
  }

  /** Nothing more will come. */
  end(number: number): void {
    this.look(number);
    this.#run = undefined;
    this.overSince = number;
    this.#tell(number);
  }

  /** Looks where the run stands. */
  look(number: number): void {
    const before = this.#snapshot;
    const snapshot = this.#run?.snapshot() ?? before;
    this.#snapshot = snapshot;
    if (snapshot !== before) {
      this.changed = number;
      if (snapshot.steps !== before.steps) this.#compare(number, before);
      this.#compareTaken(number);
    }
    this.#tell(number);
  }

  #tell(number: number): void {
    const line = this.#lineOf(this.#snapshot);
    if (JSON.stringify(line) === JSON.stringify(this.line)) return;
    this.line = line;
    this.lineChanged = number;
    this.changed = number;
  }

  /** The time of the run's clock, in ms. */
  now(): number {
    const { endedAt, startedAt } = this.#snapshot;
    if (endedAt !== null) return endedAt;
    if (this.isOver) return this.#latestAt ?? startedAt ?? 0;
    if (this.#ahead !== undefined) return this.#clock.now() + this.#ahead;
    // Nothing has been told yet: it is epoch time, or that of a scheduler, which may stand still.
    return startedAt === null || startedAt > firstEpochMs ? this.#clock.now() : startedAt;
  }

  /**
   * What has changed after a number, as JSON; all that is kept where that can't be told.
   *
   * @param since - the number up to which all was sent; `undefined` where nothing was
   */
  frame(since: number | undefined): { readonly json: string; readonly isAll: boolean } {
    const recent = since === undefined ? undefined : this.#log.since(since);
    const from = recent === undefined ? 0 : (since ?? 0);
    const { isPaused, pausedResources, resources, waits } = this.#snapshot;
    const now = this.now();
    this.#foresee(now);
    const rest: Omit<Frame, 'events'> = {
      now,
      status: this.line.status,
      isPaused,
      pausedResources,
      resources: Object.fromEntries(Object.entries(resources).slice(0, mostClasses)),
      waits: waits.slice(0, mostClasses),
      steps: this.#stepsSince(from),
      usage: Object.fromEntries(
        [...this.#usage]
          .map(([name, series]) => [name, series.since(from)] as const)
          .filter(([, points]) => points.length > 0),
      ),
      forgotten: this.#log.forgotten,
      rate: this.#rate.at(now),
      fraction: this.#fraction,
      ...(this.#left === undefined || isPaused ? {} : { left: this.#left }),
      pace: this.#pace.means,
    };
    const json = `{"events":${recent ?? this.#log.all()},${JSON.stringify(rest).slice(1)}`;
    return { json, isAll: recent === undefined };
  }

  /** Works out what is left, now and then. */
  #foresee(now: number): void {
    if (this.line.status === 'completed') this.#fraction = 1;
    if (!this.isUnderWay) {
      this.#left = undefined;
      return;
    }
    const begun = this.#clock.now();
    if (begun < this.#forecastAt) return;
    // It never falls.
    this.#fraction = Math.max(this.#fraction, this.#forecast.fraction(now));
    this.#left = this.#forecast.remaining(now);
    const took = this.#clock.now() - begun;
    this.#forecastAt = begun + Math.max(forecastEveryMs, took / shareOfForecasts);
  }

  #compare(number: number, before: RunSnapshot): void {
    const known = [...before.steps];
    let place = 0;
    for (const step of this.#snapshot.steps) {
      if (step !== known[place]) this.#stepChanged[place] = number;
      place++;
    }
  }

  /** What is taken that no event has told of, as it was taken before: it is counted until the run says otherwise. */
  #compareTaken(number: number): void {
    for (const [name, { taken }] of Object.entries(this.#snapshot.resources)) {
      const told = this.#holdings.taken.get(name) ?? 0;
      this.#untold.set(name, taken - told);
      this.#note(number, this.now(), name, told);
    }
  }

  #stepsSince(number: number): StepLine[] {
    const lines: StepLine[] = [];
    let place = 0;
    for (const { status, waitingFor, children } of this.#snapshot.steps) {
      if ((this.#stepChanged[place] ?? 0) > number) {
        const more = {
          ...(waitingFor === undefined ? {} : { waitingFor }),
          ...(children === undefined ? {} : { children }),
        };
        lines.push(Object.keys(more).length > 0 ? [place, status, more] : [place, status]);
      }
      place++;
    }
    return lines;
  }

  #note(number: number, at: number, name: string, told: number): void {
    let series = this.#usage.get(name);
    if (series === undefined) {
      if (this.#usage.size >= mostClasses) return;
      series = new UsageSeries(usageEveryMs);
      this.#usage.set(name, series);
    }
    series.add(number, at, told + (this.#untold.get(name) ?? 0));
  }

  #lineOf({ workflow, status, isPaused, startedAt, endedAt, counts, steps }: RunSnapshot): RunLine {
    const { completed, failed, cancelled, skipped, running } = counts;
    const isInterrupted = this.isOver && endedAt === null;
    return {
      runId: this.head.runId,
      workflow,
      status: isInterrupted ? 'interrupted' : status,
      isPaused: isPaused && !this.isOver,
      startedAt,
      endedAt,
      done: completed + failed + cancelled + skipped,
      total: steps.size,
      running,
      failed,
    };
  }
}

function limitsOf({ resources }: RunSnapshot): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(resources).map(([name, { limit }]) => [name, limit]));
}

function abilitiesOf({ pause, resume, setLimits, cancelStep }: WatchedRun): Ability[] {
  const canPause = typeof pause === 'function' && typeof resume === 'function';
  return [
    'cancel',
    // Who can be paused is at hand, and can be waited for.
    ...(canPause ? (['drain', 'pause'] as const) : []),
    ...(typeof setLimits === 'function' ? (['limits'] as const) : []),
    ...(typeof cancelStep === 'function' ? (['cancel-step'] as const) : []),
  ];
}

/** What a snapshot tells of the steps that have begun, as events. */
function toldBy({ runId, steps }: RunSnapshot): ProgressEvent[] {
  return [...steps].flatMap((step) => eventsOf(step, runId));
}

function eventsOf(
  { id, status, attempts, startedAt, endedAt }: StepSnapshot,
  runId: string,
): ProgressEvent[] {
  const common = { seq: 0, runId, stepId: id, attempt: attempts };
  const at = endedAt ?? 0;
  if (status === 'skipped')
    return [{ ...common, type: 'step-skipped', at, because: id, reason: 'not-needed' }];
  if (startedAt === null)
    return status === 'completed' ? [{ ...common, type: 'step-completed', at, durationMs: 0 }] : [];
  const started: ProgressEvent = { ...common, type: 'step-started', at: startedAt, holds: {} };
  if (endedAt === null) return [started];
  if (status === 'failed')
    return [
      started,
      { ...common, type: 'step-failed', at, durationMs: endedAt - startedAt, error: undefined },
    ];
  return [started, { ...common, type: 'step-completed', at, durationMs: endedAt - startedAt }];
}
