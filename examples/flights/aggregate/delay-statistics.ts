/** Delays in a few figures, in minutes; null where no flight has a delay. */
export interface DelayStatistics {
  readonly meanDelay: number | null;
  /** The 50th percentile by nearest rank, so always a delay that occurred. */
  readonly medianDelay: number | null;
  /** The 95th percentile by nearest rank. */
  readonly p95Delay: number | null;
}

/** The statistics of a histogram: exact, as if every delay were at hand. */
export function delayStatistics(histogram: {
  readonly delays: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
}): DelayStatistics {
  const { delays, counts } = histogram;
  let flights = 0;
  let minutes = 0;
  for (let i = 0; i < counts.length; i++) {
    flights += counts[i] ?? 0;
    minutes += (counts[i] ?? 0) * (delays[i] ?? 0);
  }
  return {
    meanDelay: flights === 0 ? null : minutes / flights,
    medianDelay: nearestRank(histogram, flights, 50),
    p95Delay: nearestRank(histogram, flights, 95),
  };
}

/** The smallest delay that at least the given percentage of the flights doesn't exceed. */
function nearestRank(
  { delays, counts }: { readonly delays: ArrayLike<number>; readonly counts: ArrayLike<number> },
  flights: number,
  percent: number,
): number | null {
  // Not 0.95 × flights: that can land a hair above a whole number, and the rank one too high.
  const rank = Math.ceil((percent * flights) / 100);
  let seen = 0;
  for (let i = 0; i < counts.length; i++) {
    seen += counts[i] ?? 0;
    if (seen >= rank) return delays[i] ?? 0;
  }
  return null;
}
