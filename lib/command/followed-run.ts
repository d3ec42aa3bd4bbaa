import { Subject } from 'rxjs';
import type { EventLog } from '../node/event-log.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RunSnapshot } from '../observe/snapshot.ts';
import type { WatchedRun } from '../report/dashboard-runs.ts';

/** A run of whatever process, as a dashboard watches one: what a store says of it, as it comes. */
export class FollowedRun implements WatchedRun {
  readonly runId: string;
  readonly workflow: WatchedRun['workflow'];
  readonly progress$;
  readonly #initial: RunSnapshot;
  readonly #progress = new Subject<ProgressEvent>();
  readonly #cancel: (reason: unknown) => void;
  #seen = 0;
  #isOver = false;

  /** @param cancel - asks whoever is at it to cancel it */
  constructor({ runId, workflow, snapshot }: EventLog, cancel: (reason: unknown) => void) {
    this.runId = runId;
    this.workflow = workflow as WatchedRun['workflow'];
    this.#initial = snapshot;
    this.#cancel = cancel;
    this.progress$ = this.#progress.asObservable();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Where it stood before its first event. */
  snapshot(): RunSnapshot {
    return this.#initial;
  }

  cancel(reason?: unknown): void {
    this.#cancel(reason);
  }

  /** Tells what is new. */
  follow({ events }: EventLog): void {
    for (const event of events.slice(this.#seen)) this.#progress.next(event);
    this.#seen = events.length;
  }

  /** Nothing more will come. */
  end(): void {
    this.#isOver = true;
    this.#progress.complete();
  }
}
