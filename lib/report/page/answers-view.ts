import type { CriticalStep } from '../../observe/critical-steps.ts';
import { settledOf } from '../../observe/descent.ts';
import { leastWaitMs, waitText } from '../../observe/wait-reason.ts';
import type { RunAbout } from '../about-run.ts';
import { amountText, answersOf } from '../answers.ts';
import { durationText } from '../duration-text.ts';
import type { StepStory } from '../step-story.ts';
import type { Timeline } from '../timeline.ts';
import type { Improvements } from '../what-would-have-helped.ts';
import { element } from './dom.ts';
import { section, type View } from './section.ts';
import { sentenceNodes, stepLink } from './step-link.ts';
import { slowestOf } from './step-panel.ts';

/** What is known of a run beside its events. */
export interface Known {
  readonly about?: RunAbout | undefined;
  readonly improvements?: Improvements | undefined;
  /** Of millrace, as the page was made. */
  readonly version?: string | undefined;
}

/** What anybody asks first, in words and figures. */
export function answersView(known: Known): View {
  const lead = element('div', { class: 'lead' });
  const facts = element('dl', { class: 'facts' });
  const path = element('ol', { class: 'path' });
  const classes = element('tbody', {});
  const titles = ['class', 'busy', 'limit', 'peak', 'waited for it'];
  const table = element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...titles.map((title) => element('th', { scope: 'col' }, title)))),
    classes,
  );
  const pathSection = section('What decided how long it took', path);
  const classSection = section('Resource classes', table);
  const root = element(
    'div',
    { class: 'summary' },
    element('div', { class: 'column' }, section('In short', lead), classSection),
    element('div', { class: 'column' }, pathSection, section('The run', facts)),
  );
  return {
    root,
    update(timeline) {
      lead.replaceChildren(
        ...answersOf(timeline, known.improvements).map((sentence) =>
          element('p', {}, ...sentenceNodes(sentence)),
        ),
      );
      const steps = timeline.criticalSteps();
      pathSection.hidden = steps.length === 0;
      path.replaceChildren(...pathNodes(steps, timeline));
      const rows = classRows(timeline);
      classSection.hidden = rows.length === 0;
      classes.replaceChildren(...rows);
      facts.replaceChildren(
        ...factsOf(timeline, known).flatMap(([term, value]) => [
          element('dt', {}, term),
          element('dd', {}, value),
        ]),
      );
    },
  };
}

/** More than this nobody reads; the graph and the table show the rest. */
const mostSteps = 25;

function pathNodes(steps: readonly CriticalStep[], timeline: Timeline): Node[] {
  const total = steps.reduce((sum, { waitMs, durationMs }) => sum + waitMs + durationMs, 0);
  const shown =
    steps.length <= mostSteps
      ? steps
      : [...steps].sort((left, right) => lengthOf(right) - lengthOf(left)).slice(0, mostSteps);
  const kept = new Set(shown);
  const items = steps.filter((step) => kept.has(step)).map((step) => pathItem(step, total, timeline));
  if (steps.length > mostSteps)
    items.push(
      element('li', { class: 'quiet' }, `and ${String(steps.length - mostSteps)} shorter ones in between`),
    );
  return items;
}

function lengthOf({ waitMs, durationMs }: CriticalStep): number {
  return waitMs + durationMs;
}

/** Its name, what it waited for and how long it took; beside that a bar, whose words these are. */
function pathItem(step: CriticalStep, total: number, timeline: Timeline): HTMLElement {
  const { id, status, waitMs, waitedFor, durationMs, retryMs, workerMs } = step;
  const words = [
    ...(waitMs >= leastWaitMs
      ? [`waited ${durationText(waitMs)}${waitedFor === undefined ? '' : ` for ${waitText(waitedFor)}`}`]
      : []),
    status === 'skipped'
      ? 'was skipped'
      : `${status === 'failed' ? 'failed after' : 'took'} ${durationText(durationMs)}`,
    ...(retryMs === undefined ? [] : [`${durationText(retryMs)} of that before its last attempt`]),
    ...(workerMs === undefined ? [] : [`${durationText(workerMs)} of that waiting for a worker`]),
  ];
  const [slowest] = slowestOf(timeline.broughtBy.get(id) ?? [], timeline, 1);
  const within =
    slowest === undefined
      ? []
      : [
          ', slowest of what came of it ',
          stepLink(slowest.info.id),
          ` with ${durationText(timeline.durationOf(slowest) ?? 0)}`,
        ];
  const share = (ms: number): string => `width:${((100 * ms) / Math.max(total, 1e-9)).toFixed(2)}%`;
  const bar = element('span', { class: 'share', 'aria-hidden': 'true' });
  const wait = element('span', { class: 'wait' });
  const work = element('span', { class: `work ${status}` });
  wait.style.cssText = share(waitMs);
  work.style.cssText = share(durationMs);
  bar.append(wait, work);
  return element(
    'li',
    {},
    stepLink(id),
    ' ',
    element('span', { class: 'quiet' }, words.join(', '), ...within),
    bar,
  );
}

