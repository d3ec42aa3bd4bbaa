import type { Blueprint } from '../definition/blueprint.ts';
import type { RunSettings } from '../engine/run-settings.ts';
import { longestPath } from './longest-path.ts';
import type { Parts } from './parts.ts';
import type { Timetable } from './rehearsal.ts';
import { type ScheduledStep, scheduleOf } from './scheduled-step.ts';

/** What no order of steps can undercut, in ms. */
export interface LowerBounds {
  /** The longest path through the graph. */
  readonly criticalPath: number;
  /** What is demanded of each class in all, over its capacity; `concurrency` where it is limited. */
  readonly resources: Readonly<Record<string, number>>;
  /** The largest of them all. */
  readonly best: number;
}

/** By class, what there is of it, and what is demanded in all: amount × ms. */
type WorkByClass = Map<string, { readonly limit: number; work: number }>;

function noWork(limits: RunSettings['limits'], concurrency: number | undefined): WorkByClass {
  const work: WorkByClass = new Map([...limits].map(([name, limit]) => [name, { limit, work: 0 }]));
  if (concurrency !== undefined) work.set('concurrency', { limit: concurrency, work: 0 });
  return work;
}

/** What is demanded of each class in all: amount × ms; `concurrency` where it is limited. */
export function workOf(
  parts: Parts,
  timetable: Timetable,
  settings: RunSettings,
  durations: Float64Array,
): WorkByClass {
  const { blueprint, inners } = parts;
  return inners.size === 0 && blueprint.branching === undefined
    ? workByClass(blueprint, settings, durations)
    : workOfSchedule(scheduleOf(parts, timetable), parts, settings);
}

function workOfSchedule(
  schedule: readonly ScheduledStep[],
  parts: Parts,
  { limits, concurrency }: RunSettings,
): WorkByClass {
  const work = noWork(limits, concurrency);
  for (const { id, start, end, resources } of schedule) {
    for (const [name, amount] of Object.entries(resources)) {
      const total = work.get(name);
      if (total !== undefined) total.work += amount * (end - start);
    }
    const all = work.get('concurrency');
    if (all !== undefined && !parts.inners.has(parts.indexOf(id) ?? -1)) all.work += end - start;
  }
  return work;
}

/** Where every step runs: by distinct demands, of which there are few. */
function workByClass(
  { demands, steps }: Blueprint,
  { limits, concurrency }: RunSettings,
  durations: Float64Array,
): WorkByClass {
  const busy = new Float64Array(demands.distinct.length);
  for (let index = 0; index < steps.length; index++) {
    const place = demands.places[index] as number;
    busy[place] = (busy[place] as number) + (durations[index] as number);
  }
  const work = noWork(limits, concurrency);
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

/** What no order could undercut of a run that went like this. Linear in parts + dependencies. */
export function boundsOfRun(
  parts: Parts,
  timetable: Timetable,
  settings: RunSettings,
  durations: Float64Array,
): LowerBounds {
  return boundsOf(longestPath(parts, timetable), workOf(parts, timetable, settings, durations));
}

/** The same, of the longest path and the work. */
export function boundsOf(criticalPath: number, work: WorkByClass): LowerBounds {
  const byClass = Array.from(work, ([name, { limit, work }]) => [name, work / limit] as const);
  const best = Math.max(criticalPath, ...byClass.map(([, bound]) => bound));
  return { criticalPath, resources: Object.fromEntries(byClass), best };
}
