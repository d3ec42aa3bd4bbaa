import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { aggregateFlights } from '../../examples/flights/aggregate/flights-aggregate.ts';
import { mergeAggregates } from '../../examples/flights/aggregate/merge-aggregates.ts';
import { dataset } from '../../examples/flights/datasets.ts';
import { openFlightsFile } from '../../examples/flights/parquet/flights-file.ts';
import { readRowGroup } from '../../examples/flights/parquet/read-row-group.ts';
import { airportNames } from '../../examples/flights/report/airport-names.ts';
import { flightsReport } from '../../examples/flights/report/flights-report.ts';

/** The report of the real data, without an engine: what the pipeline has to arrive at as well. */
test('three million flights come out right to the row', { timeout: 60_000 }, async () => {
  const path = fileURLToPath(dataset('flights-3m.parquet'));
  const file = await openFlightsFile(path);
  expect(file).toMatchObject({ flights: 3_000_000, rowGroups: { length: 11 } });

  const parts = [];
  for (const rowGroup of file.rowGroups) {
    parts.push(aggregateFlights(await readRowGroup(path, rowGroup, () => undefined)));
  }
  const names = airportNames(await readFile(dataset('airports.csv'), 'utf8'));
  const { flights, airports, hours, routes } = flightsReport(mergeAggregates(parts), names);

  expect(flights).toBe(3_000_000);
  expect(airports).toHaveLength(229);
  expect(airports[0]).toEqual({
    iata: 'ORD',
    name: "Chicago O'Hare International",
    departures: 166_341,
    meanDelay: expect.closeTo(9.273_654_721, 8) as number,
    medianDelay: -1,
    p95Delay: 80,
  });
  expect(airports.slice(1, 3).map(({ iata, departures }) => [iata, departures])).toEqual([
    ['DFW', 157_162],
    ['ATL', 124_711],
  ]);
  expect(airports.every(({ iata, name }) => name !== iata)).toBe(true);

  // Every flight of this file has an hour, an airport and a route.
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  expect(sum(airports.map(({ departures }) => departures))).toBe(3_000_000);
  expect(sum(hours.map((hour) => hour.flights))).toBe(3_000_000);
  expect(sum(routes.map((route) => route.flights))).toBe(3_000_000);
  expect(hours.map(({ hour }) => hour)).toEqual(Array.from({ length: 24 }, (_, hour) => hour));
  expect(routes[0]).toEqual({ origin: 'LAX', destination: 'LAS', flights: 8323 });
});
