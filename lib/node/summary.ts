import { stepsIn } from '../base/step-list.ts';
import { accountOfSnapshot } from '../observe/critical-steps.ts';
import type { RunSnapshot } from '../observe/run-snapshot.ts';
import { waitText } from '../observe/wait-reason.ts';
import { durationText } from '../report/duration-text.ts';
import { number } from './amounts.ts';
import { linesOfStory } from './failure-lines.ts';
import type { ProgressView } from './progress-view.ts';
import { cleanText, type Paint, wrapText } from './terminal-text.ts';

/** What a summary is of. */
interface SummaryParts {
  readonly title: string;
  readonly view: ProgressView;
  readonly snapshot: RunSnapshot;
  readonly paint: Paint;
  /** How wide lines may be; Infinity where nobody breaks them. */
  readonly columns: number;
  /** Where a report of the run is. */
  readonly report: string | undefined;
}

const shownFailures = 20;
const shownEnds = 4;

/**
 * What stays on the screen of a run that is over: how it ended, what failed and why, what took longest, what decided how long it took, and
 * where there is more.
 */
export function summaryLines({ title, view, snapshot, paint, columns, report }: SummaryParts): string[] {
  const { status, counts } = snapshot;
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = (['failed', 'cancelled', 'skipped'] as const)
    .filter((name) => counts[name] > 0)
    .map((name) => `, ${number(counts[name])} ${name}`);
  const took =
    view.durationMs === undefined
      ? ''
      : ` ${view.durationMs === 0 ? 'at once' : `in ${durationText(view.durationMs)}`}`;
  const why = view.ending === '' ? '' : `: ${view.ending}`;
  const [mark, style, word] = endings[status] ?? ['·', 'yellow', 'not over'];
  const wrapped = (text: string): string[] =>
    wrapText(text, columns, '    ').map((line) => line.replaceAll(unbroken, ' '));
  const lines = [
    ...wrapped(`${mark} ${title} ${word}${took}${why}`).map((line) => paint(style, line)),
    ...wrapped(
      `  ${number(counts.completed)} of ${number(all)} steps completed${parts.join('')}${originsText(view)}`,
    ),
    ...view.failures.slice(0, shownFailures).flatMap((story) => {
      const [first = '', ...rest] = linesOfStory(story, columns);
      return [paint('red', first), ...rest.map((line) => paint('dim', line))];
    }),
  ];
  const more = view.failed - Math.min(view.failures.length, shownFailures);
  if (more > 0) lines.push(paint('red', `  ✗ … and ${number(more)} more failed`));
  for (const text of [slowestText(view), pathText(snapshot, view.durationMs ?? 0)])
    if (text !== '') lines.push(...wrapped(`  ${text}`).map((line) => paint('dim', line)));
  // Not broken, so that it can be clicked on and copied.
  if (report !== undefined) lines.push(`  report: ${cleanText(report)}`);
  return lines;
}

/** What took longest, where that isn't all there was. */
function slowestText({ slowest: { steps } }: ProgressView): string {
  if (steps.length < 2) return '';
  return `slowest: ${steps.map(({ id, ms }) => `${cleanText(id)} ${inBrackets(ms)}`).join(', ')}`;
}

/** A space at which no line is broken: a number and its unit stay together. */
const unbroken = '\u00A0';

function inBrackets(ms: number): string {
  return `(${unbrokenText(ms)})`;
}

function unbrokenText(ms: number): string {
  return durationText(ms).replaceAll(' ', unbroken);
}

/** As in ` (12 restored, 3 cached)`, what came of steps included. */
function originsText({ origins }: ProgressView): string {
  if (origins.size === 0) return '';
  const parts = [...origins].map(([origin, count]) => `${number(count)} ${origin}`);
  return ` (${parts.join(', ')})`;
}

const endings: Partial<
  Record<RunSnapshot['status'], readonly [mark: string, style: Parameters<Paint>[0], word: string]>
> = {
  completed: ['✓', 'green', 'completed'],
  failed: ['✗', 'red', 'failed'],
  cancelled: ['■', 'yellow', 'was cancelled'],
};

/** A wait that is less of the run than that decided nothing. */
const leastShare = 0.02;

function pathText(snapshot: RunSnapshot, tookMs: number): string {
  const steps = new Map(stepsIn(snapshot.steps).map((step) => [step.id, step]));
  const path = accountOfSnapshot({ ...snapshot, steps }).map(
    ({ id, durationMs, waitMs, waitedFor }) =>
      `${cleanText(id)} ${inBrackets(durationMs)}${waitMs < Math.max(1, leastShare * tookMs) ? '' : `, which waited ${unbrokenText(waitMs)}${waitedFor === undefined ? '' : ` for ${cleanText(waitText(waitedFor))}`}`}`,
  );
  if (path.length === 0) return '';
  if (path.length <= 2 * shownEnds + 1) return `critical path: ${path.join(' → ')}`;
  const left = path.length - 2 * shownEnds;
  const shown = [...path.slice(0, shownEnds), `… ${number(left)} more …`, ...path.slice(-shownEnds)];
  return `critical path: ${shown.join(' → ')}`;
}
