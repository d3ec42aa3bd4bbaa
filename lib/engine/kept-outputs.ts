import type { StepDefinition } from '../definition/step.ts';
import type { Edges } from './edges.ts';
import type { Choice, Keeper, Kept, Recalled } from './keeper.ts';
import { type KnowingScope, KnownOutputs } from './known-outputs.ts';
import { nobody } from './step-table.ts';

/** A graph of which some outputs may be kept. */
export interface RecallingScope extends KnowingScope {
  readonly isStopped: boolean;
  readonly edges: Edges | undefined;
  /** A step completes with what is kept, whether or not that was fetched. */
  restoreStep(step: number, order: number | undefined, outputs: ReadonlyMap<number, unknown>): void;
}

/**
 * Settles the steps of a graph whose outputs are given or kept, and those that only they need: none of them runs. Then calls `launch`, once
 * what is kept has been fetched.
 */
export function recall(scope: RecallingScope, keeper: Keeper, launch: () => void): void {
  const { blueprint } = scope;
  const pathOf = (step: number): string => scope.idOf(blueprint.steps[step] as StepDefinition);
  keeper.recall({ blueprint, pathOf }, (recalled) => {
    if (scope.isStopped) launch();
    else fetch(new KeptOutputs(scope, keeper, recalled), launch);
  });
}

/** Fetches the outputs that somebody will work with; what can't be had any more is to be made anew. */
function fetch(known: KeptOutputs, launch: () => void): void {
  const { scope, keeper } = known;
  const wanted = known.wanted();
  keeper.load(
    wanted.map(([, kept]) => kept),
    (loaded) => {
      if (scope.isStopped) {
        launch();
        return;
      }
      const lost: number[] = [];
      for (const [at, [step]] of wanted.entries()) {
        const one = loaded[at];
        if (one === undefined) lost.push(step);
        else known.outputs.set(step, one.output);
      }
      if (lost.length > 0) {
        fetch(known.without(lost), launch);
        return;
      }
      known.settle();
      launch();
    },
  );
}

/** What is known of a graph that an earlier run may have gone through. */
class KeptOutputs extends KnownOutputs {
  /** Those that were fetched, by step. */
  readonly outputs = new Map<number, unknown>();
  readonly keeper: Keeper;
  declare readonly scope: RecallingScope;
  /** What joins that aren't known have chosen, where that stands whatever becomes of it. */
  readonly #choices = new Map<number, Choice>();
  readonly #kept = new Map<number, Kept>();
  readonly #again: ReadonlySet<number>;

  constructor(scope: RecallingScope, keeper: Keeper, { kept, again }: Recalled) {
    super(scope);
    this.keeper = keeper;
    this.#again = again;
    for (const [step, one] of kept) {
      if (this.isKnown(step)) continue;
      this.#kept.set(step, one);
      this.note(step, () => {
        scope.restoreStep(step, one.order, this.outputs);
      });
    }
    this.#dropPartsOfGangs();
    if (scope.edges !== undefined) this.#recallChoices();
  }

  override settle(): void {
    super.settle();
    for (const [step, choice] of this.#choices) {
      const { join } = (this.scope.blueprint.steps[step] as StepDefinition).settings;
      if (join !== undefined) this.scope.edges?.recall(step, join, choice);
    }
  }

  /** What is kept and will be worked with. */
  wanted(): (readonly [step: number, kept: Kept])[] {
    const { outputs, steps } = this.scope.blueprint;
    const given = new Set(outputs.values());
    return [...this.#kept].filter(
      ([step, { order }]) =>
        given.has(step) ||
        (order !== undefined && (steps[step] as StepDefinition).settings.cleanup !== undefined) ||
        this.#isWorkedWith(step),
    );
  }

  /** The same, some of what was kept being lost. */
  without(lost: readonly number[]): KeptOutputs {
    const kept = new Map([...this.#kept].filter(([step]) => !lost.includes(step)));
    return new KeptOutputs(this.scope, this.keeper, { kept, again: this.#again });
  }

  protected override get isEmpty(): boolean {
    return this.#choices.size === 0 && super.isEmpty;
  }

  protected override *roots(): Iterable<number> {
    yield* super.roots();
    yield* this.#again;
  }

  protected override needsOf(step: number): Iterable<number> {
    const choice = this.#choices.get(step);
    if (choice === undefined) return super.needsOf(step);
    const { steps, branching } = this.scope.blueprint;
    const places = placesChosen(steps[step] as StepDefinition, choice);
    const edges = branching?.edgesOf(step) ?? [];
    return edges.filter(({ place }) => places.has(place)).map((input) => input.step);
  }

  /** Whether a step that isn't known will work with it. */
  #isWorkedWith(step: number): boolean {
    const { starts, values } = this.scope.blueprint.graph.dependents;
    return values
      .subarray(starts[step], starts[step + 1])
      .some((each) => !this.isKnown(each) && this.isNeeded(each));
  }

  /** Steps that a stream connects are known together, or run together. */
  #dropPartsOfGangs(): void {
    for (const gang of this.scope.blueprint.gangs) {
      if (gang.every((step) => this.isKnown(step))) continue;
      for (const step of gang) if (this.#kept.delete(step)) this.note(step, undefined);
    }
  }

  #recallChoices(): void {
    for (const [step, { settings }] of this.scope.blueprint.steps.entries()) {
      if (this.isKnown(step) || (settings.join === undefined && settings.when === undefined)) continue;
      const path = this.pathAt(step);
      const choice = this.keeper.choiceOf(path);
      if (choice === undefined) continue;
      // What a fallback stands in for may fail this time.
      if (settings.join?.kind === 'fallback' && choice === 0) continue;
      if (settings.join !== undefined) this.#choices.set(step, choice);
      // Its `when` has said no.
      else if (choice === false)
        this.note(step, () => {
          this.scope.skipStep(step, { because: path, reason: 'when', by: nobody });
        });
    }
  }
}

function placesChosen({ settings: { join } }: StepDefinition, choice: Choice): ReadonlySet<number> {
  if (join?.kind !== 'choose') return new Set(typeof choice === 'number' ? [choice] : []);
  const chosen = typeof choice === 'string' ? join.branches.get(choice) : undefined;
  return new Set(typeof chosen === 'object' ? chosen.values() : chosen === undefined ? [] : [chosen]);
}
