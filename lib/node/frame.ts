import type { ChildCounts } from '../observe/child-counts.ts';
import { settledOf } from '../observe/descent.ts';
import type { RunSnapshot } from '../observe/snapshot.ts';
import { durationText } from '../report/duration-text.ts';
import type { ProgressView, RunningStep } from './progress-view.ts';
import { cleanText, cutText, type Paint, padText, widthOf } from './terminal-text.ts';

/** Where a frame is drawn. */
interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a frame shows. */
interface FrameParts {
  readonly title: string;
  readonly view: ProgressView;
  readonly snapshot: RunSnapshot;
  /** The time of the run's clock. */
  readonly now: number;
  readonly paint: Paint;
}

const longestId = 32;

/**
 * The lines of the live view: the whole, the resources, the failures, and a line a running step; as many as the terminal
 * has rows, none wider than it is. The last column and the last row stay free, for the cursor.
 */
export function frameLines({ title, view, snapshot, now, paint }: FrameParts, size: FrameSize): string[] {
  const columns = Math.max(1, size.columns - 1);
  const room = Math.max(1, size.rows - 1);
  const lines = [headLine(title, view, snapshot, now, paint, columns)];
  if (room >= 3) lines.push(...resourceLine(snapshot, paint, columns));
  if (room - lines.length >= 2)
    lines.push(...failureLines(view, paint, columns, Math.floor((room - lines.length) / 2)));
  lines.push(...stepLines(view, now, paint, columns, room - lines.length));
  return lines;
}

/** Texts beside each other, as many as there is room for, each painted. */
function row(
  columns: number,
  parts: readonly (readonly [text: string, paint?: (text: string) => string])[],
): string {
  let left = columns;
  let line = '';
  for (const [text, paint = (plain: string) => plain] of parts) {
    if (left <= 0) break;
    const cut = cutText(text, left);
    left -= widthOf(cut);
    line += cut === '' ? '' : paint(cut);
  }
  return line;
}

function headLine(
  title: string,
  view: ProgressView,
  { status, isPaused, counts }: RunSnapshot,
  now: number,
  paint: Paint,
  columns: number,
): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const within = view.descent.counts;
  const toRetry = counts.retrying + (within?.retrying ?? 0);
  const elapsed = view.startedAt === undefined ? '' : `  ${durationText(now - view.startedAt)}`;
  const state =
    status === 'waiting'
      ? '  waiting for other runs'
      : status === 'stopping'
        ? '  stopping'
        : isPaused
          ? '  paused'
          : '';
  return row(columns, [
    [`${title}  `, (text) => paint('bold', text)],
    [bar(view.fraction(now), barWidth(columns, 30)), (text) => paint('cyan', text)],
    [`  ${number(counts.completed)}/${number(all)} steps${withinText(within)}`],
    [counts.failed > 0 ? ` · ${number(counts.failed)} failed` : '', (text) => paint('red', text)],
    [counts.skipped > 0 ? ` · ${number(counts.skipped)} skipped` : '', (text) => paint('yellow', text)],
    [toRetry > 0 ? ` · ${number(toRetry)} to be tried again` : '', (text) => paint('yellow', text)],
    [elapsed],
    [state, (text) => paint('yellow', text)],
  ]);
}

function resourceLine({ resources, pausedResources }: RunSnapshot, paint: Paint, columns: number): string[] {
  const used = Object.entries(resources).map(([name, { taken, limit }]) => {
    const amounts =
      name === 'memory' ? `${bytes(taken)}/${bytes(limit)}` : `${number(taken)}/${number(limit)}`;
    return `${cleanText(name)} ${amounts}${pausedResources.includes(name) ? ' paused' : ''}`;
  });
  return used.length === 0 ? [] : [paint('dim', cutText(`  ${used.join('   ')}`, columns))];
}

function failureLines(
  { failures, failed }: ProgressView,
  paint: Paint,
  columns: number,
  room: number,
): string[] {
  const shown = failures.slice(0, failed > room ? room - 1 : room);
  const more = failed - shown.length;
  return [
    ...shown.map((text) => `  ✗ ${text}`),
    ...(more > 0 ? [`  ✗ … and ${number(more)} more failed`] : []),
  ].map((text) => paint('red', cutText(text, columns)));
}

function stepLines(view: ProgressView, now: number, paint: Paint, columns: number, room: number): string[] {
  if (room <= 0) return [];
  const { running } = view;
  const steps: RunningStep[] = [];
  for (const step of running.values()) {
    if (steps.length === room) break;
    steps.push(step);
  }
  if (running.size > room) steps.pop();
  const more = running.size - steps.length;
  const widest = steps.reduce((width, { id }) => Math.max(width, widthOf(id)), 0);
  const idWidth = Math.min(widest, longestId, Math.max(4, Math.floor(columns / 3)));
  const lines = steps.map((step) => stepLine(step, view, idWidth, now, paint, columns));
  return more > 0
    ? [...lines, paint('dim', cutText(`  … and ${number(more)} more running`, columns))]
    : lines;
}

function stepLine(
  step: RunningStep,
  view: ProgressView,
  idWidth: number,
  now: number,
  paint: Paint,
  columns: number,
): string {
  const { stepId, id, attempt, message, startedAt } = step;
  const fraction = view.fractionOf(step, now);
  const width = barWidth(columns, 12);
  const within = view.descent.countsOf(stepId);
  const toRetry = within?.retrying ?? 0;
  const percent = fraction === undefined ? '' : `${String(Math.floor(fraction * 100))} %`;
  return row(columns, [
    [`  ${padText(cutText(id, idWidth), idWidth)}  `],
    [fraction === undefined ? ' '.repeat(width) : bar(fraction, width), (text) => paint('cyan', text)],
    [percent.padStart(6)],
    [`  ${durationText(Math.max(0, now - startedAt)).padStart(7)}`, (text) => paint('dim', text)],
    [attempt > 1 ? `  attempt ${String(attempt)}` : '', (text) => paint('yellow', text)],
    [within === undefined ? '' : `  ${shareOf(within)} within`],
    [toRetry > 0 ? `, ${number(toRetry)} to be tried again` : '', (text) => paint('yellow', text)],
    [message === '' ? '' : `  ${cleanText(message)}`],
  ]);
}

/** How far that is which came of others. */
export function withinText(within: ChildCounts | undefined): string {
  return within === undefined ? '' : `, ${shareOf(within)} within them`;
}

function shareOf(within: ChildCounts): string {
  return `${number(settledOf(within))}/${number(within.added)}`;
}

/** A bar takes no more than a quarter of a narrow terminal. */
function barWidth(columns: number, most: number): number {
  return Math.min(most, Math.floor(columns / 4));
}

function bar(fraction: number, width: number): string {
  const full = Math.min(width, Math.max(0, Math.floor(fraction * width)));
  return '█'.repeat(full) + '░'.repeat(width - full);
}

/** `10,000`, whatever the locale; `∞` where there is no end. */
export function number(value: number): string {
  if (value === Infinity) return '∞';
  return String(Math.round(value * 100) / 100).replace(/\B(?=(?:\d{3})+(?:\.|$))/g, ',');
}

function bytes(value: number): string {
  if (value === Infinity) return '∞';
  const place = value < 1_024 ? 0 : Math.min(4, Math.floor(Math.log2(value) / 10));
  return `${number(Math.round((value / 1_024 ** place) * 10) / 10)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][place] ?? ''}`;
}
