import { durationText } from '../duration-text.ts';
import type { PlainError } from '../plain-event.ts';
import type { Remark, Timeline } from '../timeline.ts';
import { element } from './dom.ts';
import { section, type View } from './section.ts';
import { say, sync } from './sync.ts';

/** More than these at once nobody reads, and a page of more is slow: the first, where it began, and the latest. The search finds the others. */
const mostFirst = 50;
const mostLatest = 250;
/** So near to its end a list is followed, in px. */
const nearEnd = 40;

/** Failures with the chains that led to them, warnings and retries; and what was logged, followed to its end. */
export function remarksView(): View {
  const search = element('input', {
    type: 'search',
    placeholder: 'text, step, kind …',
    'aria-label': 'Search the messages',
  });
  const count = element('span', { class: 'quiet', 'aria-live': 'polite' });
  const problems = new RemarkList(['failure', 'warning', 'retry']);
  const logs = new RemarkList(['log']);
  let latest: Timeline | undefined;

  function draw(): void {
    if (latest === undefined) return;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = problems.update(latest, words) + logs.update(latest, words);
    const all = latest.remarks.length;
    say(count, words.length === 0 ? '' : `${String(found)} of ${String(all)}`);
    search.hidden = all < 2;
  }

  search.addEventListener('input', draw);
  return {
    root: section(
      'Errors and messages',
      element('p', { class: 'tools' }, search, count),
      problems.root,
      logs.root,
    ),
    update(timeline) {
      latest = timeline;
      draw();
    },
  };
}

/** Some kinds of messages, the kinds one after the other. */
class RemarkList {
  readonly root = element('div', { class: 'remarks' });
  readonly #kinds: readonly Remark['kind'][];
  /** What is there stays the same element, so that what is open stays open. */
  #items = new WeakMap<Remark, HTMLElement>();
  readonly #notes = new Map<string, HTMLElement>();
  #startedAt: number | undefined;

  constructor(kinds: readonly Remark['kind'][]) {
    this.#kinds = kinds;
  }

  /** Gives how many there are that have all the words. */
  update(timeline: Timeline, words: readonly string[]): number {
    // Of another run, or of one that hadn't begun, times are others.
    if (timeline.startedAt !== this.#startedAt) this.#items = new WeakMap();
    this.#startedAt = timeline.startedAt;
    const isAtEnd = this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < nearEnd;
    const { remarks } = timeline;
    const wanted = words.length === 0 ? remarks : remarks.filter((remark) => hasAll(remark, words));
    const byKind = this.#kinds.map((kind) => wanted.filter((remark) => remark.kind === kind));
    const nodes = byKind.flatMap((some, place) => this.#nodesOf(some, this.#kinds[place] ?? 'log'));
    const isProblems = this.#kinds[0] !== 'log';
    if (isProblems && timeline.status === 'cancelled' && timeline.error !== undefined)
      nodes.unshift(this.#note('cancelled', `cancelled: ${textOf(timeline.error)}`));
    if (nodes.length === 0 && isProblems)
      nodes.push(this.#note('none', words.length > 0 ? 'Nothing found.' : 'None.'));
    this.root.hidden = nodes.length === 0;
    sync(this.root, nodes);
    // What is logged is read from its end; who reads further up stays there.
    if (!isProblems && isAtEnd) this.root.scrollTop = this.root.scrollHeight;
    return byKind.reduce((sum, { length }) => sum + length, 0);
  }

  #nodesOf(remarks: readonly Remark[], kind: Remark['kind']): HTMLElement[] {
    const left = remarks.length - mostFirst - mostLatest;
    if (left <= 0) return remarks.map((remark) => this.#itemOf(remark));
    return [
      ...remarks.slice(0, mostFirst).map((remark) => this.#itemOf(remark)),
      this.#note(kind, `${String(left)} in between are not shown: the search finds them`),
      ...remarks.slice(-mostLatest).map((remark) => this.#itemOf(remark)),
    ];
  }

  #itemOf(remark: Remark): HTMLElement {
    const known = this.#items.get(remark);
    if (known !== undefined) return known;
    const made = itemOf(remark, this.#startedAt);
    this.#items.set(remark, made);
    return made;
  }

  #note(name: string, text: string): HTMLElement {
    const note = this.#notes.get(name) ?? element('p', { class: 'quiet' });
    this.#notes.set(name, note);
    say(note, text);
    return note;
  }
}

function hasAll({ kind, stepId, message }: Remark, words: readonly string[]): boolean {
  const text = `${kind} ${stepId ?? ''} ${message}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function textOf(value: unknown): string {
  if (isError(value)) return value.message;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function itemOf({ kind, at, stepId, message, error }: Remark, startedAt: number | undefined): HTMLElement {
  const when = durationText(at - (startedAt ?? at));
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
  const details = element('details', {}, element('summary', {}, ...head));
  // Most are never opened.
  details.addEventListener('toggle', () => details.append(errorDetail(error)), { once: true });
  return details;
}

/** All that is known of an error: its stack, the chain that led to it, its causes. */
export function errorDetail(error: unknown): HTMLElement {
  if (!isError(error)) return element('pre', { tabindex: 0 }, JSON.stringify(error, null, 2));
  const box = element('div', { class: 'error' });
  if (error.chain !== undefined) box.append(element('p', {}, 'chain: ', error.chain.join(' → ')));
  box.append(element('pre', { tabindex: 0 }, error.stack ?? `${error.name}: ${error.message}`));
  if (error.cause !== undefined)
    box.append(element('p', { class: 'quiet' }, 'caused by'), errorDetail(error.cause));
  for (const one of error.errors ?? []) box.append(errorDetail(one));
  return box;
}

function isError(value: unknown): value is PlainError {
  return typeof value === 'object' && value !== null && 'message' in value && 'name' in value;
}
