import type { Subscription } from 'rxjs';
import type { KeptRun } from '../engine/keeper.ts';
import { eventLine, headerLine } from '../node/event-log.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import { type RunSnapshot, Snapshots } from '../observe/snapshot.ts';
import { ask } from './ask.ts';
import type { OpenedRun } from './backend.ts';

/** How much of what happens in one go of a run is kept, in characters; from there on only what matters most. */
const mostCharacters = 64 * 1024 * 1024;

/** Writes what happens in a run beside its journal, without waiting for it: what is lost of it costs nothing but a picture. */
export class EventSink {
  readonly #run: KeptRun;
  readonly #opened: OpenedRun;
  #lines: string[] = [];
  #length = 0;
  #isWriting = false;
  #subscription: Subscription | undefined;
  #whenIdle: (() => void) | undefined;

  constructor(run: KeptRun, opened: OpenedRun) {
    this.#run = run;
    this.#opened = opened;
  }

  /** @param loggedAt - in ms of epoch time */
  begin(loggedAt: number): void {
    const { view, progress } = this.#run;
    const current = new Snapshots(view).current();
    // Nothing has been told yet.
    const snapshot: RunSnapshot =
      current.status === 'running' ? { ...current, status: 'idle', startedAt: null } : current;
    const limits = Object.fromEntries(
      Object.entries(snapshot.resources).map(([name, { limit }]) => [name, limit]),
    );
    const { runId, blueprint } = view;
    this.#lines.push(headerLine({ runId, workflow: blueprint.info, limits, loggedAt, snapshot }).trimEnd());
    this.#subscription = progress.events$.subscribe({
      next: (event) => {
        this.add(event);
      },
      error: doNothing,
    });
  }

  add(event: ProgressEvent): void {
    if (this.#length > mostCharacters && !mattersMost.has(event.type)) return;
    const line = eventLine(event).trimEnd();
    this.#length += line.length;
    this.#lines.push(line);
  }

  flush(): void {
    if (this.#isWriting || this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#isWriting = true;
    const written = (): void => {
      this.#isWriting = false;
      if (this.#lines.length > 0 && this.#whenIdle !== undefined) this.flush();
      else this.#whenIdle?.();
    };
    ask(
      () => this.#opened.appendEvents(lines),
      (work) => {
        work();
      },
      written,
      written,
    );
  }

  /** Writes what there is, and no more after that; then calls `ended`. */
  end(ended: () => void): void {
    this.#subscription?.unsubscribe();
    this.#whenIdle = ended;
    this.flush();
    if (!this.#isWriting) ended();
  }
}

function doNothing(): void {
  // The events of a run never fail.
}

const mattersMost: ReadonlySet<string> = new Set([
  'run-started',
  'run-completed',
  'run-failed',
  'run-cancelled',
  'step-failed',
  'warning',
]);
