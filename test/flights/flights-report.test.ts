import { describe, expect, test } from 'vitest';
import { aggregateFlights } from '../../examples/flights/aggregate/flights-aggregate.ts';
import { flightsReport } from '../../examples/flights/report/flights-report.ts';
import { reportText } from '../../examples/flights/report/report-text.ts';
import { columnsOf, type Flight } from './support/flights.ts';

const flights: Flight[] = [
  { hour: 9, delay: 10, origin: 'ORD', destination: 'ATL' },
  { hour: 9, delay: 20, origin: 'ORD', destination: 'JFK' },
  { hour: 7, delay: -4, origin: 'DFW', destination: 'ATL' },
  { hour: 7, delay: 0, origin: 'ATL', destination: 'DFW' },
  { hour: 7, delay: undefined, origin: 'LAX', destination: 'ATL' },
  { hour: 9, delay: 1, origin: 'ATL', destination: 'DFW' },
];
const names = new Map([
  ['ATL', 'Atlanta'],
  ['ORD', 'Chicago'],
]);
const report = flightsReport(aggregateFlights(columnsOf(flights)), names);

describe('flightsReport', () => {
  test('lists airports by departures, then code, without those that only arrive', () => {
    expect(report.airports.map(({ iata, departures }) => [iata, departures])).toEqual([
      ['ATL', 2],
      ['ORD', 2],
      ['DFW', 1],
      ['LAX', 1],
    ]);
  });

  test('has exactly the fields of the format', () => {
    expect(Object.keys(report)).toEqual(['flights', 'airports', 'hours', 'routes']);
    expect(report.airports[1]).toEqual({
      iata: 'ORD',
      name: 'Chicago',
      departures: 2,
      meanDelay: 15,
      medianDelay: 10,
      p95Delay: 20,
    });
    expect(report.hours[0]).toEqual({ hour: 7, flights: 3, meanDelay: -2, medianDelay: -4, p95Delay: 0 });
    expect(report.routes[0]).toEqual({ origin: 'ATL', destination: 'DFW', flights: 2 });
  });

  test('calls an airport without a name by its code', () => {
    expect(report.airports.find(({ iata }) => iata === 'DFW')?.name).toBe('DFW');
  });

  test('has null for the delays of an airport whose flights have none', () => {
    expect(report.airports.find(({ iata }) => iata === 'LAX')).toMatchObject({
      meanDelay: null,
      p95Delay: null,
    });
  });

  test('lists hours ascending and routes by flights, then codes', () => {
    expect(report.hours.map(({ hour }) => hour)).toEqual([7, 9]);
    expect(report.routes.map(({ origin, destination }) => origin + destination)).toEqual([
      'ATLDFW',
      'DFWATL',
      'LAXATL',
      'ORDATL',
      'ORDJFK',
    ]);
  });
});

describe('reportText', () => {
  test('shows the busiest airports, the hours and the routes', () => {
    expect(reportText(report)).toMatchInlineSnapshot(`
      "6 flights from 4 airports on 5 routes

      Busiest airports (delay on arrival, in minutes)
      airport  name     departures  mean  median  p95
      ───────  ───────  ──────────  ────  ──────  ───
      ATL      Atlanta           2   0.5       0    1
      ORD      Chicago           2  15.0      10   20
      DFW      DFW               1  -4.0      -4   -4
      LAX      LAX               1     –       –    –

      By local hour of departure
      hour   flights  mean  median  p95
      ─────  ───────  ────  ──────  ───
      07:00        3  -2.0      -4    0
      09:00        3  10.3      10   20

      Busiest routes
      route      flights
      ─────────  ───────
      ATL → DFW        2
      DFW → ATL        1
      LAX → ATL        1
      ORD → ATL        1
      ORD → JFK        1
      "
    `);
  });
});
