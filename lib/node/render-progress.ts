import type { SchedulerLike, Subscription } from 'rxjs';
import { type Clock, clockOf, isScheduler } from '../base/clock.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { reportError } from '../base/report-error.ts';
import { isWatchable } from '../base/watchable.ts';
import { durationText } from '../report/duration-text.ts';
import type { ProgressEvent } from '../run/progress-event.ts';
import type { Run } from '../run/run.ts';
import { frameLines, number, withinText } from './frame.ts';
import { every } from './frame-timer.ts';
import { type Note, ProgressView } from './progress-view.ts';
import type { Replay } from './replay.ts';
import { afterWrites, isAnimated, isColoured, type ProgressStream } from './stream-abilities.ts';
import { summaryLines } from './summary.ts';
import { type TerminalRegion, terminalRegion } from './terminal-region.ts';
import { cleanText, type Paint, painter, type Style } from './terminal-text.ts';

/** What is shown: a run, or the replay of one. */
export type RenderedRun = Pick<Run | Replay, 'runId' | 'workflow' | 'progress$' | 'snapshot'>;

/** Where and how a run is shown. */
export interface RenderProgressOptions {
  /** Where. @defaultValue process.stderr, so that what is written to stdout can be piped */
  readonly stream?: ProgressStream | undefined;
  /** What the run is called there. @defaultValue the name of the workflow */
  readonly title?: string | undefined;
  /**
   * `live` draws over its own lines, `lines` writes a line for what happens.
   * @defaultValue `live` on a terminal, unless `CI` is set or `TERM` is `dumb`
   */
  readonly style?: 'live' | 'lines' | undefined;
  /** What the time between frames is waited with. @defaultValue the host's time */
  readonly scheduler?: SchedulerLike | undefined;
}

/** A run that is being shown. */
export interface RenderedProgress extends Disposable {
  /** Done when the last has been written. Never rejects. */
  readonly done: Promise<void>;
  /** Ends the display here, without a summary; the run goes on. */
  stop(): void;
}

/** Twelve times a second looks alive, and costs little. */
const frameMs = 80;
/** Beyond so many steps, plain lines tell of completions by the number, once a second. */
const mostLines = 200;
const summaryMs = 1_000;

/**
 * Shows a run in the terminal while it goes on: how much is done, the resources in use beside their limits, what failed, and
 * a line a running step with bar, time, attempt and message. Of what comes of a step there are only numbers. In the end a
 * summary with the critical path stays.
 *
 * Where there is no terminal, or under `CI`, it writes plain lines. It draws twelve times a second at most, however many
 * events there are, shows what fits, follows changes of the terminal's size, and heeds `NO_COLOR` and `FORCE_COLOR`.
 * What users wrote (ids, messages, errors) can't move the cursor. Logs and warnings stay above the live lines. It neither
 * starts nor holds the run or the process, and a stream that fails ends the display alone.
 *
 * The live view needs the package `log-update`; without it there are plain lines. Other output to the terminal garbles it:
 * let steps use `ctx.log`.
 *
 * @throws InvalidOptionsError where an option can't be used, or the run is over
 * @example
 * ```ts
 * renderProgress(run);
 * await run.result();
 * ```
 */
export function renderProgress(run: RenderedRun, options: RenderProgressOptions = {}): RenderedProgress {
  const checker = new OptionChecker();
  if (checker.record('the options', options)) {
    checker.knownKeys('', options, ['stream', 'title', 'style', 'scheduler']);
    checker.text('title', options.title);
    checker.oneOf('style', options.style, ['live', 'lines']);
    if (
      options.stream !== undefined &&
      typeof (options.stream as Partial<ProgressStream> | null)?.write !== 'function'
    )
      checker.fail('stream', 'a stream to write to', options.stream);
    if (options.scheduler !== undefined && !isScheduler(options.scheduler))
      checker.fail('scheduler', 'an RxJS scheduler', options.scheduler);
  }
  if (!isWatchable(run)) checker.fail('the run', 'a run, or the replay of one', run);
  else if (run.snapshot().endedAt !== null) checker.fail('the run', 'one that is not over', run.runId);
  checker.throwIfAny('renderProgress');
  return new Display(run, options);
}

class Display implements RenderedProgress {
  readonly done: Promise<void>;
  readonly #run: RenderedRun;
  readonly #stream: ProgressStream;
  readonly #title: string;
  readonly #clock: Clock;
  readonly #paint: Paint;
  readonly #view = new ProgressView();
  readonly #subscription: Subscription;
  #region: TerminalRegion | undefined;
  #stopTicking: (() => void) | undefined;
  #settle: () => void = () => undefined;
  #isLive: boolean;
  #isOver = false;
  /** What the clock said at the latest event: from there the run's time goes on. */
  #heardAt = 0;
  #toldAt = -Infinity;

