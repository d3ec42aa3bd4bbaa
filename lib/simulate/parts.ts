import type { Blueprint } from '../definition/blueprint.ts';
import { type FanOutPlan, KnownGraph, KnownItems } from '../definition/hosted.ts';
import type { StepSettings } from '../definition/step-options.ts';

/** What a step is made of in a simulation. */
export type Inner =
  | { readonly kind: 'graph'; readonly blueprint: Blueprint; readonly first: number }
  | { readonly kind: 'items'; readonly plan: FanOutPlan; readonly first: number; readonly count: number };

/** What decides whether a step is one, or what comes of it. */
export interface Unfolding {
  /** How many items a fan-out gets; `undefined` where nobody knows. */
  itemsOf(id: string, known: number | undefined): number | undefined;
  /** Whether it is said how long a step takes as a whole. */
  isWhole(id: string): boolean;
}

/**
 * The steps of a simulation in one list: those of the workflow, by their indices there, then those of its subflows and the
 * children of its fan-outs, each group in a row from its `first`.
 */
export class Parts {
  readonly blueprint: Blueprint;
  readonly ids: string[] = [];
  readonly settings: StepSettings[] = [];
  /** What those steps are made of that aren't simulated as one. */
  readonly inners = new Map<number, Inner>();
  #indices: Map<string, number> | undefined;

  constructor(blueprint: Blueprint, unfolding: Unfolding) {
    this.blueprint = blueprint;
    this.#add(blueprint, '');
    // The list grows by what is found within.
    for (let index = 0; index < this.ids.length; index++) this.#unfold(index, unfolding);
  }

  indexOf(id: string): number | undefined {
    if (this.inners.size === 0) return this.blueprint.graph.indexOf(id);
    this.#indices ??= new Map(this.ids.map((each, index) => [each, index]));
    return this.#indices.get(id);
  }

  #unfold(index: number, unfolding: Unfolding): void {
    const within = this.settings[index]?.within;
    const id = this.ids[index] as string;
    if (within === undefined) return;
    const first = this.ids.length;
    if (within instanceof KnownGraph) {
      if (unfolding.isWhole(id)) return;
      this.#add(within.blueprint, `${id}/`);
      this.inners.set(index, { kind: 'graph', blueprint: within.blueprint, first });
      return;
    }
    if (!(within instanceof KnownItems)) return;
    const count = unfolding.itemsOf(id, within.count);
    if (count === undefined) return;
    for (let place = 0; place < count; place++) {
      this.ids.push(`${id}[${String(place)}]`);
      this.settings.push(within.plan.settings);
    }
    this.inners.set(index, { kind: 'items', plan: within.plan, first, count });
  }

  #add({ steps }: Blueprint, prefix: string): void {
    for (const { id, settings } of steps) {
      this.ids.push(prefix + id);
      this.settings.push(settings);
    }
  }
}
