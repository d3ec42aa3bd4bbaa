import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { delayStatistics } from '../../examples/flights/aggregate/delay-statistics.ts';
import { HistogramCounter, histogramOf } from '../../examples/flights/aggregate/histogram-table.ts';

function statisticsOf(delays: readonly number[]) {
  const counter = new HistogramCounter(1, Math.min(...delays), Math.max(...delays));
  for (const delay of delays) counter.add(0, delay);
  return delayStatistics(histogramOf(counter.table(), 0));
}

/** The definition: the value at rank ⌈p % × n⌉ of the sorted values. */
function nearestRank(delays: readonly number[], percent: number): number | undefined {
  return delays.toSorted((a, b) => a - b)[Math.ceil((percent * delays.length) / 100) - 1];
}

describe('delayStatistics', () => {
  test.prop([fc.array(fc.integer({ min: -90, max: 500 }), { minLength: 1, maxLength: 200 })])(
    'agrees with the sorted delays',
    (delays) => {
      const { meanDelay, medianDelay, p95Delay } = statisticsOf(delays);
      expect(meanDelay).toBe(delays.reduce((sum, delay) => sum + delay) / delays.length);
      expect(medianDelay).toBe(nearestRank(delays, 50));
      expect(p95Delay).toBe(nearestRank(delays, 95));
    },
  );

  test.each([
    { flights: 1, rank: 1 },
    { flights: 19, rank: 19 },
    { flights: 20, rank: 19 },
    { flights: 21, rank: 20 },
    { flights: 100, rank: 95 },
    { flights: 101, rank: 96 },
  ])('takes the delay at rank $rank of $flights as the 95th percentile', ({ flights, rank }) => {
    const delays = Array.from({ length: flights }, (_, index) => index + 1);
    expect(statisticsOf(delays).p95Delay).toBe(rank);
  });

  test('has no figures where there are no delays', () => {
    expect(delayStatistics({ delays: [], counts: [] })).toEqual({
      meanDelay: null,
      medianDelay: null,
      p95Delay: null,
    });
  });
});
