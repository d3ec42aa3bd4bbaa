import * as Plot from '@observablehq/plot';
import { whole } from './measures.ts';

/** One bar of a list. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What is shown on pointing at it. */
  readonly title: string;
}

/** The frame of a chart with a row an entry; the same for all, so that two side by side line up row by row. */
export function listFrame(width: number, labels: readonly string[], labelWidth: number) {
  return {
    width,
    height: labels.length * 24 + 48,
    marginTop: 8,
    marginRight: 64,
    marginBottom: 40,
    marginLeft: labelWidth,
    y: { domain: labels, label: null, tickSize: 0 },
  } as const satisfies Plot.PlotOptions;
}

/** Horizontal bars, each with its label before and its number behind it. */
export function barList(bars: readonly Bar[], width: number, labelWidth: number): Plot.PlotOptions {
  const frame = listFrame(
    width,
    bars.map(({ label }) => label),
    labelWidth,
  );
  const place = { x: 'value', y: 'label' };
  return {
    ...frame,
    x: { axis: null },
    y: { ...frame.y, padding: 0 },
    marks: [
      Plot.barX(bars, {
        ...place,
        fill: 'var(--count)',
        rx2: 3,
        insetTop: 3,
        insetBottom: 3,
        title: 'title',
        tip: true,
      }),
      Plot.text(bars, {
        ...place,
        text: ({ value }: Bar) => whole(value),
        textAnchor: 'start',
        dx: 5,
        fill: 'var(--quiet)',
      }),
    ],
  };
}
