/** What takes time. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Puts spans into as few lanes as possible so that none overlaps another of its lane; gives the lane of each.
 *
 * Spans come in the order of `from`. Takes spans × lanes at worst.
 */
export function lanesOf(spans: readonly Span[]): number[] {
  const free: number[] = [];
  return spans.map(({ from, to }) => {
    const found = free.findIndex((until) => until <= from);
    const lane = found === -1 ? free.length : found;
    free[lane] = to;
    return lane;
  });
}

/** The class whose lanes a step is drawn in: the first it demands that isn't memory. */
export function laneClass(demand: Readonly<Record<string, number>> | undefined): string {
  const names = Object.keys(demand ?? {});
  return names.find((name) => name !== 'memory') ?? names[0] ?? 'no resource';
}
