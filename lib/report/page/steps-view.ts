import { settledOf } from '../../observe/descent.ts';
import { waitText } from '../../observe/wait-reason.ts';
import { whySkipped } from '../answers.ts';
import { durationText } from '../duration-text.ts';
import type { StepStory } from '../step-story.ts';
import type { Timeline } from '../timeline.ts';
import { element } from './dom.ts';
import { amountText, section, type View } from './section.ts';
import { stepLink } from './step-link.ts';

interface Column {
  readonly title: string;
  readonly text: (story: StepStory, timeline: Timeline) => string;
  readonly order: (story: StepStory, timeline: Timeline) => string | number;
}

const ms = (value: number | undefined): string => (value === undefined ? '' : durationText(value));

function waitOf({ readyAt, startedAt }: StepStory): number | undefined {
  return readyAt === undefined || startedAt === undefined ? undefined : startedAt - readyAt;
}

/** How long, and where that is known, for what. */
function waitedText(story: StepStory): string {
  const { waited } = story;
  const wait = waitOf(story);
  return waited === undefined ? ms(wait) : `${durationText(waited.ms)} for ${waitText(waited.for)}`;
}

function startOf({ startedAt }: StepStory, timeline: Timeline): number | undefined {
  return startedAt === undefined ? undefined : startedAt - (timeline.startedAt ?? startedAt);
}

function demandText({ info }: StepStory): string {
  return Object.entries(info.demand ?? {})
    .map(([name, amount]) => (amount === 1 ? name : `${name} × ${amountText(name, amount)}`))
    .join(', ');
}

const columns: readonly Column[] = [
  { title: 'step', text: ({ info }) => info.id, order: ({ info }) => info.id },
  { title: 'state', text: stateText, order: ({ status }) => status },
  {
    title: 'start',
    text: (story, timeline) => ms(startOf(story, timeline)),
    order: (story, timeline) => startOf(story, timeline) ?? Infinity,
  },
  {
    title: 'duration',
    text: (story, timeline) => ms(timeline.durationOf(story)),
    order: (story, timeline) => timeline.durationOf(story) ?? -1,
  },
  { title: 'wait', text: waitedText, order: (story) => waitOf(story) ?? -1 },
  { title: 'attempts', text: ({ attempts }) => String(attempts), order: ({ attempts }) => attempts },
  {
    title: 'within',
    text: withinText,
    order: ({ info }, { descent }) => descent.countsOf(info.id)?.added ?? -1,
  },
  { title: 'group', text: ({ info }) => info.group ?? '', order: ({ info }) => info.group ?? '' },
  { title: 'demand', text: demandText, order: demandText },
];

function stateText(story: StepStory, timeline: Timeline): string {
  const { info, status, skipped, origin } = story;
  const fraction = timeline.fractionOf(story);
  if (skipped !== undefined) return `${status}: ${whySkipped(info.id, skipped)}`;
  if (origin !== undefined) return `${status} (${origin})`;
  return fraction === undefined ? status : `${status} ${String(Math.floor(fraction * 100))} %`;
}

/** How much of what has come of a step is settled. */
function withinText({ info }: StepStory, { descent }: Timeline): string {
  const within = descent.countsOf(info.id);
  if (within === undefined) return '';
  const toRetry = within.retrying === 0 ? '' : `, ${String(within.retrying)} to be tried again`;
  return `${String(settledOf(within))}/${String(within.added)}${toRetry}`;
}

const rowHeight = 26;
/** On paper there is no scrolling; of more rows than these nobody turns the pages. */
const mostPrinted = 2_000;
/** Rows drawn beyond what is seen. */
const beyond = 10;

/** The table of steps. Only the rows that are seen exist, whatever their number. */
export function stepsView(): View {
  const filter = element('input', {
    type: 'search',
    placeholder: 'id, state, group, tag …',
    'aria-label': 'Filter the steps',
  });
  const count = element('span', { class: 'quiet', 'aria-live': 'polite' });
  const body = element('div', { class: 'rows', role: 'rowgroup' });
  const head = element('div', { class: 'row head', role: 'row' });
  const scroll = element('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Steps' });
  const table = element('div', { class: 'table', role: 'table', 'aria-label': 'Steps' }, head, body);
  scroll.append(table);

  let sortedBy = 2;
  let isDescending = false;
  let isPrinted = false;
  let latest: Timeline | undefined;
  let shown: StepStory[] = [];

  const buttons = columns.map(({ title }, place) => {
    const button = element('button', { type: 'button', onClick: () => sort(place) }, title);
    head.append(element('span', { role: 'columnheader' }, button));
    return button;
  });

  function sort(place: number): void {
    isDescending = place === sortedBy ? !isDescending : false;
    sortedBy = place;
    select();
  }

  function select(): void {
    if (latest === undefined) return;
    const timeline = latest;
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const { order } = columns[sortedBy] as Column;
    shown = [...timeline.steps.values()]
      .filter((story) => words.every((word) => haystack(story).includes(word)))
      .map((story) => ({ story, key: order(story, timeline) }))
      .sort((a, b) => compare(a.key, b.key) * (isDescending ? -1 : 1))
      .map(({ story }) => story);
    count.textContent = `${String(shown.length)} of ${String(timeline.steps.size)} steps`;
    table.setAttribute('aria-rowcount', String(shown.length + 1));
    buttons.forEach((button, place) => {
      const sorting = place === sortedBy ? (isDescending ? 'descending' : 'ascending') : 'none';
      button.parentElement?.setAttribute('aria-sort', sorting);
    });
    draw();
  }

  function draw(): void {
    if (latest === undefined) return;
    const timeline = latest;
    const first = isPrinted ? 0 : Math.max(0, Math.floor(scroll.scrollTop / rowHeight) - beyond);
    const seen = isPrinted ? mostPrinted : Math.ceil(scroll.clientHeight / rowHeight) + 2 * beyond;
    const last = Math.min(shown.length, first + seen);
    body.style.height = `${String(shown.length * rowHeight)}px`;
    body.replaceChildren(
      ...shown.slice(first, last).map((story, place) => {
        const row = element(
          'div',
          { class: `row ${story.status}`, role: 'row', 'aria-rowindex': first + place + 2 },
          ...columns.map(({ text }) => {
            const value = text(story, timeline);
            const isId = value === story.info.id && text === columns[0]?.text;
            return element('span', { role: 'cell', title: value }, isId ? stepLink(value) : value);
          }),
        );
        row.style.top = `${String((first + place) * rowHeight)}px`;
        return row;
      }),
    );
  }

  filter.addEventListener('input', select);
  scroll.addEventListener('scroll', draw, { passive: true });
  new ResizeObserver(draw).observe(scroll);
  for (const [type, isPrinting] of [
    ['beforeprint', true],
    ['afterprint', false],
  ] as const)
    addEventListener(type, () => {
      isPrinted = isPrinting;
      draw();
    });
  return {
    root: section('Steps', element('p', { class: 'tools' }, filter, ' ', count), scroll),
    update(timeline) {
      latest = timeline;
      select();
    },
  };
}

function haystack({ info, status }: StepStory): string {
  return [info.id, status, info.group, info.description, ...(info.tags ?? [])].join(' ').toLowerCase();
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'string') return a.localeCompare(String(b), undefined, { numeric: true });
  return a === b ? 0 : a < Number(b) ? -1 : 1;
}
