import type { Demand } from '../admission/demand.ts';
import type { KeptRun } from '../engine/keeper.ts';
import type { EventRecorder } from '../observe/event-recorder.ts';
import type { Origin, ProgressEvent } from '../observe/progress-event.ts';
import { ask } from './ask.ts';
import type { OpenedRun } from './backend.ts';
import { EventGroup } from './event-group.ts';
import { goLine } from './event-lines.ts';

/** How much of what happens in one go of a run is kept, in characters; from there on only what matters most. */
const mostCharacters = 64 * 1024 * 1024;
/** So many events are one line at most. */
const largestGroup = 1024;

/** Writes what happens in a run beside its journal, without waiting for it: what is lost of it costs nothing but a picture. */
export class EventSink implements EventRecorder {
  readonly #run: KeptRun;
  readonly #opened: OpenedRun;
  #lines: string[] = [];
  #group = new EventGroup();
  #length = 0;
  #isFull = false;
  #isWriting = false;
  #whenIdle: (() => void) | undefined;

  constructor(run: KeptRun, opened: OpenedRun) {
    this.#run = run;
    this.#opened = opened;
  }

  /** @param workflow - the object that says what the steps are */
  begin(workflow: string, at: number): void {
    const { view, progress } = this.#run;
    const limits = Object.fromEntries(
      Object.entries(view.resources).map(([name, { limit }]) => [name, limit]),
    );
    this.#lines.push(goLine({ go: 1, runId: view.runId, workflow, limits, at }));
    progress.record(this);
  }

  stepAdded(seq: number, at: number, stepId: string, parentId: string, demand: Demand): void {
    if (this.#isFull) return;
    this.#group.stepAdded(seq, at, stepId, parentId, demand);
    if (this.#group.size >= largestGroup) this.#closeGroup();
  }

  stepStarted(
    seq: number,
    at: number,
    stepId: string,
    attempt: number,
    holds: Demand,
    readyBy: string | undefined,
  ): void {
    if (this.#isFull) return;
    this.#group.stepStarted(seq, at, stepId, attempt, holds, readyBy);
    if (this.#group.size >= largestGroup) this.#closeGroup();
  }

  holdsChanged(seq: number, at: number, stepId: string, attempt: number, holds: Demand): void {
    if (this.#isFull) return;
    this.#group.holdsChanged(seq, at, stepId, attempt, holds);
    if (this.#group.size >= largestGroup) this.#closeGroup();
  }

  stepCompleted(seq: number, at: number, stepId: string, attempt: number, durationMs: number): void {
    if (this.#isFull) return;
    this.#group.stepCompleted(seq, at, stepId, attempt, durationMs);
    if (this.#group.size >= largestGroup) this.#closeGroup();
  }

  stepKnown(seq: number, at: number, stepId: string, origin: Origin): void {
    if (this.#isFull) return;
    this.#group.stepKnown(seq, at, stepId, origin);
    if (this.#group.size >= largestGroup) this.#closeGroup();
  }

  event(event: ProgressEvent): void {
    if (this.#isFull && !mattersMost.has(event.type)) return;
    this.#group.event(event);
    if (this.#group.size >= largestGroup) this.#closeGroup();
  }

  #closeGroup(): void {
    if (this.#group.size === 0) return;
    const line = this.#group.line();
    this.#group = new EventGroup();
    this.#length += line.length;
    this.#isFull = this.#length > mostCharacters;
    this.#lines.push(line);
  }

  flush(): void {
    if (this.#isWriting) return;
    this.#closeGroup();
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#isWriting = true;
    const written = (): void => {
      this.#isWriting = false;
      const ended = this.#whenIdle;
      if (ended === undefined) return;
      if (this.#lines.length > 0 || this.#group.size > 0) {
        this.flush();
        return;
      }
      this.#whenIdle = undefined;
      ended();
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
    this.#run.progress.record(undefined);
    this.flush();
    if (this.#isWriting) this.#whenIdle = ended;
    else ended();
  }
}

const mattersMost: ReadonlySet<string> = new Set([
  'run-started',
  'run-completed',
  'run-failed',
  'run-cancelled',
  'step-failed',
  'warning',
]);
