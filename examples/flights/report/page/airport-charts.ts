import * as Plot from '@observablehq/plot';
import type { AirportReport, FlightsReport } from '../flights-report.ts';
import { barList, listFrame } from './bar-list.ts';
import { measured, measureScale, minutes, whole } from './measures.ts';

const listed = 20;
const labelWidth = 48;

/** The departures of the busiest airports. */
export function busiestAirports({ airports }: FlightsReport, width: number): Plot.PlotOptions {
  const bars = airports.slice(0, listed).map(({ iata, name, departures }) => ({
    label: iata,
    value: departures,
    title: `${name}\n${whole(departures)} departures`,
  }));
  return barList(bars, width, labelWidth);
}

/** The delays of the same airports in the same rows: median, mean and 95th percentile on a line. */
export function delaysOfBusiest({ airports }: FlightsReport, width: number): Plot.PlotOptions {
  const busiest = airports.slice(0, listed);
  const rows = busiest.flatMap(measured);
  const place = { x: 'delay', y: 'iata' };
  const frame = listFrame(
    width,
    busiest.map(({ iata }) => iata),
    labelWidth,
  );
  return {
    ...frame,
    marginRight: 16,
    x: { label: 'minutes late', grid: true, nice: true },
    y: { ...frame.y, type: 'point', padding: 0.5 },
    color: measureScale,
    marks: [
      Plot.ruleY(busiest, {
        y: 'iata',
        x1: 'medianDelay',
        x2: 'p95Delay',
        stroke: 'var(--axis)',
        strokeWidth: 2,
      }),
      Plot.dot(rows, { ...place, fill: 'measure', r: 5, stroke: 'var(--surface)', strokeWidth: 1.5 }),
      Plot.tip(
        rows,
        Plot.pointer({
          ...place,
          title: (row: (typeof rows)[number]) => `${row.name}\n${row.measure}: ${minutes(row.delay)}`,
        }),
      ),
    ],
  };
}

/** Below this the mean says more about single flights than about the airport. */
const fewestDepartures = 100;

/** The mean delay of every airport against its departures. */
export function allAirports({ airports }: FlightsReport, width: number): Plot.PlotOptions {
  const rows = airports.flatMap(({ meanDelay, ...airport }) =>
    meanDelay === null || airport.departures < fewestDepartures ? [] : [{ ...airport, meanDelay }],
  );
  const place = { x: 'departures', y: 'meanDelay' };
  return {
    width,
    height: 340,
    marginLeft: labelWidth,
    marginBottom: 40,
    x: { type: 'log', label: 'departures', domain: departureRange(rows) },
    y: { label: 'mean minutes late', grid: true, nice: true },
    marks: [
      Plot.gridX([100, 1e3, 1e4, 1e5]),
      Plot.axisX([100, 1e3, 1e4, 1e5], { tickFormat: 's', label: 'departures' }),
      Plot.ruleY([0], { stroke: 'var(--axis)' }),
      Plot.dot(rows, {
        ...place,
        r: 4.5,
        fill: 'var(--mean)',
        fillOpacity: 0.7,
        stroke: 'var(--surface)',
        strokeWidth: 1,
      }),
      Plot.tip(
        rows,
        Plot.pointer({
          ...place,
          title: ({ iata, name, departures, meanDelay }: (typeof rows)[number]) =>
            `${name} (${iata})\n${whole(departures)} departures\nmean: ${minutes(meanDelay)}`,
        }),
      ),
    ],
  };
}

/** Some air on both sides; a range even where there are no airports. */
function departureRange(airports: readonly Pick<AirportReport, 'departures'>[]): [number, number] {
  const busiest = Math.max(fewestDepartures * 10, ...airports.map(({ departures }) => departures));
  return [fewestDepartures * 0.9, busiest * 1.15];
}