  constructor(run: RenderedRun, { stream = process.stderr, title, style, scheduler }: RenderProgressOptions) {
    this.#run = run;
    this.#stream = stream;
    this.#title = cleanText(title ?? run.workflow.name);
    this.#clock = clockOf(scheduler);
    this.#paint = painter(isColoured(stream));
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#isLive = (style ?? (isAnimated(stream) ? 'live' : 'lines')) === 'live';
    this.#view.notesFailures = !this.#isLive;
    stream.on?.('error', this.#giveUp);
    this.#subscription = run.progress$.subscribe({
      next: (event) => {
        this.#add(event);
      },
      error: reportError,
      complete: () => {
        this.#finish();
      },
    });
    if (this.#isLive) void this.#goLive();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#release();
    this.#write(() => this.#region?.close());
    this.#leave();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  async #goLive(): Promise<void> {
    const region = await terminalRegion(this.#stream);
    if (this.#isOver) {
      this.#write(() => region?.close());
      return;
    }
    this.#region = region;
    if (region === undefined) {
      this.#isLive = false;
      this.#view.notesFailures = true;
      this.#writeLines([
        'The live view of renderProgress needs the package log-update; here are plain lines.',
      ]);
      return;
    }
    this.#stream.on?.('resize', this.#draw);
    this.#stopTicking = every(frameMs, this.#clock, this.#draw);
    this.#draw();
  }

  #add(event: ProgressEvent): void {
    // Asked before it is settled.
    const isWithin = 'stepId' in event && this.#view.descent.originOf(event.stepId) !== undefined;
    this.#view.add(event);
    this.#heardAt = this.#clock.now();
    if (!this.#isLive) this.#tell(event, isWithin);
  }

  // Live.

  readonly #draw = (): void => {
    const { columns = 80, rows = 24, writableNeedDrain = false } = this.#stream;
    // A terminal that is behind gets the next frame.
    if (this.#view.startedAt === undefined || writableNeedDrain) return;
    const lines = frameLines(
      {
        title: this.#title,
        view: this.#view,
        snapshot: this.#run.snapshot(),
        now: this.#view.now + Math.max(0, this.#clock.now() - this.#heardAt),
        paint: this.#paint,
      },
      { columns, rows },
    );
    this.#write(() => {
      this.#keepNotes();
      this.#region?.draw(lines);
    });
  };

  #keepNotes(): void {
    const notes = this.#view.takeNotes();
    if (notes.length === 0) return;
    const lines = notes.map((note) => this.#noteLine(note));
    if (this.#region === undefined) this.#stream.write(`${lines.join('\n')}\n`);
    else this.#region.keep(lines);
  }

  // Lines.

  #tell(event: ProgressEvent, isWithin: boolean): void {
    const lines = this.#view.takeNotes().map((note) => `${this.#title}: ${this.#noteLine(note)}`);
    if (event.type === 'step-completed') lines.push(...this.#completion(event, isWithin));
    this.#writeLines(lines);
  }

  #completion(
    { stepId, durationMs }: ProgressEvent & { readonly type: 'step-completed' },
    isWithin: boolean,
  ): string[] {
    const steps = this.#run.workflow.steps.length;
    const isSummary = isWithin || steps > mostLines;
    if (isSummary && this.#view.now - this.#toldAt < summaryMs) return [];
    this.#toldAt = this.#view.now;
    const { completed } = this.#run.snapshot().counts;
    const share = `${number(completed)}/${number(steps)}`;
    return isSummary
      ? [
          `${this.#title}: ${share} steps${withinText(this.#view.descent.counts)}, ${number(this.#view.running.size)} running`,
        ]
      : [`${this.#title}: ${cleanText(stepId)} (${share}, ${durationText(durationMs)})`];
  }

  #noteLine({ kind, text }: Note): string {
    const style = noteStyles[kind];
    return style === undefined ? text : this.#paint(style, kind === 'failure' ? `✗ ${text}` : text);
  }

  // The end.

  #finish(): void {
    if (this.#isOver) return;
    this.#release();
    const lines = summaryLines({
      title: this.#title,
      workflow: this.#run.workflow,
      view: this.#view,
      snapshot: this.#run.snapshot(),
      paint: this.#paint,
    });
    this.#write(() => {
      this.#keepNotes();
      this.#region?.close();
      this.#stream.write(`${lines.join('\n')}\n`);
    });
    this.#leave();
  }

  #release(): void {
    this.#isOver = true;
    this.#subscription.unsubscribe();
    this.#stopTicking?.();
    this.#stream.off?.('resize', this.#draw);
  }

  /** Listens for errors until the last line is out: one that nobody hears would end the process. */
  #leave(): void {
    const leave = (): void => {
      this.#stream.off?.('error', this.#giveUp);
      this.#settle();
    };
    try {
      afterWrites(this.#stream, leave);
    } catch {
      leave();
    }
  }

  /** The other end of a pipe is gone, say: there is nobody to show anything to. */
  readonly #giveUp = (): void => {
    if (this.#isOver) return;
    this.#release();
    this.#leave();
  };

  #writeLines(lines: readonly string[]): void {
    if (lines.length > 0) this.#write(() => this.#stream.write(`${lines.join('\n')}\n`));
  }

  #write(work: () => unknown): void {
    try {
      work();
    } catch {
      this.#giveUp();
    }
  }
}

const noteStyles: Readonly<Record<Note['kind'], Style | undefined>> = {
  log: undefined,
  warning: 'yellow',
  retry: 'yellow',
  failure: 'red',
};
