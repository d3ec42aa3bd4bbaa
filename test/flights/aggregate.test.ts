import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { aggregateFlights } from '../../examples/flights/aggregate/flights-aggregate.ts';
import { histogramOf } from '../../examples/flights/aggregate/histogram-table.ts';
import { mergeAggregates } from '../../examples/flights/aggregate/merge-aggregates.ts';
import { anyFlights, columnsOf, type Flight } from './support/flights.ts';

const aggregate = (flights: readonly Flight[]) => aggregateFlights(columnsOf(flights));

const flights: Flight[] = [
  { hour: 8, delay: 5, origin: 'ORD', destination: 'ATL' },
  { hour: 8, delay: -3, origin: 'ATL', destination: 'ORD' },
  { hour: 9, delay: 5, origin: 'ORD', destination: 'ATL' },
  { hour: 9, delay: undefined, origin: 'ORD', destination: 'JFK' },
  { hour: undefined, delay: 7, origin: 'ORD', destination: undefined },
];

describe('aggregateFlights', () => {
  test('sorts the codes and counts departures by them', () => {
    const { flights: count, codes, departures } = aggregate(flights);
    expect(count).toBe(5);
    expect(codes).toEqual(['ATL', 'JFK', 'ORD']);
    expect([...departures]).toEqual([1, 0, 4]);
  });

  test('counts delays by origin, ascending, without the flights that have none', () => {
    const { delaysByOrigin } = aggregate(flights);
    expect(histogramOf(delaysByOrigin, 2)).toEqual({
      delays: Int32Array.of(5, 7),
      counts: Uint32Array.of(2, 1),
    });
    expect(histogramOf(delaysByOrigin, 1).delays).toHaveLength(0);
  });

  test('counts a flight without a delay as a flight of its hour, and one without an hour in none', () => {
    const { flightsByHour, delaysByHour } = aggregate(flights);
    expect([flightsByHour[8], flightsByHour[9]]).toEqual([2, 2]);
    expect(flightsByHour.reduce((sum, count) => sum + count)).toBe(4);
    expect(histogramOf(delaysByHour, 9)).toEqual({ delays: Int32Array.of(5), counts: Uint32Array.of(1) });
  });

  test('counts routes with both ends, by origin and then destination', () => {
    const { origins, destinations, flights: counts } = aggregate(flights).routes;
    expect([...origins]).toEqual([0, 2, 2]);
    expect([...destinations]).toEqual([2, 0, 1]);
    expect([...counts]).toEqual([1, 2, 1]);
  });

  test('takes no flights at all', () => {
    const { flights: count, codes, routes } = aggregate([]);
    expect(count).toBe(0);
    expect(codes).toEqual([]);
    expect(routes.flights).toHaveLength(0);
  });

  test.prop([anyFlights.chain((all) => fc.tuple(fc.constant(all), shuffled(all)))])(
    'does not depend on the order of the flights',
    ([all, others]) => {
      expect(aggregate(others)).toEqual(aggregate(all));
    },
  );

  test('survives structured cloning, as it has to cross threads', () => {
    expect(structuredClone(aggregate(flights))).toEqual(aggregate(flights));
  });
});

describe('mergeAggregates', () => {
  test.prop([fc.array(anyFlights, { maxLength: 5 })])(
    'gives the aggregate of all flights, however they were divided',
    (parts) => {
      expect(mergeAggregates(parts.map(aggregate))).toEqual(aggregate(parts.flat()));
    },
  );

  test.prop([anyFlights, anyFlights, anyFlights])('is associative', (a, b, c) => {
    const [left, middle, right] = [aggregate(a), aggregate(b), aggregate(c)];
    const leftFirst = mergeAggregates([mergeAggregates([left, middle]), right]);
    const rightFirst = mergeAggregates([left, mergeAggregates([middle, right])]);
    expect(leftFirst).toEqual(rightFirst);
  });

  test.prop([anyFlights, anyFlights])('is commutative', (a, b) => {
    expect(mergeAggregates([aggregate(a), aggregate(b)])).toEqual(
      mergeAggregates([aggregate(b), aggregate(a)]),
    );
  });

  test.prop([anyFlights])('has no flights as its neutral element', (all) => {
    expect(mergeAggregates([aggregate(all), aggregate([])])).toEqual(aggregate(all));
  });
});

function shuffled<Item>(items: readonly Item[]): fc.Arbitrary<Item[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length });
}
