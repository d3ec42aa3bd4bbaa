import type { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { RunSettings } from '../engine/run-settings.ts';
import { Sharing } from '../sharing/sharing.ts';
import type { SharedLimits } from './shared-limits.ts';

/** The limits that a run shares, each once; what can't be used is noted with the checker. */
export function readShared(
  checker: OptionChecker,
  shared: SharedLimits | readonly SharedLimits[] | undefined,
  blueprint: Blueprint,
): readonly Sharing[] {
  if (shared === undefined) return none;
  const found = new Set<Sharing>();
  for (const each of Array.isArray(shared) ? (shared as readonly SharedLimits[]) : [shared as SharedLimits]) {
    const one = (each as Partial<SharedLimits> | null)?.sharing;
    if (one instanceof Sharing) found.add(one);
    else checker.fail('shared', 'made by sharedLimits(), or a list of what is', each);
  }
  for (const { label, runs, runsClass } of Array.from(found, ({ budget }) => budget))
    if (runs !== undefined && blueprint.resources.has(runsClass))
      checker.fail(
        'shared',
        `without '${runsClass}', or the steps that demand a class of that name with another: it is how many runs may be under way`,
        label,
      );
  return [...found];
}

/** Makes a run's part in them. */
export function shareOf(shared: readonly Sharing[], priority: number): RunSettings['share'] {
  const [first] = shared;
  if (first === undefined) return undefined;
  const budgets = shared.map(({ budget }) => budget);
  return (run) => new first.Share(budgets, priority, run);
}

const none: readonly Sharing[] = [];
