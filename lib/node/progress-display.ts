// Long because the live view and plain lines have one beginning and one end, and the one may turn into the other.
import type { Subscription } from 'rxjs';
import type { Clock } from '../base/clock.ts';
import { reportError } from '../base/report-error.ts';
import { originIn, type ProgressEvent } from '../observe/progress-event.ts';
import { waitText } from '../observe/wait-reason.ts';
import { durationText } from '../report/duration-text.ts';
import type { Run } from '../run/run.ts';
import { number, roughText, withinText } from './amounts.ts';
import { frameLines } from './frame.ts';
import { every } from './frame-timer.ts';
import { noteLines } from './note-lines.ts';
import { ProgressView } from './progress-view.ts';
import type { Replay } from './replay.ts';
import { afterWrites, columnsOf, foldsGroups, isColoured, type ProgressStream } from './stream-abilities.ts';
import { summaryLines } from './summary.ts';
import { type TerminalRegion, terminalRegion } from './terminal-region.ts';
import { cleanText, type Paint, painter } from './terminal-text.ts';

/** What is shown: a run, or the replay of one. */
export type RenderedRun = Pick<Run | Replay, 'runId' | 'workflow' | 'progress$' | 'snapshot'>;

/** A run that is being shown. */
export interface RenderedProgress extends Disposable {
  /** Done when the last has been written. Never rejects. */
  readonly done: Promise<void>;
  /** Ends the display here, without a summary; the run goes on. */
  stop(): void;
}

/** Where and how it is shown. */
interface DisplayTerms {
  readonly stream: ProgressStream;
  readonly title: string;
  readonly isLive: boolean;
  readonly clock: Clock;
  /** Where a report of the run is, asked when the run is over. */
  readonly report: () => string | undefined;
}

/** Twelve times a second looks alive, and costs little. */
const frameMs = 80;
/** Beyond so many steps, plain lines tell of completions by the number, once a second. */
const mostLines = 200;
const summaryMs = 1_000;
/** Plain lines are never silent for longer: who reads a log takes silence for a hang, and some hosts end it. */
const longestSilence = 60_000;
const silenceCheckMs = longestSilence / 4;

/**
 * What is shown of a run, as it goes on: lines that are drawn over, or a line for what happens; in the end a summary.
 *
 * 1. `done` settles once the last has been written, or nothing more can be.
 * 2. A stream that fails ends the display alone.
 */
export class ProgressDisplay implements RenderedProgress {
  readonly done: Promise<void>;
  readonly #run: RenderedRun;
  readonly #stream: ProgressStream;
  readonly #title: string;
  readonly #clock: Clock;
  readonly #paint: Paint;
  readonly #view: ProgressView;
  readonly #subscription: Subscription;
  #region: TerminalRegion | undefined;
  #stopTicking: (() => void) | undefined;
  #settle: () => void = () => undefined;
  #isLive: boolean;
  #isOver = false;
  /** What the clock said at the latest event: from there the run's time goes on. */
  #heardAt = 0;
  #toldAt = -Infinity;
  /** When something was written last, by the display's clock. */
  #writtenAt: number;
  #isInGroup = false;
  readonly #report: () => string | undefined;

