import { settledOf } from '../../observe/descent.ts';
import { waitText } from '../../observe/wait-reason.ts';
import { amountText, whySkipped } from '../answers.ts';
import type { AttemptSpan } from '../attempt-spans.ts';
import { durationText } from '../duration-text.ts';
import type { StepStory } from '../step-story.ts';
import type { Timeline } from '../timeline.ts';
import { element } from './dom.ts';
import { errorDetail } from './remarks-view.ts';
import { stepLink } from './step-link.ts';

/** More of anything than this nobody reads. */
const most = 50;

/** All that is known of one step, beside the page: opened from wherever the step is named, closed by Escape. */
export class StepPanel {
  readonly root = element('dialog', { class: 'panel', 'aria-labelledby': 'panel-title' });
  readonly #title = element('h2', { id: 'panel-title', class: 'id' });
  readonly #body = element('div', {});
  #timeline: Timeline | undefined;

  constructor() {
    const close = element('button', { type: 'button', onClick: () => this.root.close() }, 'Close');
    this.root.append(element('div', { class: 'panel-head' }, this.#title, close), this.#body);
    // What is around it closes it.
    this.root.addEventListener('click', (event) => {
      if (event.target === this.root) this.root.close();
    });
  }

  /** The run as it is now. What somebody reads isn't taken away by that: it is drawn when it is opened. */
  update(timeline: Timeline): void {
    this.#timeline = timeline;
  }

  open(stepId: string): void {
    if (this.#timeline === undefined) return;
    this.#draw(stepId, this.#timeline);
    if (!this.root.open) this.root.showModal();
    this.root.scrollTop = 0;
  }

  #draw(stepId: string, timeline: Timeline): void {
    const story = timeline.storyOf(stepId);
    this.#title.textContent = stepId;
    this.#body.replaceChildren(
      ...(story === undefined
        ? [element('p', { class: 'quiet' }, 'Of this step nothing more is known.')]
        : partsOf(story, timeline)),
    );
  }
}

type Part = HTMLElement | undefined;

function partsOf(story: StepStory, timeline: Timeline): HTMLElement[] {
  const { info, error } = story;
  const parts: Part[] = [
    info.description === undefined ? undefined : element('p', {}, info.description),
    facts(story, timeline),
    attemptsTable(info.id, timeline),
    error === undefined ? undefined : part('Why it failed', errorDetail(error)),
    messages(info.id, timeline),
    children(info.id, timeline),
    links('Needs', info.dependsOn),
    links('Needed by', dependentsOf(story, timeline)),
  ];
  return parts.filter((each) => each !== undefined);
}

function part(title: string, ...nodes: readonly (Node | string)[]): HTMLElement {
  return element('div', { class: 'part' }, element('h3', {}, title), ...nodes);
}

function facts(story: StepStory, timeline: Timeline): HTMLElement {
  const { info, status, origin, skipped, waited, startedAt, parentId } = story;
  const start = timeline.startedAt ?? startedAt ?? 0;
  const duration = timeline.durationOf(story);
  const readyBy = timeline.readyByOf(info.id);
  const demand = Object.entries(info.demand ?? {}).map(
    ([name, amount]) => `${name} ${amountText(name, amount)}`,
  );
  const list: [string, Node | string | undefined][] = [
    ['state', `${status}${origin === undefined ? '' : ` (${origin})`}`],
    ['why', skipped === undefined ? undefined : whySkipped(info.id, skipped)],
    ['start', startedAt === undefined ? undefined : `${durationText(startedAt - start)} after the run's`],
    ['duration', duration === undefined ? undefined : durationText(duration)],
    ['waited', waited === undefined ? undefined : `${durationText(waited.ms)} for ${waitText(waited.for)}`],
    ['ready by', readyBy === undefined ? undefined : stepLink(readyBy)],
    ['part of', parentId === undefined ? undefined : stepLink(parentId)],
    ['demand', demand.length === 0 ? undefined : demand.join(', ')],
    ['kind', info.kind === undefined || info.kind === 'step' ? undefined : info.kind],
    ['group', info.group],
    ['tags', info.tags === undefined || info.tags.length === 0 ? undefined : info.tags.join(', ')],
    ['estimate', info.estimate === undefined ? undefined : durationText(info.estimate)],
  ];
  return element(
    'dl',
    { class: 'facts' },
    ...list.flatMap(([term, value]) =>
      value === undefined ? [] : [element('dt', {}, term), element('dd', {}, value)],
    ),
  );
}

function attemptsTable(stepId: string, timeline: Timeline): Part {
  const attempts = [...timeline.attempts, ...timeline.attemptsWithin].filter(
    (span) => span.stepId === stepId,
  );
  if (attempts.length === 0) return undefined;
  const titles = [
    'attempt',
    'start',
    'duration',
    'outcome',
    ...(attempts.some(({ thread }) => thread !== undefined) ? ['worker'] : []),
  ];
  return part(
    'Attempts',
    element(
      'table',
      {},
      element(
        'thead',
        {},
        element('tr', {}, ...titles.map((title) => element('th', { scope: 'col' }, title))),
      ),
      element('tbody', {}, ...attempts.slice(-most).map((span) => attemptRow(span, timeline))),
    ),
  );
}

function attemptRow(span: AttemptSpan, timeline: Timeline): HTMLElement {
  const { attempt, from, to, outcome, thread, threadFrom } = span;
  const waited =
    threadFrom === undefined || threadFrom - from < 1 ? '' : `, after ${durationText(threadFrom - from)}`;
  const cells = [
    String(attempt),
    durationText(from - (timeline.startedAt ?? from)),
    durationText((to ?? timeline.now) - from),
    outcome,
    ...(thread === undefined ? [] : [`${thread}${waited}`]),
  ];
  return element('tr', {}, ...cells.map((cell) => element('td', {}, cell)));
}

function messages(stepId: string, timeline: Timeline): Part {
  const found = timeline.remarks.filter((remark) => remark.stepId === stepId && remark.kind !== 'failure');
  if (found.length === 0) return undefined;
  const more =
    found.length > most
      ? [element('p', { class: 'quiet' }, `the last ${String(most)} of ${String(found.length)}`)]
      : [];
  return part(
    'Messages',
    ...more,
    ...found.slice(-most).map(({ kind, at, message, error }) => {
      const when = durationText(at - (timeline.startedAt ?? at));
      const head = [
        element('span', { class: `badge ${kind}` }, kind),
        ' ',
        element('span', { class: 'quiet' }, when),
        ' ',
        message,
      ];
      return error === undefined
        ? element('p', {}, ...head)
        : element('details', {}, element('summary', {}, ...head), errorDetail(error));
    }),
  );
}

/** What came of it: in numbers, those that failed, and the slowest. */
function children(stepId: string, timeline: Timeline): Part {
  const brought = timeline.broughtBy.get(stepId);
  if (brought === undefined) return undefined;
  const counts = timeline.descent.countsOf(stepId);
  const failed = brought.filter(({ status }) => status === 'failed').slice(0, most);
  const slowest = slowestOf(brought, timeline, 10);
  const told =
    counts === undefined
      ? ''
      : `${String(settledOf(counts))} of ${String(counts.added)} are over, ${String(counts.failed)} failed.`;
  const list = (stories: readonly StepStory[]): HTMLElement =>
    element(
      'ul',
      { class: 'plain' },
      ...stories.map((story) =>
        element('li', {}, stepLink(story.info.id), ` ${durationText(timeline.durationOf(story) ?? 0)}`),
      ),
    );
  return part(
    'What came of it',
    element('p', { class: 'quiet' }, told),
    ...(failed.length === 0 ? [] : [element('h4', {}, 'Failed'), list(failed)]),
    ...(slowest.length === 0 ? [] : [element('h4', {}, 'Slowest'), list(slowest)]),
  );
}

/** Those that took longest, the longest first. */
export function slowestOf(stories: readonly StepStory[], timeline: Timeline, count: number): StepStory[] {
  const took = (story: StepStory): number => timeline.durationOf(story) ?? -1;
  const ran = stories.filter(({ startedAt }) => startedAt !== undefined);
  return ran.sort((left, right) => took(right) - took(left)).slice(0, count);
}

function links(title: string, ids: readonly string[]): Part {
  if (ids.length === 0) return undefined;
  const shown = ids.slice(0, most).flatMap((id, place) => [...(place === 0 ? [] : [' ']), stepLink(id)]);
  const more = ids.length > most ? [` and ${String(ids.length - most)} more`] : [];
  return part(title, element('p', { class: 'links' }, ...shown, ...more));
}

function dependentsOf({ info, parentId }: StepStory, timeline: Timeline): string[] {
  const others =
    parentId === undefined ? [...timeline.steps.values()] : (timeline.broughtBy.get(parentId) ?? []);
  return others.filter((other) => other.info.dependsOn.includes(info.id)).map((other) => other.info.id);
}
