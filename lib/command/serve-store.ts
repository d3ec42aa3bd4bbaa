import { Subject } from 'rxjs';
import { clockOf } from '../base/clock.ts';
import { textOf } from '../base/inspect.ts';
import { type DashboardOptions, serveDashboard } from '../report/serve-dashboard.ts';
import type { Store } from '../store/store.ts';
import type { StoredRunInfo } from '../store/stored-runs.ts';
import { UsageError } from './exit.ts';
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
  /** By run and by when a process took it; with what its store said when it was read last. */
  readonly #runs = new Map<string, { readonly run: FollowedRun; read: string }>();

  constructor(store: Store, keep: number, found: (run: FollowedRun) => void) {
    this.#store = store;
    this.#keep = keep;
    this.#found = found;
  }

  async look(): Promise<void> {
    const infos = await this.#store.runs();
    // One that goes on is followed to its end, though others be later.
    const followed = infos.filter(
      (info, place) => place < this.#keep || this.#runs.get(nameOf(info))?.run.isOver === false,
    );
    const names = new Set(followed.map(nameOf));
    for (const [name, { run }] of this.#runs) {
      if (names.has(name)) continue;
      // It was removed, or is one of those of which nobody wants to know any more.
      if (!run.isOver) run.end();
      this.#runs.delete(name);
    }
    for (const info of followed.reverse()) await this.#lookAt(info);
  }

  async #lookAt(info: StoredRunInfo): Promise<void> {
    const { runId, startedAt, status, changedAt, size } = info;
    const name = nameOf(info);
    const known = this.#runs.get(name);
    const read = JSON.stringify([status, changedAt, size]);
    if (known !== undefined && (known.run.isOver || known.read === read)) return;
    const log = (await this.#store.goes(runId)).at(-1);
    // A process that has taken it tells of it a moment later.
    if (log === undefined || log.loggedAt < startedAt) return;
    const followed = known ?? { run: new FollowedRun(log, (reason) => this.#cancel(runId, reason)), read };
    followed.read = read;
    if (known === undefined) {
      this.#runs.set(name, followed);
      this.#found(followed.run);
    }
    followed.run.follow(log);
    if (status !== 'running') followed.run.end();
  }

  async #cancel(runId: string, reason: unknown): Promise<void> {
    if (await this.#store.cancel(runId, textOf(reason))) return;
    throw new UsageError(`no process is at run '${runId}' any more, so that there is nothing to cancel`);
  }
}

function nameOf({ runId, startedAt }: StoredRunInfo): string {
  return JSON.stringify([runId, startedAt]);
}