  constructor(run: RenderedRun, { stream, title, isLive, clock, report }: DisplayTerms) {
    this.#run = run;
    const limits = Object.entries(run.snapshot().resources).map(
      ([name, { limit }]) => [name, limit] as const,
    );
    this.#view = new ProgressView(run.workflow.steps, Object.fromEntries(limits));
    this.#report = report;
    this.#writtenAt = clock.now();
    this.#stream = stream;
    this.#title = cleanText(title);
    this.#clock = clock;
    this.#paint = painter(isColoured(stream));
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#isLive = isLive;
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
    else this.#breakSilence();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#release();
    this.#write(() => {
      this.#region?.close();
      this.#endGroup();
    });
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
      this.#breakSilence();
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
    if ((this.#view.startedAt === undefined && !this.#view.isWaiting) || writableNeedDrain) return;
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
    const columns = columnsOf(this.#stream);
    const lines = notes.flatMap((note) => noteLines(note, this.#paint, columns));
    if (this.#region === undefined) this.#stream.write(`${lines.join('\n')}\n`);
    else this.#region.keep(lines);
  }

  // Lines.

  #tell(event: ProgressEvent, isWithin: boolean): void {
    if (event.type === 'run-started') this.#beginGroup();
    const lines = this.#view.takeNotes().flatMap((note) => {
      const [first = '', ...details] = noteLines(note, this.#paint);
      return [`${this.#title}: ${first}`, ...details];
    });
    if (event.type === 'run-waiting')
      lines.push(`${this.#title}: waits for other runs to end, as one of ${number(event.waiting)}`);
    if (event.type === 'step-completed') lines.push(...this.#completion(event, isWithin));
    this.#writeLines(lines);
  }

  #completion(event: ProgressEvent & { readonly type: 'step-completed' }, isWithin: boolean): string[] {
    const { stepId, durationMs } = event;
    const steps = this.#run.workflow.steps.size;
    const isSummary = isWithin || steps > mostLines;
    if (isSummary && this.#view.now - this.#toldAt < summaryMs) return [];
    this.#toldAt = this.#view.now;
    const { completed } = this.#run.snapshot().counts;
    const share = `${number(completed)}/${number(steps)}`;
    return isSummary
      ? [
          `${this.#title}: ${share} steps${withinText(this.#view.descent.counts)}, ${number(this.#view.running.size)} running`,
        ]
      : [`${this.#title}: ${cleanText(stepId)} (${share}, ${originIn(event) ?? durationText(durationMs)})`];
  }

  /** Says where the run stands when nothing has been said for long. */
  #breakSilence(): void {
    this.#stopTicking = every(silenceCheckMs, this.#clock, () => {
      const isSilent = this.#clock.now() - this.#writtenAt > longestSilence - silenceCheckMs;
      if (isSilent && this.#view.startedAt !== undefined) this.#writeLines([this.#standing()]);
    });
  }

  #standing(): string {
    const { running, bottleneck, descent } = this.#view;
    const snapshot = this.#run.snapshot();
    const now = this.#view.now + Math.max(0, this.#clock.now() - this.#heardAt);
    const [first] = running.values();
    const longest = running.get(bottleneck.of(running.keys()) ?? '') ?? first;
    const [wait] = snapshot.waits;
    const left = snapshot.isPaused ? undefined : this.#view.remaining(now);
    return [
      `${this.#title}: ${number(snapshot.counts.completed)}/${number(this.#run.workflow.steps.size)} steps${withinText(descent.counts)}`,
      `${number(running.size)} running`,
      ...(longest === undefined ? [] : [`${longest.id} for ${durationText(now - longest.startedAt)}`]),
      ...(wait === undefined ? [] : [`${number(wait.count)} waiting for ${cleanText(waitText(wait.for))}`]),
      ...(snapshot.isPaused ? ['paused'] : []),
      ...(left === undefined ? [] : [`~${roughText(left.likely)} left`]),
    ].join(', ');
  }

  #beginGroup(): void {
    if (!foldsGroups()) return;
    this.#isInGroup = true;
    this.#write(() => this.#stream.write(`::group::${this.#title}\n`));
  }

  #endGroup(): void {
    if (this.#isInGroup) this.#stream.write('::endgroup::\n');
    this.#isInGroup = false;
  }

  // The end.

  #finish(): void {
    if (this.#isOver) return;
    this.#release();
    const lines = summaryLines({
      title: this.#title,
      view: this.#view,
      snapshot: this.#run.snapshot(),
      paint: this.#paint,
      columns: columnsOf(this.#stream),
      report: this.#report(),
    });
    this.#write(() => {
      this.#keepNotes();
      this.#endGroup();
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
    if (lines.length === 0) return;
    this.#writtenAt = this.#clock.now();
    this.#write(() => this.#stream.write(`${lines.join('\n')}\n`));
  }

  #write(work: () => unknown): void {
    try {
      work();
    } catch {
      this.#giveUp();
    }
  }
}
