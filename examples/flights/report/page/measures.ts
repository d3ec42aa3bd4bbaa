import type { DelayStatistics } from '../../aggregate/delay-statistics.ts';

/** The three figures of a delay, in the order of their colours. */
const measures = ['median', 'mean', '95th percentile'] as const;
type Measure = (typeof measures)[number];

/** The colours are the page's CSS variables: right in light and dark without drawing again. The page has the key. */
export const measureScale = {
  domain: measures,
  range: ['var(--median)', 'var(--mean)', 'var(--p95)'],
};

/** One entry a measure; what has no delay at all has none. */
export function measured<Row extends DelayStatistics>(
  row: Row,
): (Row & { readonly measure: Measure; readonly delay: number })[] {
  const delays = { median: row.medianDelay, mean: row.meanDelay, '95th percentile': row.p95Delay };
  return measures.flatMap((measure) => {
    const delay = delays[measure];
    return delay === null ? [] : [{ ...row, measure, delay }];
  });
}

/** `1,234` */
export function whole(value: number): string {
  return value.toLocaleString('en-US');
}

/** `9.3 min`, `80 min` */
export function minutes(value: number): string {
  return `${String(Number(value.toFixed(1)))} min`;
}
