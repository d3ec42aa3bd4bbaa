import { Observable, type SchedulerLike, Subject } from 'rxjs';
import { type Clock, clockOf, isScheduler } from '../base/clock.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { ChunkedSteps, isStepList, stepsIn } from '../base/step-list.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RunSnapshot, StepSnapshot } from '../observe/run-snapshot.ts';
import type { PicturedWorkflow } from '../report/pictured-workflow.ts';
import type { EventLog } from './event-log.ts';
import { SnapshotFold } from './snapshot-fold.ts';

/** How a log is played. */
export interface ReplayOptions {
  /**
   * How many times as fast as it happened: 1 is the time it took, 10 a tenth of it.
   * @defaultValue Infinity: all at once, within `play()`
   */
  readonly speed?: number | undefined;
  /** What the time between events is waited with. @defaultValue the host's time */
  readonly scheduler?: SchedulerLike | undefined;
}

/** What a replay needs of a log; `readJsonLines` gives it, and JSON or `structuredClone` may have been in between. */
export interface ReplayedLog extends Pick<EventLog, 'runId' | 'events'> {
  /** What it was a run of. */
  readonly workflow: PicturedWorkflow;
  /** Where the run stood before the first event. */
  readonly snapshot: Omit<RunSnapshot, 'steps'> & {
    /** Where each step stood. */
    readonly steps: Iterable<StepSnapshot>;
  };
}

/** A frame of a run's `snapshot$`, in ms. */
const frameMs = 16;

/**
 * Yesterday's run as if it ran today: `progress$`, `snapshot$` and `snapshot()` say what those of the run said.
 *
 * Subscribe, then `play()`. Both streams are hot, never error, and complete at the end; a log that breaks off ends where
 * it does. `at` of each event is the time at which it happened.
 */
export class Replay {
  /** The run that was logged. */
  readonly runId: string;
  /** What it was a run of. */
  readonly workflow: EventLog['workflow'];
  /** What happened, in the order and, at a finite speed, at the pace in which it happened. */
  readonly progress$: Observable<ProgressEvent>;
  /** Where the run stood: at once, then at most once in 16 ms of its time, last where it ended; then it completes. */
  readonly snapshot$: Observable<RunSnapshot>;
  readonly #events: readonly ProgressEvent[];
  readonly #speed: number;
  readonly #clock: Clock;
  readonly #fold: SnapshotFold;
  readonly #progress = new Subject<ProgressEvent>();
  readonly #snapshots = new Subject<RunSnapshot>();
  #next = 0;
  #frameAt: number | undefined;
  #isPlaying = false;
  #isOver = false;
  #cancelWait: (() => void) | undefined;
  /** The time of the log at which it began to play, and what the clock said then. */
  #from = { log: 0, clock: 0 };

  /** @internal Use `replay()`. */
  constructor({ runId, workflow, events, snapshot }: ReplayedLog, speed: number, clock: Clock) {
    this.runId = runId;
    const infos = stepsIn(workflow.steps);
    this.workflow = { ...workflow, steps: ChunkedSteps.of(infos.map((info) => ({ ...info }))) };
    this.#events = events;
    this.#speed = speed;
    this.#clock = clock;
    this.#fold = new SnapshotFold(infos, snapshot, stepsIn(snapshot.steps), stepThatStopped(events));
    this.progress$ = this.#progress.asObservable();
    this.snapshot$ = new Observable((subscriber) => {
      subscriber.next(this.snapshot());
      return this.#snapshots.subscribe(subscriber);
    });
  }

  /** Where the run stood at the point that the replay has reached. */
  snapshot(): RunSnapshot {
    return this.#fold.current();
  }

  /** Starts, once; a second call does nothing. Gives the replay itself: `replay(log).play().snapshot()` is the end. */
  play(): this {
    if (this.#isPlaying || this.#isOver) return this;
    this.#isPlaying = true;
    this.#from = { log: this.#events[0]?.at ?? 0, clock: this.#clock.now() };
    this.#advance();
    return this;
  }

  /** Ends the replay where it is: the streams complete. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelWait?.();
    this.#progress.complete();
    this.#snapshots.next(this.snapshot());
    this.#snapshots.complete();
  }

  /** Goes on for as long as nothing has to be waited for. */
  readonly #advance = (): void => {
    while (!this.#isOver) {
      const event = this.#events[this.#next];
      if (event === undefined) {
        this.stop();
        return;
      }
      // What time alone brings about comes before what happens at that time.
      const moment = Math.min(event.at, this.#frameAt ?? Infinity, this.#fold.nextDue ?? Infinity);
      const waitMs = this.#speed === Infinity ? 0 : this.#waitFor(moment);
      if (waitMs > 0) {
        this.#cancelWait = this.#clock.after(waitMs, this.#advance);
        return;
      }
      this.#pass(moment, event);
    }
  };

  #waitFor(moment: number): number {
    const { log, clock } = this.#from;
    return clock + (moment - log) / this.#speed - this.#clock.now();
  }

  #pass(moment: number, event: ProgressEvent): void {
    if (this.#frameAt !== undefined && this.#frameAt <= moment) {
      this.#frameAt = undefined;
      if (this.#snapshots.observed) this.#snapshots.next(this.snapshot());
    } else if (this.#fold.passTo(moment)) {
      this.#frameAt ??= moment + frameMs;
    } else {
      this.#next++;
      if (this.#fold.add(event)) this.#frameAt ??= event.at + frameMs;
      this.#progress.next(event);
    }
  }
}

/**
 * Plays a log: what `readJsonLines` gives, or what has the same. Nothing happens before `play()`.
 *
 * @throws InvalidOptionsError where an option can't be used, or the log is none
 * @example
 * ```ts
 * const yesterday = replay(await readJsonLines('run.jsonl'), { speed: 10 });
 * renderProgress(yesterday);
 * yesterday.play();
 * ```
 */
export function replay(log: ReplayedLog, options: ReplayOptions = {}): Replay {
  const checker = new OptionChecker();
  if (checker.record('the log', log, 'an event log, as `readJsonLines` gives it')) {
    for (const part of ['workflow', 'snapshot'] as const) {
      if (checker.record(`log.${part}`, log[part]) && !isStepList(log[part].steps))
        checker.fail(`log.${part}.steps`, 'steps, to be iterated over', log[part].steps);
    }
    if (!Array.isArray(log.events)) checker.fail('log.events', 'a list of events', log.events);
  }
  if (checker.record('the options', options)) {
    checker.knownKeys('', options, ['speed', 'scheduler']);
    if (options.speed !== undefined && !(typeof options.speed === 'number' && options.speed > 0))
      checker.fail('speed', 'a number above 0', options.speed);
    if (options.scheduler !== undefined && !isScheduler(options.scheduler))
      checker.fail('scheduler', 'an RxJS scheduler', options.scheduler);
  }
  checker.throwIfAny('replay');
  return new Replay(log, options.speed ?? Infinity, clockOf(options.scheduler));
}

/** The step whose failure made the run stop: under `onFailure: 'continue'` there is none. */
function stepThatStopped(events: readonly ProgressEvent[]): string | undefined {
  const last = events.at(-1);
  if (last?.type !== 'run-failed' || typeof last.error !== 'object' || last.error === null) return undefined;
  const { code, stepId } = last.error as { readonly code?: unknown; readonly stepId?: unknown };
  return code === 'STEP_FAILED' && typeof stepId === 'string' ? stepId : undefined;
}
