import { Subject } from 'rxjs';
import { clockOf } from '../base/clock.ts';
import { textOf } from '../base/inspect.ts';
import { type DashboardOptions, serveDashboard } from '../report/serve-dashboard.ts';
import type { Store } from '../store/store.ts';
import type { StoredRunInfo } from '../store/stored-runs.ts';
import { FollowedRun } from './followed-run.ts';

/** How often it is looked for what is new, in ms. */
const lookEveryMs = 1_000;

/** A dashboard over the runs of a store. */
export interface ServedStore {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the dashboard over a store: the latest runs of whatever process, those that are over as they were, those that go on as they
 * go on.
 *
 * @param told - hears of what can't be read, once each
 */
export async function serveStore(
  store: Store,
  options: Pick<DashboardOptions, 'port' | 'host'> & { readonly keep: number },
  told: (problem: string) => void,
): Promise<ServedStore> {
  const runs = new Subject<FollowedRun>();
  const dashboard = await serveDashboard(runs, options);
  const follower = new StoreFollower(store, options.keep, (run) => {
    runs.next(run);
  });
  const clock = clockOf(undefined);
  const problems = new Set<string>();
  let isClosed = false;
  let cancelWait = (): void => undefined;
  const look = async (): Promise<void> => {
    try {
      await follower.look();
    } catch (error) {
      const problem = textOf(error);
      if (!problems.has(problem)) told(problem);
      problems.add(problem);
    }
    if (!isClosed) cancelWait = clock.after(lookEveryMs, () => void look());
  };
  await look();
  return {
    url: dashboard.url,
    async close() {
      isClosed = true;
      cancelWait();
      await dashboard.close();
    },
  };
}

/** Looks at a store again and again, and tells of each run that is new, and of what is new in it. */
class StoreFollower {
  readonly #store: Store;
  readonly #keep: number;
  readonly #found: (run: FollowedRun) => void;
  /** By run and by when a process took it. */
  readonly #runs = new Map<string, FollowedRun>();

  constructor(store: Store, keep: number, found: (run: FollowedRun) => void) {
    this.#store = store;
    this.#keep = keep;
    this.#found = found;
  }

  async look(): Promise<void> {
    const latest = (await this.#store.runs()).slice(0, this.#keep).reverse();
    for (const info of latest) await this.#lookAt(info);
  }

  async #lookAt({ runId, startedAt, status }: StoredRunInfo): Promise<void> {
    const name = JSON.stringify([runId, startedAt]);
    let run = this.#runs.get(name);
    if (run?.isOver === true) return;
    const log = (await this.#store.goes(runId)).at(-1);
    // A process that has taken it tells of it a moment later.
    if (log === undefined || log.loggedAt < startedAt) return;
    if (run === undefined) {
      run = new FollowedRun(log, (reason) => {
        this.#store.cancel(runId, textOf(reason)).catch(() => undefined);
      });
      this.#runs.set(name, run);
      this.#found(run);
    }
    run.follow(log);
    if (status !== 'running') run.end();
  }
}
