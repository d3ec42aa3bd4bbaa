import { durationText } from '../duration-text.ts';
import type { Timeline } from '../timeline.ts';
import { element } from './dom.ts';
import { amountText, section, type View } from './section.ts';

/** How the run went, the critical path, and what it was allowed. */
export function summaryView(): View {
  const facts = element('dl', { class: 'facts' });
  const path = element('ol', { class: 'path' });
  const limits = element('dl', { class: 'facts' });
  const root = element(
    'div',
    { class: 'summary' },
    section('Summary', facts),
    section('Critical path', path),
    section('Limits', limits),
  );
  return {
    root,
    update(timeline) {
      facts.replaceChildren(...factsOf(timeline).flatMap(pair));
      path.replaceChildren(...pathOf(timeline));
      limits.replaceChildren(
        ...Object.entries(timeline.limits)
          .map(([name, limit]): Fact => {
            const latest = timeline.capacity.get(name)?.at(-1)?.taken ?? limit;
            return [name, amountText(name, latest)];
          })
          .flatMap(pair),
      );
    },
  };
}

type Fact = readonly [term: string, value: string];

function pair([term, value]: Fact): Node[] {
  return [element('dt', {}, term), element('dd', {}, value)];
}

function factsOf(timeline: Timeline): Fact[] {
  const counts = new Map<string, number>();
  for (const { status, origin } of timeline.steps.values()) {
    const name = origin === undefined ? status : `${status} (${origin})`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const { startedAt, endedAt, now } = timeline;
  const total = startedAt === undefined ? undefined : (endedAt ?? now) - startedAt;
  const busy = timeline.attempts.reduce((sum, { from, to }) => sum + (to ?? now) - from, 0);
  return [
    ['state', timeline.status],
    ['duration', total === undefined ? '–' : durationText(total)],
    ['steps', String(timeline.steps.size)],
    ...[...counts].map(([status, count]): Fact => [status, String(count)]),
    ['attempts', String(timeline.attempts.length)],
    ['parallelism', total === undefined || total === 0 ? '–' : (busy / total).toFixed(2)],
  ];
}

/** More than this nobody reads; the graph and the table show the rest. */
const mostSteps = 200;

function pathOf(timeline: Timeline): Node[] {
  const path = timeline.criticalPath();
  if (path.length === 0) return [element('li', { class: 'quiet' }, 'nothing has completed yet')];
  const items = path.slice(0, mostSteps).map((id) => {
    const story = timeline.steps.get(id);
    const duration = story === undefined ? undefined : timeline.durationOf(story);
    return element(
      'li',
      {},
      element('span', { class: 'id' }, id),
      ' ',
      element('span', { class: 'quiet' }, duration === undefined ? '' : durationText(duration)),
    );
  });
  if (path.length > mostSteps)
    items.push(element('li', { class: 'quiet' }, `and ${String(path.length - mostSteps)} more`));
  return items;
}
