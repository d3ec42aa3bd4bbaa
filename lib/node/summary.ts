import { stepsIn } from '../base/step-list.ts';
import { accountOfSnapshot } from '../observe/critical-steps.ts';
import type { RunSnapshot } from '../observe/snapshot.ts';
import { durationText } from '../report/duration-text.ts';
import { number } from './frame.ts';
import type { ProgressView } from './progress-view.ts';
import { cleanText, type Paint } from './terminal-text.ts';

/** What a summary is of. */
interface SummaryParts {
  readonly title: string;
  readonly view: ProgressView;
  readonly snapshot: RunSnapshot;
  readonly paint: Paint;
}

const shownFailures = 20;
const shownEnds = 4;

/** What stays on the screen of a run that is over: how it ended, what failed, and what decided how long it took. */
export function summaryLines({ title, view, snapshot, paint }: SummaryParts): string[] {
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
  const lines = [
    paint(style, `${mark} ${title} ${word}${took}${why}`),
    `  ${number(counts.completed)} of ${number(all)} steps completed${parts.join('')}${originsText(view)}`,
    ...view.failures.slice(0, shownFailures).map((text) => paint('red', `  ✗ ${text}`)),
  ];
  const more = view.failed - Math.min(view.failures.length, shownFailures);
  if (more > 0) lines.push(paint('red', `  ✗ … and ${number(more)} more failed`));
  const path = pathText(snapshot);
  return path === '' ? lines : [...lines, paint('dim', `  critical path: ${path}`)];
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

function pathText(snapshot: RunSnapshot): string {
  const steps = new Map(stepsIn(snapshot.steps).map((step) => [step.id, step]));
  const path = accountOfSnapshot({ ...snapshot, steps }).map(
    ({ id, durationMs }) => `${cleanText(id)} (${durationText(durationMs)})`,
  );
  if (path.length <= 2 * shownEnds + 1) return path.join(' → ');
  const left = path.length - 2 * shownEnds;
  return [...path.slice(0, shownEnds), `… ${number(left)} more …`, ...path.slice(-shownEnds)].join(' → ');
}
