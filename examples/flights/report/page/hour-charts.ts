import * as Plot from '@observablehq/plot';
import type { FlightsReport, HourReport } from '../flights-report.ts';
import { measured, measureScale, minutes, whole } from './measures.ts';

/**
 * A day of flying starts at 4 in the morning: what leaves after midnight is the end of the evening, often late, and
 * belongs on the right.
 */
const dayStart = 4;
const sinceDayStart = ({ hour }: HourReport) => (hour - dayStart + 24) % 24;

/** The share of all flights below which an hour has no line: its percentiles would be noise. */
const sparse = 1 / 1000;

/** Mean, median and 95th percentile by hour of departure. */
export function delaysByHour({ flights, hours }: FlightsReport, width: number): Plot.PlotOptions {
  const rows = hours.filter((hour) => hour.flights >= flights * sparse).flatMap(measured);
  rows.sort((a, b) => sinceDayStart(a) - sinceDayStart(b));
  const place = { x: sinceDayStart, y: 'delay' };
  return {
    ...frame(width, 300),
    y: { label: 'minutes late', grid: true, nice: true },
    color: measureScale,
    marks: [
      hourAxis(width),
      Plot.ruleY([0], { stroke: 'var(--axis)' }),
      Plot.lineY(rows, { ...place, stroke: 'measure', strokeWidth: 2 }),
      Plot.dot(rows, { ...place, fill: 'measure', r: 3 }),
      Plot.tip(
        rows,
        Plot.pointer({
          ...place,
          title: (row: (typeof rows)[number]) => `${span(row)}\n${row.measure}: ${minutes(row.delay)}`,
        }),
      ),
    ],
  };
}

/** The number of flights by hour of departure, under the delays and on the same axis. */
export function flightsByHour({ hours }: FlightsReport, width: number): Plot.PlotOptions {
  return {
    ...frame(width, 180),
    y: { label: 'flights', grid: true, tickFormat: 's', ticks: 4 },
    marks: [
      hourAxis(width),
      Plot.rectY(hours, {
        x1: (hour: HourReport) => sinceDayStart(hour) - 0.4,
        x2: (hour: HourReport) => sinceDayStart(hour) + 0.4,
        y: 'flights',
        fill: 'var(--count)',
      }),
      Plot.ruleY([0], { stroke: 'var(--axis)' }),
      Plot.tip(
        hours,
        Plot.pointerX({
          x: sinceDayStart,
          y: 'flights',
          title: (row: HourReport) => `${span(row)}\n${whole(row.flights)} flights`,
        }),
      ),
    ],
  };
}

function frame(width: number, height: number): Plot.PlotOptions {
  return { width, height, marginTop: 28, marginLeft: 48, x: { type: 'linear', domain: [-0.5, 23.5] } };
}

function hourAxis(width: number) {
  const step = width < 500 ? 6 : 3;
  const places = Array.from({ length: 24 }, (_, place) => place);
  return Plot.axisX(
    places.filter((place) => (place + dayStart) % step === 0),
    { tickFormat: (place: number) => clock(place + dayStart), tickSize: 0, label: null },
  );
}

function clock(hour: number): string {
  return `${String(hour % 24).padStart(2, '0')}:00`;
}

function span({ hour }: HourReport): string {
  return `${clock(hour)} to ${clock(hour + 1)}`;
}
