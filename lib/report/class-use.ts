/** How much of a resource class is taken, or there, from some moment on. */
export interface Usage {
  readonly at: number;
  readonly taken: number;
}

/** How much of a resource class was used. */
export interface ClassUse {
  readonly name: string;
  /** What there is of it now. */
  readonly limit: number;
  /** The most that was taken at once. */
  readonly peak: number;
  /** The share of limit × time that was taken, from 0 to 1. */
  readonly utilisation: number;
}

/** How much was used of a class from the start of a run to some moment, by what was taken and what there was of it over time. */
export function classUse(
  name: string,
  taken: readonly Usage[],
  capacity: readonly Usage[],
  from: number,
  to: number,
): ClassUse {
  const limit = capacity.at(-1)?.taken ?? Infinity;
  const there = integral(capacity, from, to);
  return {
    name,
    limit,
    peak: taken.reduce((most, point) => Math.max(most, point.taken), 0),
    utilisation: there > 0 && there < Infinity ? Math.min(1, integral(taken, from, to) / there) : 0,
  };
}

/** What there is from each point to the next, times how long. */
function integral(points: readonly Usage[], from: number, to: number): number {
  let sum = 0;
  for (const [place, { at, taken }] of points.entries()) {
    const next = points[place + 1]?.at ?? to;
    const length = Math.min(next, to) - Math.max(at, from);
    if (length > 0) sum += taken * length;
  }
  return sum;
}
