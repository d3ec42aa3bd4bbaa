import type { Blueprint } from '../definition/blueprint.ts';
import { remainingPaths } from '../graph/remaining-paths.ts';
import type { RunSettings } from '../run/run-options.ts';

/** What no order of steps can undercut, in ms. */
export interface LowerBounds {
  /** The longest path through the graph. */
  readonly criticalPath: number;
  /** What is demanded of each class in all, over its capacity; `concurrency` where it is limited. */
  readonly resources: Readonly<Record<string, number>>;
  /** The largest of them all. */
  readonly best: number;
}

/** What is demanded of each class in all: amount × ms; `concurrency` where it is limited. */
export function workByClass(
  { demands, steps }: Blueprint,
  { limits, concurrency }: RunSettings,
  durations: Float64Array,
): Map<string, { readonly limit: number; work: number }> {
  const busy = new Float64Array(demands.distinct.length);
  for (let index = 0; index < steps.length; index++) {
    const place = demands.places[index] as number;
    busy[place] = (busy[place] as number) + (durations[index] as number);
  }
  const work = new Map([...limits].map(([name, limit]) => [name, { limit, work: 0 }]));
  if (concurrency !== undefined) work.set('concurrency', { limit: concurrency, work: 0 });
  for (const [place, demand] of demands.distinct.entries()) {
    const ms = busy[place] as number;
    for (const [name, amount] of Object.entries(demand)) {
      const total = work.get(name);
      if (total !== undefined) total.work += amount * ms;
    }
    const all = concurrency === undefined ? undefined : work.get('concurrency');
    if (all !== undefined) all.work += ms;
  }
  return work;
}

/** Linear in steps + dependencies. */
export function lowerBounds(
  blueprint: Blueprint,
  settings: RunSettings,
  durations: Float64Array,
): LowerBounds {
  let criticalPath = 0;
  for (const path of remainingPaths(blueprint.graph, durations)) criticalPath = Math.max(criticalPath, path);
  const byClass = [...workByClass(blueprint, settings, durations)].map(
    ([name, { limit, work }]) => [name, work / limit] as const,
  );
  const best = Math.max(criticalPath, ...byClass.map(([, bound]) => bound));
  return { criticalPath, resources: Object.fromEntries(byClass), best };
}
