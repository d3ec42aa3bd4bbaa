import type { Demand } from '../admission/demand.ts';
import { ResourceLimitError } from '../admission/resource-limit-error.ts';
import { ownOf } from '../base/record.ts';
import type { Blueprint, LaterDemand } from '../definition/blueprint.ts';
import type { StepTable } from './step-table.ts';

/** The demands of steps that came while the run was under way and may start yet, each with one of them. */
export type NestedDemands = () => readonly (readonly [demand: Demand, stepId: string])[];

/** A limit that is to be: how much, in which time where it is a rate, and by whose limits where they are shared. */
interface NewLimit {
  readonly limit: number;
  readonly perMs?: number;
  readonly label?: string;
}

/** Refuses limits that would leave steps of a run without what they need. */
export class LimitRefusals {
  readonly #blueprint: Blueprint;
  readonly #table: StepTable;
  readonly #nestedDemands: NestedDemands;

  constructor(blueprint: Blueprint, table: StepTable, nestedDemands: NestedDemands) {
    this.#blueprint = blueprint;
    this.#table = table;
    this.#nestedDemands = nestedDemands;
  }

  /** @throws ResourceLimitError where a step that isn't over demands more than that */
  check(resource: string, terms: NewLimit): void {
    if (resource === 'concurrency') {
      this.#refuseTooFew(terms);
      return;
    }
    this.#refuseTooSmallForLater(resource, terms);
    const { demands, graph } = this.#blueprint;
    const amounts = demands.distinct.map((demand) => ownOf(demand, resource) ?? 0);
    if (amounts.every((amount) => amount <= terms.limit)) return;
    for (const [index, place] of demands.places.entries()) {
      const amount = amounts[place] as number;
      if (amount > terms.limit && !this.#table.isSettled(index))
        throw tooMuch(graph.ids[index] ?? '', resource, amount, terms);
    }
  }

  /** Those that start together need as many places at once. */
  #refuseTooFew(terms: NewLimit): void {
    const gang = this.#blueprint.gangs.find(
      (each) => each.length > terms.limit && each.some((step) => !this.#table.isSettled(step)),
    );
    if (gang !== undefined)
      throw tooMuch(this.#blueprint.nameOfGang(gang), 'concurrency', gang.length, terms);
  }

  #refuseTooSmallForLater(resource: string, terms: NewLimit): void {
    const isOpen = ({ hosts }: LaterDemand): boolean => hosts.some((index) => !this.#table.isSettled(index));
    const later = this.#blueprint.laterDemands
      .filter(isOpen)
      .map(({ demand, stepId }) => [demand, stepId] as const);
    for (const [demand, stepId] of [...later, ...this.#nestedDemands()]) {
      const amount = ownOf(demand, resource) ?? 0;
      if (amount > terms.limit) throw tooMuch(stepId, resource, amount, terms);
    }
  }
}

function tooMuch(
  stepId: string,
  resource: string,
  demand: number,
  { limit, perMs, label }: NewLimit,
): ResourceLimitError {
  return new ResourceLimitError(stepId, resource, demand, limit, 0, perMs, label);
}
