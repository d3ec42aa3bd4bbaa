import { type FlightColumns, missing } from './flight-columns.ts';
import { HistogramCounter, type HistogramTable } from './histogram-table.ts';

export const hoursInDay = 24;

/**
 * What the report needs to know of any number of flights; a row group's is some 100 kB.
 *
 * Canonical: codes are sorted, routes are sorted by origin and destination, and nothing is listed that doesn't
 * occur. Equal flights give equal aggregates, whatever their order.
 *
 * A flight counts wherever it has the value: one without a delay is a departure and a flight of its hour, but has
 * no part in the delays.
 */
export interface FlightsAggregate {
  readonly flights: number;
  /** The airports, ascending; the tables below have an entry or a group for each. */
  readonly codes: readonly string[];
  readonly departures: Uint32Array;
  readonly delaysByOrigin: HistogramTable;
  readonly flightsByHour: Uint32Array;
  readonly delaysByHour: HistogramTable;
  readonly routes: RouteTable;
}

/** The number of flights by origin and destination, both indices into the codes. */
export interface RouteTable {
  readonly origins: Uint32Array;
  readonly destinations: Uint32Array;
  readonly flights: Uint32Array;
}

/** The aggregate of decoded flights. One pass over the rows. */
export function aggregateFlights(columns: FlightColumns): FlightsAggregate {
  const { hours, delays, origins, destinations } = columns;
  const airports = columns.codes.length;
  const { codes, rankOf } = sortCodes(columns.codes);
  const [first, last] = delayRange(delays);
  const byOrigin = new HistogramCounter(airports, first, last);
  const byHour = new HistogramCounter(hoursInDay, first, last);
  const departures = new Uint32Array(airports);
  const flightsByHour = new Uint32Array(hoursInDay);
  const routes = new Uint32Array(airports * airports);

  for (let row = 0; row < delays.length; row++) {
    const hour = hours[row] ?? 0;
    const delay = delays[row] ?? 0;
    const origin = rankOf[origins[row] ?? 0] ?? missing;
    const destination = rankOf[destinations[row] ?? 0] ?? missing;
    if (hour !== missing) increment(flightsByHour, hour);
    if (origin !== missing) increment(departures, origin);
    if (origin !== missing && destination !== missing) increment(routes, origin * airports + destination);
    if (delay === missing) continue;
    if (hour !== missing) byHour.add(hour, delay);
    if (origin !== missing) byOrigin.add(origin, delay);
  }
  return {
    flights: delays.length,
    codes,
    departures,
    delaysByOrigin: byOrigin.table(),
    flightsByHour,
    delaysByHour: byHour.table(),
    routes: packRoutes(routes, airports),
  };
}

/** The codes ascending, and for each index into the unsorted ones the index into these. */
function sortCodes(unsorted: readonly string[]): { codes: readonly string[]; rankOf: Int32Array } {
  const codes = unsorted.toSorted(byCode);
  const ranks = new Map(codes.map((code, rank) => [code, rank]));
  return { codes, rankOf: Int32Array.from(unsorted, (code) => ranks.get(code) ?? 0) };
}

/** Orders codes by their characters, in no language: the same on every machine. */
export function byCode(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function delayRange(delays: Int32Array): readonly [first: number, last: number] {
  let first = Infinity;
  let last = -Infinity;
  for (const delay of delays) {
    if (delay === missing) continue;
    if (delay < first) first = delay;
    if (delay > last) last = delay;
  }
  return [first, last];
}

function increment(counts: Uint32Array, index: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
}

/** The cells of an origin × destination grid that aren't empty, row by row. */
export function packRoutes(grid: Uint32Array, airports: number): RouteTable {
  const cells: number[] = [];
  for (let cell = 0; cell < grid.length; cell++) if (grid[cell] !== 0) cells.push(cell);
  return {
    origins: Uint32Array.from(cells, (cell) => Math.floor(cell / airports)),
    destinations: Uint32Array.from(cells, (cell) => cell % airports),
    flights: Uint32Array.from(cells, (cell) => grid[cell] ?? 0),
  };
}
