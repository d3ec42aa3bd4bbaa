/** What is in a store, as far as it matters for what goes. */
export interface StoreContents {
  readonly runs: readonly GcRun[];
  readonly cached: readonly GcCached[];
  readonly blobs: readonly GcObject[];
}

/** A run. */
export interface GcRun {
  readonly runId: string;
  readonly isHeld: boolean;
  readonly changedAt: number;
  readonly size: number;
  /** The blobs that its journal names. */
  readonly blobs: Iterable<string>;
}

/** An object. */
export interface GcObject {
  readonly name: string;
  readonly size: number;
  readonly usedAt: number;
}

/** A cached result. */
export interface GcCached extends GcObject {
  readonly blobs: Iterable<string>;
}

/** What is to go, as numbers. */
export interface GcTerms {
  readonly now: number;
  /** In ms. */
  readonly olderThan: number;
  /** In bytes. */
  readonly maxBytes: number;
  /** How many of the latest runs stay in any case. */
  readonly keep: number;
  /** What was put or used less than so many ms ago stays: a run may be about to name it. */
  readonly grace: number;
}

/** What goes. */
export interface GcPlan {
  readonly runs: readonly GcRun[];
  readonly cached: readonly GcCached[];
  readonly blobs: readonly GcObject[];
}

/**
 * What goes of a store. Pure.
 *
 * 1. What is too old goes: runs, then cached results.
 * 2. Where the rest takes more than it may, the oldest go: runs first, then cached results.
 * 3. A blob goes once nothing names it that stays.
 * 4. Nothing goes that is held, that is among the latest to be kept, or that is younger than the grace.
 */
export function planGc({ runs, cached, blobs }: StoreContents, terms: GcTerms): GcPlan {
  const { now, olderThan, maxBytes, keep, grace } = terms;
  const isYoung = (at: number): boolean => now - at < grace;
  const byAge = runs.toSorted((left, right) => right.changedAt - left.changedAt);
  const oldRuns = byAge
    .slice(keep)
    .filter(({ isHeld }) => !isHeld)
    .reverse();
  const oldCached = cached
    .filter(({ usedAt }) => !isYoung(usedAt))
    .sort((left, right) => left.usedAt - right.usedAt);

  const uses = new Map<string, number>();
  for (const { blobs: named } of [...runs, ...cached])
    for (const name of named) uses.set(name, (uses.get(name) ?? 0) + 1);
  const sizes = new Map(blobs.filter(({ usedAt }) => !isYoung(usedAt)).map(({ name, size }) => [name, size]));
  const isNamed = (name: string): boolean => (uses.get(name) ?? 0) > 0;

  let bytes = [...runs, ...cached, ...blobs].reduce((sum, { size }) => sum + size, 0);
  for (const [name, size] of sizes) if (!isNamed(name)) bytes -= size;
  const gone = { runs: new Set<GcRun>(), cached: new Set<GcCached>() };
  const goes = (one: GcRun | GcCached): void => {
    bytes -= one.size;
    for (const name of one.blobs) {
      uses.set(name, (uses.get(name) ?? 0) - 1);
      if (!isNamed(name)) bytes -= sizes.get(name) ?? 0;
    }
  };
  const remove = (isDue: (at: number) => boolean): void => {
    for (const run of oldRuns) {
      if (gone.runs.has(run) || !isDue(run.changedAt)) continue;
      gone.runs.add(run);
      goes(run);
    }
    for (const result of oldCached) {
      if (gone.cached.has(result) || !isDue(result.usedAt)) continue;
      gone.cached.add(result);
      goes(result);
    }
  };
  remove((at) => now - at > olderThan);
  remove(() => bytes > maxBytes);
  return {
    runs: [...gone.runs],
    cached: [...gone.cached],
    blobs: blobs.filter(({ name, usedAt }) => !isYoung(usedAt) && !isNamed(name)),
  };
}
