import { Subject } from 'rxjs';
import { stepsIn } from '../base/step-list.ts';
import type { EventLog } from '../node/event-log.ts';
import { SnapshotFold } from '../node/snapshot-fold.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RunSnapshot } from '../observe/run-snapshot.ts';
import type { WatchedRun } from '../report/dashboard-run.ts';

/** A run of whatever process, as a dashboard watches one: what a store says of it, as it comes. */
export class FollowedRun implements WatchedRun {
  readonly runId: string;
  readonly workflow: WatchedRun['workflow'];
  readonly progress$;
  readonly #fold: SnapshotFold;
  readonly #progress = new Subject<ProgressEvent>();
  readonly #cancel: (reason: unknown) => Promise<void>;
  #seen = 0;
  #isOver = false;

  /** @param cancel - asks whoever is at it to cancel it */
  constructor({ runId, workflow, snapshot }: EventLog, cancel: (reason: unknown) => Promise<void>) {
    this.runId = runId;
    this.workflow = workflow as WatchedRun['workflow'];
    this.#fold = new SnapshotFold(stepsIn(workflow.steps), snapshot, stepsIn(snapshot.steps), undefined);
    this.#cancel = cancel;
    this.progress$ = this.#progress.asObservable();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Where it stood at the last of its events that was told. */
  snapshot(): RunSnapshot {
    return this.#fold.current();
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#cancel(reason);
  }

  /** Tells what is new. */
  follow({ events }: EventLog): void {
    for (const event of events.slice(this.#seen)) {
      this.#fold.passTo(event.at);
      this.#fold.add(event);
      this.#progress.next(event);
    }
    this.#seen = events.length;
  }

  /** Nothing more will come. */
  end(): void {
    this.#isOver = true;
    this.#progress.complete();
  }
}
