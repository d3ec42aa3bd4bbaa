import UPlot from 'uplot';
import type { Usage } from '../class-use.ts';
import { amountTicks, byteTicks, type Tick, timeTicks } from '../ticks.ts';
import type { Timeline } from '../timeline.ts';
import { element, styleOf } from './dom.ts';
import { amountText, section, type View } from './section.ts';

const height = 130;

/** What was taken of each resource class over time, beside what there was. */
export function usageView(): View {
  const holder = element('div', { class: 'charts' });
  const charts = new Map<string, { plot: UPlot; box: HTMLElement }>();
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let latest: Timeline | undefined;
  const update = (timeline: Timeline): void => {
    latest = timeline;
    for (const [name, { plot, box }] of charts) {
      if (timeline.usage.has(name)) continue;
      plot.destroy();
      box.remove();
      resized.unobserve(box);
      charts.delete(name);
    }
    for (const [name, points] of timeline.usage) {
      const data = columnsOf(timeline, name, points);
      const chart = charts.get(name);
      if (chart !== undefined) chart.plot.setData(data);
      else {
        const made = chartOf(name, data, holder);
        charts.set(name, made);
        resized.observe(made.box);
      }
    }
  };
  // Each by its own width: a chart that comes or goes changes that of the others, and not the holder's.
  const resized = new ResizeObserver(() => {
    for (const { plot, box } of charts.values())
      if (box.clientWidth > 0 && plot.width !== box.clientWidth)
        plot.setSize({ width: box.clientWidth, height });
  });
  dark.addEventListener('change', () => {
    for (const { plot, box } of charts.values()) {
      plot.destroy();
      box.remove();
      resized.unobserve(box);
    }
    charts.clear();
    if (latest !== undefined) update(latest);
  });
  return { root: section('Resources over time', holder), update };
}

function chartOf(name: string, data: UPlot.AlignedData, holder: HTMLElement) {
  const box = element('figure', {}, element('figcaption', {}, name));
  holder.append(box);
  const axis = { stroke: styleOf('--quiet'), grid: { stroke: styleOf('--line') } };
  const stepped = UPlot.paths.stepped?.({ align: 1 });
  let ticks: readonly Tick[] = [];
  const options: UPlot.Options = {
    width: Math.max(box.clientWidth, 200),
    height,
    legend: { show: false },
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      {
        ...axis,
        splits: (plot, _, from, to) => {
          ticks = timeTicks(from, to, Math.max(2, plot.width / 95));
          return ticks.map(({ value }) => value);
        },
        values: () => ticks.map(({ text }) => text),
      },
      {
        ...axis,
        splits: (_, __, ___, to) =>
          name === 'memory' ? byteTicks(to, 3) : amountTicks(to, 4, isWhole(data)),
        values: (_, values) => values.map((value) => amountText(name, value)),
        size: 70,
      },
    ],
    series: [
      {},
      {
        label: 'taken',
        stroke: styleOf('--accent'),
        fill: styleOf('--accent-soft'),
        width: 1.5,
        points: { show: false },
        ...(stepped === undefined ? {} : { paths: stepped }),
      },
      {
        label: 'limit',
        stroke: styleOf('--failed'),
        dash: [4, 4],
        points: { show: false },
        ...(stepped === undefined ? {} : { paths: stepped }),
      },
    ],
  };
  return { plot: new UPlot(options, data, box), box };
}

/** Whether nobody has taken a fraction. */
function isWhole([, taken = []]: UPlot.AlignedData): boolean {
  return [...taken].every((amount) => Number.isInteger(amount ?? 0));
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
function columnsOf(timeline: Timeline, name: string, taken: readonly Usage[]): UPlot.AlignedData {
  const start = timeline.startedAt ?? 0;
  const limits = timeline.capacity.get(name) ?? [];
  const shown = thinned(taken);
  const times = new Set([start, timeline.now]);
  for (const { at } of shown) times.add(at);
  for (const { at } of limits) times.add(at);
  const sorted = [...times].sort((a, b) => a - b);
  return [sorted.map((at) => at - start), at(sorted, shown, 0), at(sorted, limits, null)];
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
