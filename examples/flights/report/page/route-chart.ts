import type { PlotOptions } from '@observablehq/plot';
import type { FlightsReport } from '../flights-report.ts';
import { barList } from './bar-list.ts';
import { whole } from './measures.ts';

const listed = 20;

/** The busiest routes. */
export function busiestRoutes({ routes }: FlightsReport, width: number): PlotOptions {
  const bars = routes.slice(0, listed).map(({ origin, destination, flights }) => ({
    label: `${origin} → ${destination}`,
    value: flights,
    title: `${origin} → ${destination}\n${whole(flights)} flights`,
  }));
  return barList(bars, width, 88);
}
