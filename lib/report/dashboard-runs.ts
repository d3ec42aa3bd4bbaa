import { type Observable, Subscription } from 'rxjs';
import { InvalidOptionsError } from '../base/errors.ts';
import { reportError } from '../base/report-error.ts';
import { isWatchable } from '../base/watchable.ts';
import type { Run } from '../run/run.ts';
import type { DashboardLog } from './dashboard-log.ts';
import { plainHead } from './report-page.ts';

/** What a dashboard needs of a run. A run that has begun is shown from then on. */
export type WatchedRun = Pick<Run, 'runId' | 'workflow' | 'progress$' | 'snapshot' | 'cancel'>;

/**
 * The runs that a dashboard shows: what happens to them goes into the log.
 *
 * 1. Each is followed once, under an id that no other one has that is kept.
 * 2. Beyond `keep`, the oldest that is over is forgotten.
 */
export class DashboardRuns {
  readonly #log: DashboardLog;
  readonly #keep: number;
  readonly #changed: () => void;
  readonly #watched = new WeakSet<WatchedRun>();
  readonly #runs = new Map<string, WatchedRun>();
  readonly #over = new Set<string>();
  readonly #subscriptions = new Subscription();

  /** @param changed - hears that there is more in the log */
  constructor(log: DashboardLog, keep: number, changed: () => void) {
    this.#log = log;
    this.#keep = keep;
    this.#changed = changed;
  }

  /** The run that is shown under an id. */
  get(runId: string): WatchedRun | undefined {
    return this.#runs.get(runId);
  }

  /** Follows no run any more; they go on. */
  leave(): void {
    this.#subscriptions.unsubscribe();
  }

  watch(runs$: Observable<WatchedRun>): void {
    this.#subscriptions.add(
      runs$.subscribe({
        next: (run) => {
          this.#follow(run);
        },
        error: reportError,
      }),
    );
  }

  #follow(run: WatchedRun): void {
    if (!isWatchable(run)) {
      throw new InvalidOptionsError('serveDashboard', [
        { option: 'what the Observable emits', expected: 'runs', value: run },
      ]);
    }
    if (this.#watched.has(run)) return;
    this.#watched.add(run);
    const { workflow } = run;
    const runId = this.#freeId(run.runId);
    const snapshot = run.snapshot();
    const limits = Object.fromEntries(
      Object.entries(snapshot.resources).map(([name, { limit }]) => [name, limit]),
    );
    this.#runs.set(runId, run);
    this.#log.add({ kind: 'run', runId, head: plainHead({ workflow, limits, snapshot }) });
    this.#changed();
    this.#subscriptions.add(
      run.progress$.subscribe({
        next: (event) => {
          this.#log.add({ kind: 'event', runId, event });
          this.#changed();
        },
        error: reportError,
        complete: () => {
          this.#over.add(runId);
          this.#forgetOldest();
        },
      }),
    );
    this.#forgetOldest();
  }

  /** Runs may have one id: one that failed and was run again, say. */
  #freeId(runId: string): string {
    let free = runId;
    for (let count = 2; this.#runs.has(free); count++) free = `${runId} (${String(count)})`;
    return free;
  }

  #forgetOldest(): void {
    for (const runId of this.#over) {
      if (this.#runs.size <= this.#keep) return;
      this.#over.delete(runId);
      this.#runs.delete(runId);
      this.#log.forget(runId);
      this.#changed();
    }
  }
}
