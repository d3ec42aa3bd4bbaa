/** The makespans of many trials, in ms: so many per cent of them are at most so long. */
export interface Percentiles {
  /** How many trials there were. */
  readonly trials: number;
  /** Their mean. */
  readonly mean: number;
  /** The shortest. */
  readonly least: number;
  /** Half of them. */
  readonly p50: number;
  /** Nine of ten. */
  readonly p90: number;
  /** 95 of a hundred. */
  readonly p95: number;
  /** 99 of a hundred. */
  readonly p99: number;
  /** The longest. */
  readonly most: number;
}

/** The nearest-rank percentiles of at least one makespan. */
export function percentilesOf(makespans: Float64Array): Percentiles {
  const sorted = makespans.toSorted();
  const at = (percent: number): number =>
    sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] as number;
  return {
    trials: sorted.length,
    mean: sorted.reduce((sum, each) => sum + each, 0) / sorted.length,
    least: at(0),
    p50: at(50),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    most: at(100),
  };
}
