import { fc } from '@fast-check/vitest';
import { type FlightColumns, missing } from '../../../examples/flights/aggregate/flight-columns.ts';

/** One flight as a row; `undefined` where there is no value. */
export interface Flight {
  readonly hour: number | undefined;
  readonly delay: number | undefined;
  readonly origin: string | undefined;
  readonly destination: string | undefined;
}

/** Rows as decoded columns, their codes in the order in which they are first seen. */
export function columnsOf(flights: readonly Flight[]): FlightColumns {
  const codes = [...new Set(flights.flatMap(({ origin, destination }) => [origin, destination]))].filter(
    (code) => code !== undefined,
  );
  const indexOf = (code: string | undefined) => (code === undefined ? missing : codes.indexOf(code));
  return {
    codes,
    hours: Int32Array.from(flights, ({ hour }) => hour ?? missing),
    delays: Int32Array.from(flights, ({ delay }) => delay ?? missing),
    origins: Int32Array.from(flights, ({ origin }) => indexOf(origin)),
    destinations: Int32Array.from(flights, ({ destination }) => indexOf(destination)),
  };
}

const code = fc.constantFrom('ATL', 'DFW', 'JFK', 'LAX', 'ORD');

/** Any flight; one in some has a value missing. */
const anyFlight: fc.Arbitrary<Flight> = fc.record({
  hour: fc.option(fc.nat(23), { nil: undefined, freq: 9 }),
  delay: fc.option(fc.integer({ min: -90, max: 2000 }), { nil: undefined, freq: 9 }),
  origin: fc.option(code, { nil: undefined, freq: 9 }),
  destination: fc.option(code, { nil: undefined, freq: 9 }),
});

/** Any number of flights, none included. */
export const anyFlights = fc.array(anyFlight, { maxLength: 60 });
