import {
  byCode,
  type FlightsAggregate,
  hoursInDay,
  packRoutes,
  type RouteTable,
} from './flights-aggregate.ts';
import { mergeHistograms } from './histogram-table.ts';

/**
 * The aggregate of all flights of all parts.
 *
 * Associative and commutative, with the aggregate of no flights as its neutral element: row groups may be merged
 * in any order and in any grouping. Linear in what the parts hold, plus the square of the number of airports.
 */
export function mergeAggregates(parts: readonly FlightsAggregate[]): FlightsAggregate {
  const codes = [...new Set(parts.flatMap((part) => part.codes))].sort(byCode);
  const ranks = new Map(codes.map((code, rank) => [code, rank]));
  const ranked = parts.map((part) => ({
    part,
    rankOf: Uint32Array.from(part.codes, (code) => ranks.get(code) ?? 0),
  }));
  const hours = Uint32Array.from({ length: hoursInDay }, (_, hour) => hour);
  const airports = codes.length;

  return {
    flights: parts.reduce((total, part) => total + part.flights, 0),
    codes,
    departures: sum(
      airports,
      ranked.map(({ part, rankOf }) => ({ counts: part.departures, indexOf: rankOf })),
    ),
    delaysByOrigin: mergeHistograms(
      airports,
      ranked.map(({ part, rankOf }) => ({ table: part.delaysByOrigin, groupOf: rankOf })),
    ),
    flightsByHour: sum(
      hoursInDay,
      parts.map((part) => ({ counts: part.flightsByHour, indexOf: hours })),
    ),
    delaysByHour: mergeHistograms(
      hoursInDay,
      parts.map((part) => ({ table: part.delaysByHour, groupOf: hours })),
    ),
    routes: mergeRoutes(
      airports,
      ranked.map(({ part, rankOf }) => ({ routes: part.routes, rankOf })),
    ),
  };
}

function sum(
  length: number,
  parts: readonly { readonly counts: Uint32Array; readonly indexOf: Uint32Array }[],
): Uint32Array {
  const total = new Uint32Array(length);
  for (const { counts, indexOf } of parts) {
    for (let index = 0; index < counts.length; index++) {
      const target = indexOf[index] ?? 0;
      total[target] = (total[target] ?? 0) + (counts[index] ?? 0);
    }
  }
  return total;
}

function mergeRoutes(
  airports: number,
  parts: readonly { readonly routes: RouteTable; readonly rankOf: Uint32Array }[],
): RouteTable {
  const grid = new Uint32Array(airports * airports);
  for (const { routes, rankOf } of parts) {
    const { origins, destinations, flights } = routes;
    for (let route = 0; route < flights.length; route++) {
      const origin = rankOf[origins[route] ?? 0] ?? 0;
      const cell = origin * airports + (rankOf[destinations[route] ?? 0] ?? 0);
      grid[cell] = (grid[cell] ?? 0) + (flights[route] ?? 0);
    }
  }
  return packRoutes(grid, airports);
}
