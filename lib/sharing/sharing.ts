import type { Share } from './share.ts';
import type { SharedBudget } from './shared-budget.ts';

/** What shared limits bring to a run that is given them: the limits, and what makes the run's part in them. */
export class Sharing {
  readonly budget: SharedBudget;
  readonly Share: typeof Share;

  constructor(budget: SharedBudget, part: typeof Share) {
    this.budget = budget;
    this.Share = part;
  }
}
