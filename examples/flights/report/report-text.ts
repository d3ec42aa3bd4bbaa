import { consoleTable } from './console-table.ts';
import type { AirportReport, FlightsReport, HourReport, RouteReport } from './flights-report.ts';

const busiest = 10;

/** The report for a terminal: the busiest airports and routes, and every hour of the day. */
export function reportText({ flights, airports, hours, routes }: FlightsReport): string {
  const sections = [
    `${whole(flights)} flights from ${whole(airports.length)} airports on ${whole(routes.length)} routes`,
    `Busiest airports (delay on arrival, in minutes)\n${airportTable(airports.slice(0, busiest))}`,
    `By local hour of departure\n${hourTable(hours)}`,
    `Busiest routes\n${routeTable(routes.slice(0, busiest))}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

const airportTable = (airports: readonly AirportReport[]) =>
  consoleTable(airports, [
    { title: 'airport', align: 'left', cell: ({ iata }) => iata },
    { title: 'name', align: 'left', cell: ({ name }) => name, maxWidth: 36 },
    { title: 'departures', align: 'right', cell: ({ departures }) => whole(departures) },
    { title: 'mean', align: 'right', cell: ({ meanDelay }) => minutes(meanDelay, 1) },
    { title: 'median', align: 'right', cell: ({ medianDelay }) => minutes(medianDelay) },
    { title: 'p95', align: 'right', cell: ({ p95Delay }) => minutes(p95Delay) },
  ]);

const hourTable = (hours: readonly HourReport[]) =>
  consoleTable(hours, [
    { title: 'hour', align: 'left', cell: ({ hour }) => `${String(hour).padStart(2, '0')}:00` },
    { title: 'flights', align: 'right', cell: ({ flights }) => whole(flights) },
    { title: 'mean', align: 'right', cell: ({ meanDelay }) => minutes(meanDelay, 1) },
    { title: 'median', align: 'right', cell: ({ medianDelay }) => minutes(medianDelay) },
    { title: 'p95', align: 'right', cell: ({ p95Delay }) => minutes(p95Delay) },
  ]);

const routeTable = (routes: readonly RouteReport[]) =>
  consoleTable(routes, [
    { title: 'route', align: 'left', cell: ({ origin, destination }) => `${origin} → ${destination}` },
    { title: 'flights', align: 'right', cell: ({ flights }) => whole(flights) },
  ]);

function whole(value: number): string {
  return value.toLocaleString('en-US');
}

function minutes(value: number | null, digits = 0): string {
  return value === null ? '–' : value.toFixed(digits);
}
