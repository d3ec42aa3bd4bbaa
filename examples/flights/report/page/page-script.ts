import * as Plot from '@observablehq/plot';
import type { FlightsReport } from '../flights-report.ts';
import { allAirports, busiestAirports, delaysOfBusiest } from './airport-charts.ts';
import { delaysByHour, flightsByHour } from './hour-charts.ts';
import { busiestRoutes } from './route-chart.ts';

/*
 * The script of the report page: bundled with the chart library and inlined, so that the page is one file that
 * opens without a network. It draws each chart into the element that names it, to that element's width.
 */

/** The little of a browser that is used here; the rest of the project is checked without a browser's types. */
interface Browser {
  readonly document: {
    querySelector(selector: string): Element | null;
    querySelectorAll(selector: string): Iterable<Element>;
  };
  readonly ResizeObserver: new (
    onResize: (entries: readonly { readonly target: Element }[]) => void,
  ) => {
    observe(element: Element): void;
  };
}

interface Element {
  readonly dataset: Readonly<Record<string, string | undefined>>;
  readonly textContent: string;
  readonly clientWidth: number;
  replaceChildren(...children: unknown[]): void;
}

interface Picture {
  setAttribute(name: string, value: string): void;
  querySelectorAll(selector: string): Iterable<Picture>;
}

const { document, ResizeObserver } = globalThis as unknown as Browser;
const report = JSON.parse(document.querySelector('#report')?.textContent ?? '') as FlightsReport;

/** What each chart plots, by the name that the page calls it, for a width in pixels. */
const charts: Readonly<Record<string, (report: FlightsReport, width: number) => Plot.PlotOptions>> = {
  'delays-by-hour': delaysByHour,
  'flights-by-hour': flightsByHour,
  'busiest-airports': busiestAirports,
  'delays-of-busiest': delaysOfBusiest,
  'all-airports': allAirports,
  'busiest-routes': busiestRoutes,
};

const drawnWidths = new Map<Element, number>();

function draw(element: Element): void {
  const chart = charts[element.dataset['chart'] ?? ''];
  const width = element.clientWidth;
  // Drawing changes the height, which is reported as a resize too.
  if (chart === undefined || drawnWidths.get(element) === width) return;
  drawnWidths.set(element, width);
  const picture = Plot.plot(chart(report, width)) as unknown as Picture;
  picture.setAttribute('role', 'group');
  picture.setAttribute('aria-label', (element.dataset['chart'] ?? '').replaceAll('-', ' '));
  // The library names the parts of a chart; only what has a role may have a name.
  for (const part of picture.querySelectorAll('[aria-label]')) part.setAttribute('role', 'group');
  element.replaceChildren(picture);
}

const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) draw(target);
});
for (const element of document.querySelectorAll('[data-chart]')) observer.observe(element);
