import { type Duration, durationExpected, parseDuration } from '../base/durations.ts';
import { MillraceError } from '../base/errors.ts';
import { messageOf } from '../base/inspect.ts';
import { hintInBrackets } from '../base/nearest.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { Need } from '../definition/handle.ts';
import type { Workflow } from '../workflow.ts';
import { checkRecording } from './check-recording.ts';
import type { Recording } from './recording.ts';
import { runInVirtualTime, type VirtualTimeArguments } from './virtual-time.ts';

/** How long a column of a picture is. */
export interface PictureOptions {
  /** In ms, or with a unit; above 0. @defaultValue 1 ms */
  readonly frame?: Duration | undefined;
}

/** A row that was expected, and what was. */
export interface PictureDifference {
  /** As drawn. */
  readonly expected: string;
  /** As it happened. */
  readonly actual: string;
}

const outcomeWords = { failed: 'failed', cancelled: 'was cancelled' } as const;

/** A run went another way than its picture. The message shows both, row by row, and why the run failed where it did: its `cause`. */
export class PictureMismatchError extends MillraceError {
  override readonly name = 'PictureMismatchError';
  override readonly code = 'PICTURE_MISMATCH';

  /** What was expected, and what happened, by step. */
  readonly differences: Readonly<Record<string, PictureDifference>>;

  constructor(
    workflow: string,
    differences: Readonly<Record<string, PictureDifference>>,
    outcome: Recording['outcome'],
  ) {
    const width = Math.max(...Object.keys(differences).map((id) => id.length));
    const rows = Object.entries(differences).flatMap(([id, { expected, actual }]) => [
      `  ${id.padEnd(width)}  expected  '${expected}'`,
      `  ${''.padEnd(width)}  but was   '${actual}'`,
    ]);
    const end =
      outcome.kind === 'completed' ? [] : [`it ${outcomeWords[outcome.kind]}: ${messageOf(outcome.error)}`];
    super([`the run of '${workflow}' went another way:`, ...rows, ...end].join('\n'), {
      cause: outcome.kind === 'completed' ? undefined : outcome.error,
    });
    this.differences = differences;
  }
}

/**
 * Draws a run as a row a step, a column a frame: spaces up to its start, `-` while an attempt runs and `x` in the last frame
 * of one that gives the output, then `|` for completed, `#` for failed (and between attempts), `!` for cancelled. A step
 * that never started is an empty row, or a `!` where it was cancelled. Times are rounded to frames.
 *
 * @throws InvalidOptionsError where it is no recording, or the frame can't be used
 * @example
 * ```ts
 * const recording = await runInVirtualTime(flights, { inputs: { path: '' }, bodies: 'replace' });
 * console.log(drawRun(recording, { frame: '1s' }));
 * ```
 */
export function drawRun(recording: Recording, options: PictureOptions = {}): Record<string, string> {
  checkRecording('drawRun', recording);
  const frame = frameOf('drawRun', options);
  return Object.fromEntries(recording.steps.map(({ id }) => [id, rowOf(recording, id, frame)]));
}

/** What can be expected of a run. */
export interface ExpectedRun {
  /**
   * That the steps named run as drawn, as {@link drawRun} draws them; gives the recording. Blanks at a row's end don't count.
   *
   * @throws PictureMismatchError, as a rejection
   */
  toFollow(rows: Readonly<Record<string, string>>, options?: PictureOptions): Promise<Recording>;
}

/**
 * Runs a workflow in virtual time, as {@link runInVirtualTime} does, to compare it with a picture.
 *
 * @example
 * ```ts
 * await expectRun(flights, { inputs: { path: '' }, durations: { table: 3, delays: 4 } }).toFollow({
 *   table: '--x|',
 *   delays: '   ---x|',
 * });
 * ```
 */
export function expectRun<Outputs, Needs extends Need>(
  workflow: Workflow<Outputs, Needs>,
  ...args: VirtualTimeArguments<Needs>
): ExpectedRun {
  return {
    async toFollow(rows, options = {}) {
      const frame = frameOf('toFollow', options);
      const ids = Array.from(workflow.steps, ({ id }) => id);
      const checker = new OptionChecker();
      for (const [id, row] of Object.entries(rows)) {
        if (!ids.includes(id))
          checker.fail(`the row '${id}'`, `that of a step${hintInBrackets(id, ids)}`, row);
        else if (typeof row !== 'string' || !/^[-x|#! ]*$/.test(row))
          checker.fail(`the row '${id}'`, 'made of - x | # ! and spaces', row);
      }
      checker.throwIfAny('toFollow');
      const recording = await runInVirtualTime(workflow, ...args);
      const differences = Object.entries(rows).flatMap(([id, row]) => {
        const [expected, actual] = [row.trimEnd(), rowOf(recording, id, frame)];
        return expected === actual ? [] : [[id, { expected, actual }] as const];
      });
      if (differences.length > 0)
        throw new PictureMismatchError(workflow.name, Object.fromEntries(differences), recording.outcome);
      return recording;
    },
  };
}

const ends = new Map([
  ['step-completed', '|'],
  ['step-failed', '#'],
  ['step-retrying', '#'],
  ['step-cancelled', '!'],
]);

function rowOf({ events }: Recording, id: string, frame: number): string {
  const row: string[] = [];
  let start: number | undefined;
  for (const event of events) {
    if (!('stepId' in event) || event.stepId !== id) continue;
    const column = Math.round(event.at / frame);
    const end = ends.get(event.type);
    if (event.type === 'step-started') start = column;
    if (end === undefined) continue;
    for (let at = start ?? column; at < column; at++) row[at] ??= '-';
    if (end === '|' && start !== undefined && column > start) row[column - 1] = 'x';
    row[column] = end;
    start = undefined;
  }
  return Array.from(row, (cell: string | undefined) => cell ?? ' ').join('');
}

function frameOf(owner: string, { frame = 1 }: PictureOptions): number {
  const ms = parseDuration(frame);
  if (ms !== undefined && ms > 0) return ms;
  const checker = new OptionChecker();
  checker.fail('frame', `above 0 and ${durationExpected}`, frame);
  checker.throwIfAny(owner);
  return 1;
}
