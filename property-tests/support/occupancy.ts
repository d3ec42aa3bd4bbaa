import type { Journal } from './journal.ts';
import { wholeDemand } from './replay.ts';
import type { Scenario } from './scenario.ts';

/**
 * What the bodies hold at a point of the journal, as they themselves tell: from their call until nothing is left of them.
 *
 * For this project only: the laws of `millrace/testing` go by what events say is held, and this is what that is compared with.
 */
export class Occupancy {
  readonly #scenario: Scenario;
  readonly #bodies = new Set<string>();
  readonly taken: Record<string, number> = {};

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  get bodies(): readonly string[] {
    return [...this.#bodies];
  }

  heed(entry: Journal['entries'][number]): void {
    if (entry.kind !== 'called' && entry.kind !== 'gone') return;
    const sign = entry.kind === 'called' ? 1 : -1;
    if (sign === 1) this.#bodies.add(entry.stepId);
    else this.#bodies.delete(entry.stepId);
    for (const [name, amount] of Object.entries(wholeDemand(this.#scenario, entry.stepId))) {
      this.taken[name] = (this.taken[name] ?? 0) + sign * amount;
    }
  }
}
