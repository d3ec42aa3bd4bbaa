import { type DelayStatistics, delayStatistics } from '../aggregate/delay-statistics.ts';
import { byCode, type FlightsAggregate } from '../aggregate/flights-aggregate.ts';
import { histogramOf } from '../aggregate/histogram-table.ts';

/** What the pipeline finds out; `flights.json` is exactly this. */
export interface FlightsReport {
  readonly flights: number;
  /** Every airport with departures, the busiest first, then by code. */
  readonly airports: readonly AirportReport[];
  /** Every hour with flights, ascending. */
  readonly hours: readonly HourReport[];
  /** Every route, the busiest first, then by codes. */
  readonly routes: readonly RouteReport[];
}

export interface AirportReport extends DelayStatistics {
  readonly iata: string;
  /** The code again where the name isn't known. */
  readonly name: string;
  readonly departures: number;
}

export interface HourReport extends DelayStatistics {
  readonly hour: number;
  readonly flights: number;
}

export interface RouteReport {
  readonly origin: string;
  readonly destination: string;
  readonly flights: number;
}

/** Turns the aggregate of all flights into the report. */
export function flightsReport(
  aggregate: FlightsAggregate,
  names: ReadonlyMap<string, string>,
): FlightsReport {
  return {
    flights: aggregate.flights,
    airports: airportReports(aggregate, names),
    hours: hourReports(aggregate),
    routes: routeReports(aggregate),
  };
}

function airportReports(
  { codes, departures, delaysByOrigin }: FlightsAggregate,
  names: ReadonlyMap<string, string>,
): AirportReport[] {
  const airports = codes.map((iata, airport) => ({
    iata,
    name: names.get(iata) ?? iata,
    departures: departures[airport] ?? 0,
    ...delayStatistics(histogramOf(delaysByOrigin, airport)),
  }));
  return airports
    .filter((airport) => airport.departures > 0)
    .sort((a, b) => b.departures - a.departures || byCode(a.iata, b.iata));
}

function hourReports({ flightsByHour, delaysByHour }: FlightsAggregate): HourReport[] {
  const hours = [...flightsByHour].map((flights, hour) => ({
    hour,
    flights,
    ...delayStatistics(histogramOf(delaysByHour, hour)),
  }));
  return hours.filter(({ flights }) => flights > 0);
}

function routeReports({ codes, routes }: FlightsAggregate): RouteReport[] {
  return [...routes.flights]
    .map((flights, route) => ({
      origin: codes[routes.origins[route] ?? 0] ?? '',
      destination: codes[routes.destinations[route] ?? 0] ?? '',
      flights,
    }))
    .sort(
      (a, b) => b.flights - a.flights || byCode(a.origin, b.origin) || byCode(a.destination, b.destination),
    );
}
