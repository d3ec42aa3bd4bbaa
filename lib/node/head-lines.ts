import type { RunSnapshot } from '../observe/run-snapshot.ts';
import { waitText } from '../observe/wait-reason.ts';
import { durationText } from '../report/duration-text.ts';
import { bar, bytes, number, roughText, withinText } from './amounts.ts';
import { type LinePart, linesOf, type Pen, widthOfParts } from './line-parts.ts';
import type { ProgressView } from './progress-view.ts';
import { cleanText, cutName, widthOf } from './terminal-text.ts';

const leastBar = 6;
const mostBar = 50;
/** From so many columns on there is room to say how sure a guess is. */
const wide = 110;

/** The whole: how much is done, how long it has taken and may take, and what is amiss. A bar only where there is room for all that. */
export function headLines(
  title: string,
  view: ProgressView,
  snapshot: RunSnapshot,
  now: number,
  pen: Pen,
  most: number,
): string[] {
  const { counts } = snapshot;
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const within = view.descent.counts;
  const toRetry = counts.retrying + (within?.retrying ?? 0);
  const elapsed = view.startedAt === undefined ? '' : `  ${durationText(now - view.startedAt)}`;
  const state = stateOf(snapshot);
  const rest: LinePart[] = [
    { text: `  ${number(counts.completed)}/${number(all)} steps${withinText(within)}`, rank: 0 },
    part(counts.failed > 0, ` · ${number(counts.failed)} failed`, 'red', 1),
    part(counts.skipped > 0, ` · ${number(counts.skipped)} skipped`, 'yellow', 4),
    part(toRetry > 0, ` · ${number(toRetry)} to be tried again`, 'yellow', 3),
    { text: elapsed, rank: 0 },
    { text: leftText(view, snapshot, now, pen.columns), style: 'dim', rank: 2 },
    part(state !== '', `  ${state}`, 'yellow', 1),
  ];
  const name: LinePart = { text: cutName(title, Math.max(8, pen.columns - 20)), style: 'bold', rank: 0 };
  const room = pen.columns - widthOfParts([name, ...rest]) - 2;
  const drawn = (columns: number): string => {
    const width = Math.min(columns, mostBar, Math.floor(pen.columns / 4));
    return width < leastBar ? '' : `  ${bar(view.fraction(now), width)}`;
  };
  const lines = linesOf([name, { text: drawn(room), style: 'cyan', rank: 5 }, ...rest], pen, most);
  const last = lines.at(-1) ?? '';
  // Where the text takes two lines, there is often room at the end of the second.
  return lines.length === 1
    ? lines
    : [...lines.slice(0, -1), last + pen.paint('cyan', drawn(pen.columns - widthOf(last) - 2))];
}

function part(isShown: boolean, text: string, style: LinePart['style'], rank: number): LinePart {
  return { text: isShown ? text : '', style, rank };
}

function stateOf({ status, isPaused }: RunSnapshot): string {
  if (status === 'waiting') return 'waiting for other runs';
  if (status === 'stopping') return 'stopping';
  return isPaused ? 'paused' : '';
}

function leftText(
  view: ProgressView,
  { status, isPaused }: RunSnapshot,
  now: number,
  columns: number,
): string {
  if (status !== 'running' || isPaused) return '';
  const left = view.remaining(now);
  if (left === undefined) return '';
  const [low, likely, high] = [left.low, left.likely, left.high].map(roughText);
  const isSure = low === high || columns < wide;
  return `  ~${likely ?? ''} left${isSure ? '' : ` (${low ?? ''} to ${high ?? ''})`}`;
}

/** What is taken of each resource class; where there isn't room for all, those of which all is taken come before the others. */
export function resourceLines({ resources, pausedResources }: RunSnapshot, pen: Pen, most: number): string[] {
  const parts = Object.entries(resources).map(([name, { taken, limit }], place): LinePart => {
    const amounts =
      name === 'memory' ? `${bytes(taken)}/${bytes(limit)}` : `${number(taken)}/${number(limit)}`;
    const isPaused = pausedResources.includes(name);
    const isFull = taken >= limit;
    return {
      text: `${place === 0 ? '  ' : '   '}${cleanText(name)} ${amounts}${isPaused ? ' paused' : ''}`,
      style: isPaused ? 'yellow' : 'dim',
      rank: isPaused || isFull ? 1 : 2,
    };
  });
  return parts.length === 0 ? [] : linesOf(parts, pen, most);
}

/** What ready steps wait for. */
export function waitLines({ waits }: RunSnapshot, pen: Pen): string[] {
  if (waits.length === 0) return [];
  const parts = waits.map(({ for: reason, count, first }, place): LinePart => {
    const who = count === 1 ? cleanText(first) : number(count);
    return {
      text: `${place === 0 ? '  ' : ', '}${who} wait${count === 1 ? 's' : ''} for ${cleanText(waitText(reason))}`,
      style: 'dim',
      rank: place,
    };
  });
  return linesOf(parts, pen);
}
