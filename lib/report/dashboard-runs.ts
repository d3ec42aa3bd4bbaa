import { type Observable, Subscription } from 'rxjs';
import { InvalidOptionsError } from '../base/errors.ts';
import { reportError } from '../base/report-error.ts';
import { isWatchable } from '../base/watchable.ts';
import type { RunHistory } from '../observe/history.ts';
import { DashboardRun, type WatchedRun } from './dashboard-run.ts';

/**
 * The runs that a dashboard shows, in the order in which they came.
 *
 * 1. Each is followed once, under an id that no other one has that is kept.
 * 2. Beyond `keep`, the oldest that is over is forgotten.
 * 3. Every change has a number, from 1; none is given twice.
 */
export class DashboardRuns {
  readonly #keep: number;
  readonly #histories: readonly RunHistory[];
  readonly #hasChanged: () => void;
  readonly #watched = new WeakSet<WatchedRun>();
  readonly #runs = new Map<string, DashboardRun>();
  readonly #over = new Set<string>();
  readonly #subscriptions = new Subscription();
  #number = 0;

  /** @param hasChanged - hears that there is more to be told */
  constructor(keep: number, histories: readonly RunHistory[], hasChanged: () => void) {
    this.#keep = keep;
    this.#histories = histories;
    this.#hasChanged = hasChanged;
  }

  /** The number of the last change. */
  get number(): number {
    return this.#number;
  }

  /** The runs, the latest last. */
  get all(): Iterable<DashboardRun> {
    return this.#runs.values();
  }

  /** The run that is shown under an id. */
  get(runId: string): DashboardRun | undefined {
    return this.#runs.get(runId);
  }

  /** Looks where the runs stand that aren't over. */
  look(): void {
    this.#number++;
    for (const run of this.#runs.values()) if (!run.isOver) run.look(this.#number);
  }

  /**
   * The one to show to somebody who hasn't chosen: the latest. The one that was shown stays as long as it goes on, and after that until
   * another one comes, so that its end is seen.
   */
  shownAfter(before: DashboardRun | undefined): DashboardRun | undefined {
    const latest = [...this.#runs.values()].at(-1);
    if (before === undefined || this.get(before.head.runId) !== before || latest === undefined) return latest;
    if (before.isUnderWay) return before;
    return latest.place > before.overSince ? latest : before;
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
    const runId = this.#freeId(run.runId);
    const place = ++this.#number;
    const followed = new DashboardRun(run, place, runId, this.#measuredOf(run.workflow.name));
    followed.changed = followed.lineChanged = place;
    this.#runs.set(runId, followed);
    this.#hasChanged();
    const subscription = run.progress$.subscribe({
      next: (event) => {
        followed.add(++this.#number, event);
        this.#hasChanged();
      },
      error: reportError,
      complete: () => {
        followed.end(++this.#number);
        this.#over.add(runId);
        this.#hasChanged();
        this.#forgetOldest();
      },
    });
    // It goes by itself when it is over, so that it isn't held for as long as the dashboard is open.
    this.#subscriptions.add(subscription);
    this.#forgetOldest();
  }

  /** Runs may have one id: one that failed and was run again, say. */
  #freeId(runId: string): string {
    let free = runId;
    for (let count = 2; this.#runs.has(free); count++) free = `${runId} (${String(count)})`;
    return free;
  }

  #measuredOf(workflow: string): Readonly<Record<string, number>> {
    const history = this.#histories.find((each) => each.workflow === workflow);
    return Object.fromEntries(Object.entries(history?.steps ?? {}).map(([id, { meanMs }]) => [id, meanMs]));
  }

  #forgetOldest(): void {
    for (const runId of this.#over) {
      if (this.#runs.size <= this.#keep) return;
      this.#over.delete(runId);
      this.#runs.delete(runId);
      this.#hasChanged();
    }
  }
}
