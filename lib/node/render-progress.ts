import { fileURLToPath } from 'node:url';
import type { SchedulerLike } from 'rxjs';
import { clockOf, isScheduler } from '../base/clock.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { reportError } from '../base/report-error.ts';
import { isWatchable } from '../base/watchable.ts';
import { ProgressDisplay, type RenderedProgress, type RenderedRun } from './progress-display.ts';
import { isAnimated, type ProgressStream } from './stream-abilities.ts';

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
  /**
   * Where a report of the run is, or will be: told at the end. A function is asked when the run is over, and says `undefined` where there is none.
   *
   * @defaultValue none is told of
   */
  readonly report?: string | URL | (() => string | URL | undefined) | undefined;
  /** What the time between frames is waited with. @defaultValue the host's time */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Shows a run in the terminal while it goes on: how much is done and how long the rest may take, the resources in use beside their limits, what
 * failed and why, and a line a running step with bar, time, attempt and message, and a step that is about to be tried again. The step that the
 * others wait for comes first. What comes of a step moves its bar, and is told in numbers. In the end a summary stays, with the failures, the
 * slowest steps and the critical path.
 *
 * Where there is no terminal, or under `CI`, it writes plain lines, one a minute at least, which GitHub Actions folds. It draws twelve times a second at most, however many
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
    checker.knownKeys('', options, ['stream', 'title', 'style', 'scheduler', 'report']);
    checker.text('title', options.title);
    checker.oneOf('style', options.style, ['live', 'lines']);
    if (
      options.stream !== undefined &&
      typeof (options.stream as Partial<ProgressStream> | null)?.write !== 'function'
    )
      checker.fail('stream', 'a stream to write to', options.stream);
    if (!isReport(options.report)) checker.fail('report', 'a path, a URL or a function', options.report);
    if (options.scheduler !== undefined && !isScheduler(options.scheduler))
      checker.fail('scheduler', 'an RxJS scheduler', options.scheduler);
  }
  if (!isWatchable(run)) checker.fail('the run', 'a run, or the replay of one', run);
  else if (run.snapshot().endedAt !== null) checker.fail('the run', 'one that is not over', run.runId);
  checker.throwIfAny('renderProgress');
  const { stream = process.stderr, title, style, scheduler, report } = options;
  return new ProgressDisplay(run, {
    stream,
    title: title ?? run.workflow.name,
    isLive: (style ?? (isAnimated(stream) ? 'live' : 'lines')) === 'live',
    clock: clockOf(scheduler),
    report: () => placeOf(report),
  });
}

function isReport(report: unknown): boolean {
  return ['undefined', 'string', 'function'].includes(typeof report) || report instanceof URL;
}

/** What the user says of it, whose function may throw. */
function placeOf(report: RenderProgressOptions['report']): string | undefined {
  try {
    const place = typeof report === 'function' ? report() : report;
    if (place === undefined) return undefined;
    return place instanceof URL && place.protocol === 'file:' ? fileURLToPath(place) : String(place);
  } catch (error) {
    reportError(error);
    return undefined;
  }
}
