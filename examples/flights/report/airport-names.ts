import { csvParse } from 'd3-dsv';

/** The names of airports by their IATA codes, from a CSV with the columns `iata` and `name`. */
export function airportNames(csv: string): ReadonlyMap<string, string> {
  return new Map(csvParse(csv).map(({ iata = '', name = '' }) => [iata, name.trim()]));
}
