import type { Blueprint } from '../definition/blueprint.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { Origin } from '../observe/progress-event.ts';
import type { Skip } from './skip.ts';
import { nobody } from './step-table.ts';

/** A graph of which some outputs may be known. */
export interface KnowingScope {
  readonly blueprint: Blueprint;
  readonly run: { readonly settings: { readonly given: ReadonlyMap<string, unknown> } };
  idOf(definition: StepDefinition): string;
  completeStep(step: number, output: unknown, origin: Origin, order?: number): void;
  skipStep(step: number, skip: Skip): void;
}

/** What is known of the steps of a graph before they start, and what that leaves to be done. It begins with the outputs that are given. */
export class KnownOutputs {
  protected readonly scope: KnowingScope;
  /** What settles the steps that are known. */
  readonly #settle: ((() => void) | undefined)[];
  /** Found out once somebody asks: as a rule nothing is known. */
  #needed: Uint8Array | undefined;

  constructor(scope: KnowingScope) {
    this.scope = scope;
    this.#settle = new Array<undefined>(scope.blueprint.graph.size).fill(undefined);
    const { given } = scope.run.settings;
    if (given.size === 0) return;
    for (const step of scope.blueprint.steps.keys()) {
      const path = this.pathAt(step);
      if (!given.has(path)) continue;
      this.note(step, () => {
        scope.completeStep(step, given.get(path), 'given');
      });
    }
  }

  protected note(step: number, settle: (() => void) | undefined): void {
    this.#settle[step] = settle;
  }

  protected isKnown(step: number): boolean {
    return this.#settle[step] !== undefined;
  }

  protected get isEmpty(): boolean {
    return this.#settle.every((settle) => settle === undefined);
  }

  protected pathAt(step: number): string {
    return this.scope.idOf(this.scope.blueprint.steps[step] as StepDefinition);
  }

  /** Settles the steps that are known, and those that only they need: none of them runs. */
  settle(): void {
    const { order, dependents } = this.scope.blueprint.graph;
    if (this.isEmpty) return;
    // Downwards from the outputs, so that none is skipped for want of another.
    for (let at = order.length - 1; at >= 0; at--) {
      const step = order[at] as number;
      if (this.isNeeded(step) || this.isKnown(step)) continue;
      // The id of a step that would need it.
      const because = this.pathAt(dependents.values[dependents.starts[step] as number] ?? step);
      this.scope.skipStep(step, { because, reason: 'not-needed', by: nobody });
    }
    // Likewise, so that none is made ready by another.
    for (let at = order.length - 1; at >= 0; at--) this.#settle[order[at] as number]?.();
  }

  /** Whether somebody needs a step that isn't known, or needs it for the outputs. */
  protected isNeeded(step: number): boolean {
    this.#needed ??= this.#findNeeded();
    return this.#needed[step] === 1;
  }

  /** The steps that are needed whatever is known: for the outputs, or by nobody at all. */
  protected *roots(): Iterable<number> {
    const { graph, outputs } = this.scope.blueprint;
    const { starts } = graph.dependents;
    yield* outputs.values();
    for (let step = 0; step < graph.size; step++) if (starts[step] === starts[step + 1]) yield step;
  }

  /** What a step needs that isn't known. */
  protected needsOf(step: number): Iterable<number> {
    const { starts, values } = this.scope.blueprint.graph.dependencies;
    return values.subarray(starts[step], starts[step + 1]);
  }

  #findNeeded(): Uint8Array {
    // A Set goes on over what is added while it is walked.
    const found = new Set(this.roots());
    for (const step of found)
      if (!this.isKnown(step)) for (const needed of this.needsOf(step)) found.add(needed);
    const flags = new Uint8Array(this.#settle.length);
    for (const step of found) flags[step] = 1;
    return flags;
  }
}
