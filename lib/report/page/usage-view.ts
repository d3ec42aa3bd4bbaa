import type { Usage } from '../class-use.ts';
import type { Timeline } from '../timeline.ts';
import { element } from './dom.ts';
import { section, type View } from './section.ts';
import { StepChart, type StepLines } from './step-chart.ts';

/** What was taken of each resource class over time, beside what there was. */
export function usageView(): View {
  const holder = element('div', { class: 'charts' });
  const charts = new Map<string, StepChart>();
  // Each by its own width: a chart that comes or goes changes that of the others, and not the holder's.
  const resized = new ResizeObserver(() => {
    for (const chart of charts.values()) chart.fit();
  });
  const update = (timeline: Timeline): void => {
    for (const [name, { root }] of charts) {
      if (timeline.usage.has(name)) continue;
      root.remove();
      resized.unobserve(root);
      charts.delete(name);
    }
    for (const [name, points] of timeline.usage) {
      let chart = charts.get(name);
      if (chart === undefined) {
        chart = new StepChart(name);
        charts.set(name, chart);
        holder.append(chart.root);
        resized.observe(chart.root);
      }
      chart.show(linesOf(timeline, name, points));
    }
  };
  return { root: section('Resources over time', holder), update };
}

/** More points than a chart has room for. */
const mostPoints = 2_000;

/** Of very many points that follow each other the highest, and the last. */
function thinned(points: readonly Usage[]): readonly Usage[] {
  if (points.length <= mostPoints) return points;
  const length = Math.ceil((2 * points.length) / mostPoints);
  const kept: Usage[] = [];
  for (let first = 0; first < points.length; first += length) {
    const some = points.slice(first, first + length);
    const highest = some.reduce((most, point) => (point.taken > most.taken ? point : most));
    const last = some.at(-1) as Usage;
    kept.push(highest);
    if (last !== highest) kept.push(last);
  }
  return kept;
}

/** The times at which either changes, and what was taken and what there was from then on. */
function linesOf(timeline: Timeline, name: string, taken: readonly Usage[]): StepLines {
  const start = timeline.startedAt ?? 0;
  const limits = timeline.capacity.get(name) ?? [];
  const shown = thinned(taken);
  const times = new Set([start, timeline.now]);
  for (const { at } of shown) times.add(at);
  for (const { at } of limits) times.add(at);
  const sorted = [...times].sort((a, b) => a - b);
  return {
    times: sorted.map((at) => at - start),
    taken: at(sorted, shown, 0),
    limit: at(sorted, limits, null),
  };
}

function at(times: readonly number[], points: readonly Usage[], before: number | null): (number | null)[] {
  let place = 0;
  let value = before;
  return times.map((time) => {
    for (let point = points[place]; point !== undefined && point.at <= time; point = points[++place])
      value = point.taken;
    return value;
  });
}
