/** What bodies hold of shared limits that were given up, and go on: who they are, and for whom that leaves too little. */
import type { SharedDemand } from '../admission/shared-demand.ts';
import { Claim } from './claim.ts';
import type { SharedBudget } from './shared-budget.ts';

/** A class of which there is too little for good. */
interface Loss {
  readonly name: string;
  readonly capacity: number;
  /** How much of it such bodies hold. */
  readonly lost: number;
  /** How messages call the limits. */
  readonly label: string;
}

/** What a demand lacks for good; `undefined` where it can be met some time. */
export function lossOf(demand: SharedDemand | undefined): Loss | undefined {
  const lost = demand instanceof Claim ? demand.shape.hopelessPart?.class : undefined;
  return lost === undefined
    ? undefined
    : { name: lost.name, capacity: lost.capacity, lost: lost.lost, label: lost.owner.label };
}

/** A body was given up that holds something; it is told by that name. */
export function noteGivenUp(holder: object, demand: SharedDemand | undefined, name: string): void {
  if (!(demand instanceof Claim)) return;
  for (const { class: each } of demand.shape.parts) each.owner.givenUp.set(holder, name);
}

/** It has stopped after all. */
export function forgetGivenUp(holder: object, demand: SharedDemand | undefined): void {
  if (!(demand instanceof Claim)) return;
  for (const { class: each } of demand.shape.parts) each.owner.givenUp.delete(holder);
}

/** The steps of other runs whose bodies were given up and hold something of shared limits. */
export function givenUpBeside(budgets: readonly SharedBudget[], own: ReadonlySet<object>): string[] {
  const all = budgets.flatMap(({ givenUp }) => [...givenUp]);
  return [...new Set(all.flatMap(([holder, name]) => (own.has(holder) ? [] : [name])))];
}