function classRows(timeline: Timeline): Node[] {
  const waits = new Map<string, number>();
  for (const stories of [timeline.steps, timeline.children])
    for (const { waited } of stories.values())
      if (waited !== undefined && 'resource' in waited.for)
        waits.set(waited.for.resource, (waits.get(waited.for.resource) ?? 0) + waited.ms);
  return timeline.uses().map(({ name, limit, peak, utilisation }) => {
    const meter = element('span', { class: 'meter', 'aria-hidden': 'true' });
    const filled = element('span', {});
    filled.style.width = `${String(Math.round(utilisation * 100))}%`;
    meter.append(filled);
    const isUnbounded = limit === Infinity;
    const cells: (string | Node)[] = [
      isUnbounded ? '–' : element('span', {}, meter, ` ${String(Math.round(utilisation * 100))} %`),
      isUnbounded ? 'none' : amountText(name, limit),
      amountText(name, peak),
      durationText(waits.get(name) ?? 0),
    ];
    return element(
      'tr',
      {},
      element('th', { scope: 'row', class: 'id' }, name),
      ...cells.map((cell) => element('td', {}, cell)),
    );
  });
}

type Fact = readonly [term: string, value: string];

/** A time of virtual clocks begins at nothing. */
const firstRealTime = 1e11;

function factsOf(timeline: Timeline, { about, version }: Known): Fact[] {
  const { startedAt, endedAt, now, costs, runId } = timeline;
  const counts = new Map<string, number>();
  for (const { status, origin } of timeline.steps.values()) {
    const name = origin === undefined ? status : `${status} (${origin})`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const states = [...counts].map(([name, count]) => `${String(count)} ${name}`).join(', ');
  const within = timeline.descent.counts;
  const when = (at: number | undefined): string | undefined =>
    at === undefined || at < firstRealTime
      ? undefined
      : // eslint-disable-next-line no-restricted-syntax -- a time that was given, not one that is read
        new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' });
  const facts: [string, string | undefined][] = [
    ['started', when(startedAt)],
    ['ended', when(endedAt)],
    ['duration', startedAt === undefined ? undefined : durationText((endedAt ?? now) - startedAt)],
    ['run', runId],
    ['steps', `${String(timeline.steps.size)}: ${states}`],
    [
      'came of them',
      within === undefined
        ? undefined
        : `${String(within.added)}: ${String(settledOf(within))} over, ${String(within.failed)} failed`,
    ],
    ['attempts', String(costs.attempts)],
    [
      'at once',
      timeline.parallelism === undefined ? undefined : `${timeline.parallelism.toFixed(1)} on average`,
    ],
    ...slowestFacts(timeline),
    ...Object.entries(about?.inputs ?? {}).map(([name, preview]): [string, string] => [
      `input ${name}`,
      preview,
    ]),
    ['host', about?.host],
    ['report', version === undefined ? undefined : `made by millrace ${version}`],
  ];
  return facts.flatMap(([term, value]): Fact[] => (value === undefined ? [] : [[term, value]]));
}

function slowestFacts(timeline: Timeline): [string, string | undefined][] {
  const ran = (stories: Iterable<StepStory>): StepStory[] => slowestOf([...stories], timeline, 3);
  const slowest = ran(timeline.steps.values());
  const text = slowest.map((story) => `${story.info.id} ${durationText(timeline.durationOf(story) ?? 0)}`);
  return [['slowest', text.length === 0 ? undefined : text.join(', ')]];
}
