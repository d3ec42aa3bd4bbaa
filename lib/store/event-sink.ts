import type { Subscription } from 'rxjs';
import type { KeptRun } from '../engine/keeper.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import { ask } from './ask.ts';
import type { OpenedRun } from './backend.ts';
import { EventWriter } from './event-lines.ts';

/** How much of what happens in one go of a run is kept, in characters; from there on only what matters most. */
const mostCharacters = 64 * 1024 * 1024;

/** Writes what happens in a run beside its journal, without waiting for it: what is lost of it costs nothing but a picture. */
export class EventSink {
  readonly #run: KeptRun;
  readonly #opened: OpenedRun;
  readonly #writer = new EventWriter();
  #lines: string[] = [];
  #length = 0;
  #isWriting = false;
  #subscription: Subscription | undefined;
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
    this.#lines.push(this.#writer.go({ go: 1, runId: view.runId, workflow, limits, at }));
    this.#subscription = progress.events$.subscribe({
      next: (event) => {
        this.add(event);
      },
      error: doNothing,
    });
  }

  add(event: ProgressEvent): void {
    if (this.#length > mostCharacters && !mattersMost.has(event.type)) return;
    const line = this.#writer.event(event);
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
