/**
 * A run's events, kept for pictures of it.
 *
 * 1. It listens from the call on, and neither starts nor holds the run.
 * 2. Once as many events are kept as there is room for, only these are still kept: what tells how the run, its own steps and the
 *    children that are known fare. So what is kept stays whole: whatever is seen to start is seen to end.
 * 3. Where something wasn't kept, a `warning` of the topic `dropped` stands in the place of the last of it.
 */
import type { Subscription } from 'rxjs';
import { OptionChecker } from '../base/option-checker.ts';
import { reportError } from '../base/report-error.ts';
import type { ProgressEvent, Warned } from '../observe/progress-event.ts';
import type { RunSnapshot } from '../observe/run-snapshot.ts';
import type { LimitsInForce } from '../run/limits-in-force.ts';
import type { Run } from '../run/run.ts';
import { aboutRun, type RunAbout } from './about-run.ts';
import { isReportable, type ReportedRun } from './reported-run.ts';
import type { PicturedRun } from './timeline-of.ts';

/** How much is recorded. `undefined` is always absent. */
export interface RecordOptions {
  /**
   * How many events are kept, from 1. Beyond that, logs, warnings, progress and further children are left out; how the run and its own
   * steps fare is not.
   *
   * @defaultValue 100,000: some 20 MB
   */
  readonly capacity?: number | undefined;
}

/** What has been recorded of a run by now: what every picture takes, and `replay` too. */
export interface RecordedRun extends PicturedRun, Disposable {
  /** The run. */
  readonly runId: string;
  /** What it is a run of. */
  readonly workflow: Run['workflow'];
  /** The limits in force when the recording began. */
  readonly limits: LimitsInForce;
  /** Where the run stood when the recording began. */
  readonly snapshot: RunSnapshot;
  /** What has happened since, up to now: a copy. */
  readonly events: readonly ProgressEvent[];
  /** How many events there was no room for. */
  readonly dropped: number;
  /** Records no more; the run goes on. */
  stop(): void;
}

const recordings = new WeakMap<ReportedRun, RecordedRun>();

/**
 * Records what happens in a run, so that it can be reported at any time. Call it before the run starts: of one that is under
 * way, it knows where its steps stand, and what happens from then on.
 *
 * From then on `htmlReport(run)` and `toChromeTrace(run)` draw what was recorded; so they do with what this gives, which can be kept
 * where the run isn't. Recording neither starts nor holds the run; it costs what a subscriber of `progress$` costs.
 *
 * @throws InvalidOptionsError where it is no run, or the options can't be used
 * @example
 * ```ts
 * const recorded = record(run);
 * await run.result();
 * await writeFile('run.html', htmlReport(recorded));
 * ```
 */
export function record(run: ReportedRun, options: RecordOptions = {}): RecordedRun {
  const checker = new OptionChecker();
  if (!isReportable(run)) checker.fail('the run', 'a run', run);
  let capacity: number | undefined;
  if (checker.record('the options', options)) {
    checker.knownKeys('', options, ['capacity']);
    capacity = checker.count('capacity', options.capacity, 1);
  }
  checker.throwIfAny('record');
  const recording = new Recording(run, capacity ?? 100_000);
  // The first knows most.
  if (!recordings.has(run)) recordings.set(run, recording);
  return recording;
}

/** What was recorded of a run, where something was. */
export function recordingOf(run: ReportedRun): RecordedRun | undefined {
  return recordings.get(run);
}

class Recording implements RecordedRun {
  readonly runId: string;
  readonly workflow: Run['workflow'];
  readonly limits: LimitsInForce;
  readonly snapshot: RunSnapshot;
  readonly about: RunAbout;
  readonly #capacity: number;
  readonly #events: ProgressEvent[] = [];
  /** The children whose coming was kept, and that aren't settled. */
  readonly #children = new Set<string>();
  readonly #subscription: Subscription;
  #dropped = 0;
  #lastDropped: ProgressEvent | undefined;

  constructor(run: ReportedRun, capacity: number) {
    this.runId = run.runId;
    this.workflow = run.workflow;
    this.limits = run.limits;
    this.snapshot = run.snapshot();
    this.about = aboutRun(run);
    this.#capacity = capacity;
    this.#subscription = run.progress$.subscribe({
      next: (event) => {
        this.#add(event);
      },
      error: reportError,
    });
  }

  get dropped(): number {
    return this.#dropped;
  }

  get events(): readonly ProgressEvent[] {
    const last = this.#lastDropped;
    if (last === undefined) return [...this.#events];
    const place = this.#events.findLastIndex(({ seq }) => seq < last.seq) + 1;
    return [...this.#events.slice(0, place), this.#mark(last), ...this.#events.slice(place)];
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #add(event: ProgressEvent): void {
    if (this.#events.length < this.#capacity || this.#isNeeded(event)) {
      this.#events.push(event);
      this.#follow(event);
    } else {
      this.#dropped++;
      this.#lastDropped = event;
    }
  }

  /** Whether what was kept before would be wrong without it. */
  #isNeeded(event: ProgressEvent): boolean {
    switch (event.type) {
      case 'log':
      case 'warning':
      case 'step-progress':
      case 'step-added':
        return false;
      default:
        return (
          !('stepId' in event) ||
          this.#children.has(event.stepId) ||
          this.workflow.steps.get(event.stepId) !== undefined
        );
    }
  }

  #follow(event: ProgressEvent): void {
    switch (event.type) {
      case 'step-added':
        this.#children.add(event.stepId);
        break;
      case 'step-completed':
      case 'step-failed':
      case 'step-cancelled':
        // One that was given up gives back what it holds later.
        if (event.holds === undefined) this.#children.delete(event.stepId);
        break;
      case 'step-skipped':
        this.#children.delete(event.stepId);
        break;
      default:
    }
  }

  #mark({ seq, at, runId }: ProgressEvent): Warned {
    const many = `${String(this.#dropped)} event${this.#dropped === 1 ? '' : 's'}`;
    return {
      type: 'warning',
      seq,
      at,
      runId,
      topic: 'dropped',
      message: `${many} up to seq ${String(seq)} were not kept, since there is room for ${String(this.#capacity)}: give record() a larger capacity`,
      stepId: '',
      attempt: 0,
      count: this.#dropped,
    };
  }
}
