import type { ServerResponse } from 'node:http';
import { clockOf } from '../base/clock.ts';
import type { Sent } from './dashboard-frame.ts';
import type { DashboardRun } from './dashboard-run.ts';
import type { DashboardRuns } from './dashboard-runs.ts';

/** A run that goes on is told of at least as often, since its time passes, in ms. */
const leastEveryMs = 1_000;

/**
 * One browser that follows: it is shown the table of runs, and one of them.
 *
 * 1. It is a number up to which it was sent all. What it hasn't been sent isn't held for it: a slow one gets what is new when its socket
 *    takes more, and what there is where too much is new.
 * 2. One message at most is on its way to it.
 */
export class DashboardClient {
  readonly #runs: DashboardRuns;
  readonly #response: ServerResponse;
  readonly #instance: string;
  readonly #chosen: string;
  readonly #clock = clockOf(undefined);
  /** The runs that it knows of. */
  #known: Set<string> | undefined;
  #shown: DashboardRun | undefined;
  /** `undefined` where it has nothing of the run that is shown. */
  #sent: number | undefined;
  #linesSent = 0;
  #sentAt = -Infinity;
  #isFull = false;

  /**
   * @param chosen - the id of the run that it wants to see; empty where it takes what there is
   * @param lastEventId - the id of the last message it has, where it was here before
   */
  constructor(
    runs: DashboardRuns,
    response: ServerResponse,
    instance: string,
    chosen: string,
    lastEventId: string,
  ) {
    this.#runs = runs;
    this.#response = response;
    this.#instance = instance;
    this.#chosen = chosen;
    const [before, place, number] = lastEventId.split('-');
    if (before === instance && /^\d{1,15}$/.test(number ?? '')) {
      this.#shown = [...runs.all].find((run) => String(run.place) === place);
      if (this.#shown !== undefined) this.#sent = Math.min(Number(number), runs.number);
    }
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.write('retry: 500\n\n');
    response.on('drain', () => {
      this.#isFull = false;
      this.pump();
    });
    this.pump();
  }

  /** Sends what is new, unless it is busy with what was sent before. */
  pump(): void {
    if (this.#isFull || this.#response.destroyed) return;
    const { number } = this.#runs;
    const parts = [...this.#linesPart(), ...this.#runParts()];
    if (parts.length === 0) return;
    this.#linesSent = number;
    this.#sent = number;
    this.#sentAt = this.#clock.now();
    const id = `${this.#instance}-${String(this.#shown?.place ?? 0)}-${String(number)}`;
    this.#isFull = !this.#response.write(`id: ${id}\ndata: {${parts.join()}}\n\n`);
  }

  close(): void {
    this.#response.end();
  }

  #linesPart(): string[] {
    const all = [...this.#runs.all];
    const before = this.#known;
    const isAll = before === undefined;
    this.#known = new Set(all.map(({ head }) => head.runId));
    const lines = all
      .filter(({ lineChanged }) => isAll || lineChanged > this.#linesSent)
      .map(({ line }) => line);
    const gone = [...(before ?? [])].filter((id) => this.#known?.has(id) !== true);
    const isWorthIt = isAll || lines.length > 0 || gone.length > 0;
    const part: Pick<Sent, 'lines' | 'isAll' | 'gone'> = { lines, isAll, gone };
    return isWorthIt || this.#hasNews() ? [JSON.stringify(part).slice(1, -1)] : [];
  }

  /** Whether something has to be said of the run that is shown. */
  #hasNews(): boolean {
    const shown = this.#toShow();
    if (shown === undefined) return false;
    if (shown !== this.#shown || this.#sent === undefined || shown.changed > this.#sent) return true;
    return shown.isUnderWay && this.#clock.now() - this.#sentAt >= leastEveryMs;
  }

  #runParts(): string[] {
    if (!this.#hasNews()) return [];
    const shown = this.#toShow() as DashboardRun;
    const { json, isAll } = shown.frame(shown === this.#shown ? this.#sent : undefined);
    this.#shown = shown;
    return [...(isAll ? [`"run":${JSON.stringify(shown.head)}`] : []), `"frame":${json}`];
  }

  #toShow(): DashboardRun | undefined {
    return this.#runs.get(this.#chosen) ?? this.#runs.shownAfter(this.#shown);
  }
}
