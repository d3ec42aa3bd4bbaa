import type { Share } from './share.ts';
import type { SharedBudget } from './shared-budget.ts';

/** Under this name shared limits bring what a run needs that shares them. */
export const sharing = Symbol('millrace.sharing');

/** Limits, and what makes a run's part in them. */
export interface Sharing {
  readonly budget: SharedBudget;
  readonly Share: typeof Share;
}
