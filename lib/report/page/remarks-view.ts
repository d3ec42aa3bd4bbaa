import { durationText } from '../duration-text.ts';
import type { PlainError } from '../plain-event.ts';
import type { Remark, Timeline } from '../timeline.ts';
import { element } from './dom.ts';
import { section, type View } from './section.ts';

/** More than this nobody reads, and a page of more is slow. */
const most = 300;

/** Failures with the chains that led to them, warnings, retries and logs; the worst first. */
export function remarksView(): View {
  const list = element('div', { class: 'remarks' });
  let drawnCount = -1;
  return {
    root: section('Errors and messages', list),
    update(timeline) {
      const count = timeline.remarks.length + (timeline.error === undefined ? 0 : 1);
      // What is open stays open while nothing new comes.
      if (count === drawnCount && list.childElementCount > 0) return;
      drawnCount = count;
      list.replaceChildren(...itemsOf(timeline));
    },
  };
}

const order = ['failure', 'warning', 'retry', 'log'] as const;

function itemsOf(timeline: Timeline): Node[] {
  const sorted = order.flatMap((kind) => timeline.remarks.filter((remark) => remark.kind === kind));
  const items = sorted.slice(0, most).map((remark) => itemOf(remark, timeline));
  if (timeline.status === 'cancelled' && timeline.error !== undefined)
    items.unshift(element('p', {}, 'cancelled: ', textOf(timeline.error)));
  if (items.length === 0) items.push(element('p', { class: 'quiet' }, 'None.'));
  if (sorted.length > most)
    items.push(element('p', { class: 'quiet' }, `and ${String(sorted.length - most)} more`));
  return items;
}

function textOf(value: unknown): string {
  if (isError(value)) return value.message;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function itemOf({ kind, at, stepId, message, error }: Remark, timeline: Timeline): HTMLElement {
  const when = durationText(at - (timeline.startedAt ?? at));
  const head = [
    element('span', { class: `badge ${kind}` }, kind),
    ' ',
    element('span', { class: 'id' }, stepId ?? ''),
    ' ',
    element('span', { class: 'quiet' }, when),
    ' ',
    message,
  ];
  if (error === undefined) return element('p', {}, ...head);
  return element('details', {}, element('summary', {}, ...head), detail(error));
}

function detail(error: unknown): HTMLElement {
  if (!isError(error)) return element('pre', {}, JSON.stringify(error, null, 2));
  const box = element('div', { class: 'error' });
  if (error.chain !== undefined) box.append(element('p', {}, 'chain: ', error.chain.join(' → ')));
  box.append(element('pre', {}, error.stack ?? `${error.name}: ${error.message}`));
  if (error.cause !== undefined)
    box.append(element('p', { class: 'quiet' }, 'caused by'), detail(error.cause));
  for (const one of error.errors ?? []) box.append(detail(one));
  return box;
}

function isError(value: unknown): value is PlainError {
  return typeof value === 'object' && value !== null && 'message' in value && 'name' in value;
}
