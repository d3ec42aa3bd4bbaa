import { durationText } from '../report/duration-text.ts';
import { bar, number, shareOf } from './amounts.ts';
import { linesOf, type Pen } from './line-parts.ts';
import type { ProgressView, RunningStep, WaitingStep } from './progress-view.ts';
import { cleanText, cutName, cutText, padText, widthOf } from './terminal-text.ts';

/** The least that a message needs to say something. */
const leastMessage = 8;
/** A child that runs for so long is one to be looked at, in ms. */
const longChild = 1_000;
/** Below so many columns there is no bar: the percentage says it. */
const leastForBar = 55;

/** How wide the columns of the list are. */
interface Widths {
  readonly id: number;
  readonly bar: number;
}

/**
 * A line a step that runs, or backs off, as many as there is room for. The one that most is left after comes first, and is marked; then the
 * one that has run longest, and so on.
 */
export function stepLines(view: ProgressView, now: number, pen: Pen, room: number): string[] {
  const { running, backingOff } = view;
  const all = running.size + backingOff.size;
  if (room <= 0 || all === 0) return [];
  const first = all > 1 ? view.bottleneck.of(firstOf(running.keys(), mostCompared)) : undefined;
  const mayShow = all > room ? room - 1 : room;
  const steps: RunningStep[] = first === undefined ? [] : [running.get(first) as RunningStep];
  for (const step of running.values()) {
    if (steps.length >= mayShow) break;
    if (step.stepId !== first) steps.push(step);
  }
  const waiting = [...firstOf(backingOff.values(), mayShow - steps.length)];
  const more = all - steps.length - waiting.length;
  const widths = widthsOf([...steps, ...waiting], pen.columns);
  const lines = [
    ...steps
      .slice(0, mayShow)
      .map((step) => runningLine(step, view, widths, now, pen, step.stepId === first)),
    ...waiting.map((step) => waitingLine(step, widths, now, pen)),
  ];
  if (more > 0) lines.push(pen.paint('dim', cutText(`  … and ${number(more)} more running`, pen.columns)));
  return lines.slice(0, room);
}

/** To look at each of 10,000 that run for whom others wait would cost more than it tells. */
const mostCompared = 1_000;

function* firstOf<Value>(values: Iterable<Value>, most: number): Generator<Value> {
  let count = 0;
  for (const value of values) {
    if (count++ >= most) return;
    yield value;
  }
}

function widthsOf(steps: readonly { readonly id: string }[], columns: number): Widths {
  const widest = steps.reduce((width, { id }) => Math.max(width, widthOf(id)), 0);
  return {
    id: Math.min(widest, Math.max(8, columns < leastForBar ? columns - 22 : Math.floor(columns / 3))),
    bar: columns < leastForBar ? 0 : Math.min(columns < 150 ? 12 : 24, Math.floor(columns / 4)),
  };
}

function runningLine(
  step: RunningStep,
  view: ProgressView,
  widths: Widths,
  now: number,
  pen: Pen,
  isFirst: boolean,
): string {
  const { stepId, id, attempt, message, startedAt } = step;
  const fraction = view.fractionOf(step, now);
  const within = view.descent.countsOf(stepId);
  const toRetry = within?.retrying ?? 0;
  const waiters = isFirst ? view.bottleneck.waitersOf(stepId) : 0;
  const percent = fraction === undefined ? '' : `${String(Math.floor(fraction * 100))} %`;
  const drawn = fraction === undefined ? ' '.repeat(widths.bar) : bar(fraction, widths.bar);
  const line = linesOf(
    [
      { text: `${isFirst ? '▸' : ' '} `, style: 'yellow', rank: 0 },
      { text: padText(cutName(id, widths.id), widths.id), rank: 0 },
      { text: widths.bar === 0 ? '' : `  ${drawn}`, style: 'cyan', rank: 9 },
      { text: percent.padStart(6), rank: 0 },
      { text: `  ${durationText(Math.max(0, now - startedAt)).padStart(7)}`, style: 'dim', rank: 0 },
      { text: attempt > 1 ? `  attempt ${String(attempt)}` : '', style: 'yellow', rank: 2 },
      { text: within === undefined ? '' : `  ${shareOf(within)} within`, rank: 1 },
      { text: toRetry > 0 ? `, ${number(toRetry)} to be tried again` : '', style: 'yellow', rank: 3 },
      { text: waiters > 1 ? `  ${waitersText(waiters)}` : '', style: 'yellow', rank: 4 },
      { text: longestText(step, view, now), style: 'dim', rank: 5 },
    ],
    pen,
  ).join('');
  const room = pen.columns - widthOf(line) - 2;
  return message === '' || room < leastMessage ? line : `${line}  ${cutText(cleanText(message), room)}`;
}

function waitersText(count: number): string {
  return `${count >= 1_000 ? 'more than 1,000' : number(count)} wait for it`;
}

/** Of what has come of it, the one that takes long. */
function longestText({ stepId }: RunningStep, view: ProgressView, now: number): string {
  const longest = view.longestWithin(stepId);
  if (longest === undefined || now - longest.startedAt < longChild) return '';
  const name = longest.id.startsWith(stepId)
    ? longest.id.slice(stepId.length).replace(/^\//, '')
    : longest.id;
  return `  ${cutName(cleanText(name), 24)} ${durationText(now - longest.startedAt)}`;
}

function waitingLine(
  { id, attempt, until, why }: WaitingStep,
  widths: Widths,
  now: number,
  pen: Pen,
): string {
  const when = until > now ? `again in ${durationText(until - now)}` : 'again when there is room';
  const line = linesOf(
    [
      { text: `↻ ${padText(cutName(id, widths.id), widths.id)}`, style: 'yellow', rank: 0 },
      { text: `  ${when}`, style: 'yellow', rank: 0 },
      { text: `  attempt ${String(attempt)}`, style: 'dim', rank: 1 },
    ],
    pen,
  ).join('');
  const room = pen.columns - widthOf(line) - 2;
  return why === '' || room < leastMessage ? line : `${line}  ${pen.paint('dim', cutText(why, room))}`;
}
