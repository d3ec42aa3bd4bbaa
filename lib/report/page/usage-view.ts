import UPlot from 'uplot';
import { durationText } from '../duration-text.ts';
import type { Timeline, Usage } from '../timeline.ts';
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
  const options: UPlot.Options = {
    width: Math.max(box.clientWidth, 200),
    height,
    legend: { show: false },
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, values: (_, values) => values.map(durationText), space: 80 },
      { ...axis, values: (_, values) => values.map((value) => amountText(name, value)), size: 84 },
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

/** The times at which either changes, and what was taken and what there was from then on. */
function columnsOf(timeline: Timeline, name: string, taken: readonly Usage[]): UPlot.AlignedData {
  const start = timeline.startedAt ?? 0;
  const limits = timeline.capacity.get(name) ?? [];
  const times = new Set([start, ...taken.map(({ at }) => at), ...limits.map(({ at }) => at), timeline.now]);
  const sorted = [...times].sort((a, b) => a - b);
  return [sorted.map((at) => at - start), at(sorted, taken, 0), at(sorted, limits, null)];
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
