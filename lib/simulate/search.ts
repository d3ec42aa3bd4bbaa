import { remainingPaths } from '../graph/remaining-paths.ts';
import type { Problem } from './problem.ts';
import { SerialSchedules, type Starts } from './serial-schedules.ts';

/** When a search ends, beside finding what can't be bettered. */
export interface SearchBudget {
  /** Whether so many schedules were enough. */
  isSpent(schedules: number): boolean;
}

/**
 * Looks for short schedules: those of the longest remaining path first, then of keys drawn around that rule and around
 * the best schedules found so far, each improved forwards and backwards.
 *
 * @param goal - a length that can't be undercut
 * @param found - told of each schedule; gives how long it is as it counts for the search
 * @returns how many schedules were made
 */
export function search(
  problem: Problem,
  goal: number,
  budget: SearchBudget,
  random: () => number,
  found: (schedule: Starts) => number,
): number {
  const schedules = new SerialSchedules(problem);
  const rule = remainingPaths(problem, problem.durations).map((path) => -path);
  const elite: { readonly starts: Float64Array; readonly length: number }[] = [];
  let best = Infinity;
  for (let round = 0; round === 0 || (best > goal && !budget.isSpent(schedules.made)); round++) {
    const parent = round % 5 === 0 ? undefined : elite[Math.floor(random() * elite.length)];
    const keys =
      round === 0 ? rule : drawnAround(parent?.starts ?? rule, parent === undefined ? 3 : 0.4, random);
    let schedule = schedules.improved(schedules.byKeys(keys));
    for (;;) {
      const better = schedules.improved(schedule);
      if (better.makespan >= schedule.makespan) break;
      schedule = better;
    }
    best = Math.min(best, found(schedule));
    keep(elite, { starts: schedule.starts, length: schedule.makespan });
  }
  return schedules.made;
}

/** Keys moved at random by up to a share of their range. */
function drawnAround(keys: Float64Array, share: number, random: () => number): Float64Array {
  let least = Infinity;
  let most = -Infinity;
  for (const key of keys) {
    least = Math.min(least, key);
    most = Math.max(most, key);
  }
  // Where all keys are equal, any width will do.
  const width = share * (most - least || 1) * random();
  return keys.map((key) => key + width * random());
}

const eliteSize = 3;

/** Keeps the shortest, of one length the latest. */
function keep(
  elite: { readonly starts: Float64Array; readonly length: number }[],
  schedule: { readonly starts: Float64Array; readonly length: number },
): void {
  const place = elite.findIndex(({ length }) => length >= schedule.length);
  if (place === -1) elite.push(schedule);
  else elite.splice(place, 0, schedule);
  if (elite.length > eliteSize) elite.pop();
}
