import type { Blueprint } from '../definition/blueprint.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { Origin } from '../observe/progress-event.ts';
import type { Edges } from './edges.ts';
import type { Choice, Keeper, Kept, Recalled } from './keeper.ts';
import type { Scope } from './scope.ts';
import type { Skip } from './skip.ts';
import { nobody, type Row, released, type StepTable } from './step-table.ts';

/** A graph of which some outputs may be known. */
interface KnowingScope {
  readonly blueprint: Blueprint;
  readonly first: Row;
  readonly parent: Scope['parent'];
  readonly isOver: boolean;
  readonly stopped: Scope['stopped'];
  readonly edges: Edges | undefined;
  readonly run: {
    readonly table: StepTable;
    readonly settings: { readonly given: ReadonlyMap<string, unknown> };
    wake(work: () => void): void;
  };
  idOf(definition: StepDefinition): string;
  completeStep(step: number, output: unknown, origin: Origin, order?: number): void;
  skipStep(step: number, skip: Skip): void;
}

/** What is known of a step. */
type Known =
  | { readonly kind: 'given'; readonly output: unknown }
  | { readonly kind: 'kept'; readonly kept: Kept }
  /** Its `when` has said no. */
  | { readonly kind: 'skipped' };

/**
 * Settles the steps whose outputs are given or kept, and those that only they need: none of them runs. Then calls `launch`: at once, unless
 * what is kept has to be fetched.
 */
export function applyKnown(scope: KnowingScope, keeper: Keeper | undefined, launch: () => void): void {
  const given = givenIn(scope);
  if (keeper === undefined) {
    settle(scope, new KnownSteps(scope, given, undefined, undefined), new Map());
    launch();
    return;
  }
  const graph = {
    blueprint: scope.blueprint,
    pathOf: (step: number) => pathAt(scope, step),
  };
  keeper.recall(graph, (recalled) => {
    if (scope.stopped === undefined)
      fetch(scope, keeper, new KnownSteps(scope, given, keeper, recalled), launch);
    else launch();
  });
}

/** Fetches the outputs that somebody will work with; what can't be had any more is to be made anew. */
function fetch(scope: KnowingScope, keeper: Keeper, known: KnownSteps, launch: () => void): void {
  const wanted = known.wanted();
  keeper.load(
    wanted.map(([, kept]) => kept),
    (loaded) => {
      if (scope.stopped !== undefined) {
        launch();
        return;
      }
      const outputs = new Map<number, unknown>();
      const lost: number[] = [];
      for (const [at, [step]] of wanted.entries()) {
        const one = loaded[at];
        if (one === undefined) lost.push(step);
        else outputs.set(step, one.output);
      }
      if (lost.length > 0) {
        fetch(scope, keeper, known.without(lost), launch);
        return;
      }
      settle(scope, known, outputs);
      launch();
    },
  );
}

function settle(scope: KnowingScope, known: KnownSteps, outputs: ReadonlyMap<number, unknown>): void {
  const { graph, steps } = scope.blueprint;
  if (known.isEmpty) return;
  const { order } = graph;
  // Downwards from the outputs, so that none is skipped for want of another.
  for (let at = order.length - 1; at >= 0; at--) {
    const step = order[at] as number;
    if (known.isNeeded(step) || known.of(step) !== undefined) continue;
    const because = dependentIn(scope, step);
    scope.skipStep(step, { because, reason: 'not-needed', by: nobody });
  }
  // Likewise, so that none is made ready by another.
  for (let at = order.length - 1; at >= 0; at--) {
    const step = order[at] as number;
    const one = known.of(step);
    if (one?.kind === 'given') scope.completeStep(step, one.output, 'given');
    else if (one?.kind === 'kept')
      scope.completeStep(step, outputs.has(step) ? outputs.get(step) : released, 'restored', one.kept.order);
    else if (one?.kind === 'skipped')
      scope.skipStep(step, { because: pathAt(scope, step), reason: 'when', by: nobody });
  }
  for (const [step, choice] of known.choices) {
    const { join } = (steps[step] as StepDefinition).settings;
    if (join !== undefined) scope.edges?.recall(step, join, choice);
  }
}

/** What is known of the steps of a graph, and what that leaves to be done. */
class KnownSteps {
  /** What joins that aren't known have chosen, where that stands whatever becomes of it. */
  readonly choices = new Map<number, Choice>();
  readonly #scope: KnowingScope;
  /** By step. */
  readonly #known: (Known | undefined)[];
  #count = 0;
  /** Found out once somebody asks: as a rule nothing is known. */
  #needed: Uint8Array | undefined;
  readonly #again: ReadonlySet<number>;
  readonly #keeper: Keeper | undefined;

  constructor(
    scope: KnowingScope,
    given: ReadonlyMap<number, unknown>,
    keeper: Keeper | undefined,
    recalled: Recalled | undefined,
  ) {
    this.#scope = scope;
    this.#keeper = keeper;
    this.#again = recalled?.again ?? nothing;
    this.#known = new Array<undefined>(scope.blueprint.graph.size).fill(undefined);
    if (recalled !== undefined)
      for (const [step, kept] of recalled.kept) this.#note(step, { kind: 'kept', kept });
    for (const [step, output] of given) this.#note(step, { kind: 'given', output });
    this.#dropPartsOfGangs();
    if (keeper !== undefined && scope.edges !== undefined) this.#recallChoices(keeper);
  }

  #note(step: number, known: Known | undefined): void {
    this.#count += Number(known !== undefined) - Number(this.#known[step] !== undefined);
    this.#known[step] = known;
  }

  get isEmpty(): boolean {
    return this.#count === 0 && this.choices.size === 0;
  }

  of(step: number): Known | undefined {
    return this.#known[step];
  }

  /** Whether somebody needs a step that isn't known, or needs it for the outputs. */
  isNeeded(step: number): boolean {
    this.#needed ??= this.#findNeeded();
    return this.#needed[step] === 1;
  }

  /** What is kept and will be worked with. */
  wanted(): (readonly [step: number, kept: Kept])[] {
    const { outputs, steps, graph } = this.#scope.blueprint;
    const given = new Set(outputs.values());
    const wanted: [number, Kept][] = [];
    for (let step = 0; step < graph.size; step++) {
      const one = this.#known[step];
      if (one?.kind !== 'kept') continue;
      const { cleanup } = (steps[step] as StepDefinition).settings;
      const mayBeUndone = cleanup !== undefined && one.kept.order !== undefined;
      if (given.has(step) || mayBeUndone || this.#isWorkedWith(step)) wanted.push([step, one.kept]);
    }
    return wanted;
  }

  /** Whether a step that isn't known will work with it. */
  #isWorkedWith(step: number): boolean {
    const { starts, values } = this.#scope.blueprint.graph.dependents;
    for (let at = starts[step] as number; at < (starts[step + 1] as number); at++) {
      const each = values[at] as number;
      if (this.#known[each] === undefined && this.isNeeded(each)) return true;
    }
    return false;
  }

  /** The same, some of what was kept being lost. */
  without(lost: readonly number[]): KnownSteps {
    const given = new Map<number, unknown>();
    const kept = new Map<number, Kept>();
    for (const [step, one] of this.#known.entries()) {
      if (one === undefined) continue;
      if (one.kind === 'given') given.set(step, one.output);
      else if (one.kind === 'kept' && !lost.includes(step)) kept.set(step, one.kept);
    }
    return new KnownSteps(this.#scope, given, this.#keeper, { kept, again: this.#again });
  }

  /** Steps that a stream connects are known together, or run together. */
  #dropPartsOfGangs(): void {
    for (const gang of this.#scope.blueprint.gangs) {
      if (gang.every((step) => this.#known[step] !== undefined)) continue;
      for (const step of gang) if (this.#known[step]?.kind === 'kept') this.#note(step, undefined);
    }
  }

  #recallChoices(keeper: Keeper): void {
    for (const [step, { settings }] of this.#scope.blueprint.steps.entries()) {
      if (this.#known[step] !== undefined || (settings.join === undefined && settings.when === undefined))
        continue;
      const choice = keeper.choiceOf(pathAt(this.#scope, step));
      if (choice === undefined) continue;
      // What a fallback stands in for may fail this time.
      if (settings.join?.kind === 'fallback' && choice === 0) continue;
      if (settings.join !== undefined) this.choices.set(step, choice);
      else if (choice === false) this.#note(step, { kind: 'skipped' });
    }
  }

  /** The steps that are needed for the outputs, or by nobody at all, where some are known. */
  #findNeeded(): Uint8Array {
    const { graph, outputs, branching, steps } = this.#scope.blueprint;
    const { dependencies, dependents, size } = graph;
    const needed = new Uint8Array(size);
    const found: number[] = [];
    const need = (step: number): void => {
      if (needed[step] === 1) return;
      needed[step] = 1;
      found.push(step);
    };
    for (const step of outputs.values()) need(step);
    for (const step of this.#again) need(step);
    for (let step = 0; step < size; step++)
      if (dependents.starts[step] === dependents.starts[step + 1]) need(step);
    for (let next = 0; next < found.length; next++) {
      const step = found[next] as number;
      if (this.#known[step] !== undefined) continue;
      const choice = this.choices.get(step);
      if (choice === undefined) {
        const { starts, values } = dependencies;
        for (let at = starts[step] as number; at < (starts[step + 1] as number); at++)
          need(values[at] as number);
      } else {
        const places = placesChosen(steps[step] as StepDefinition, choice);
        for (const input of branching?.edgesOf(step) ?? []) if (places.has(input.place)) need(input.step);
      }
    }
    return needed;
  }
}

function placesChosen({ settings: { join } }: StepDefinition, choice: Choice): ReadonlySet<number> {
  if (join?.kind !== 'choose') return new Set(typeof choice === 'number' ? [choice] : []);
  const chosen = typeof choice === 'string' ? join.branches.get(choice) : undefined;
  return new Set(typeof chosen === 'object' ? chosen.values() : chosen === undefined ? [] : [chosen]);
}

function givenIn(scope: KnowingScope): Map<number, unknown> {
  const { given } = scope.run.settings;
  const found = new Map<number, unknown>();
  if (given.size === 0) return found;
  for (const step of scope.blueprint.steps.keys()) {
    const path = pathAt(scope, step);
    if (given.has(path)) found.set(step, given.get(path));
  }
  return found;
}

/** The id of a step that would need another. */
function dependentIn(scope: KnowingScope, step: number): string {
  const { starts, values } = scope.blueprint.graph.dependents;
  return pathAt(scope, values[starts[step] as number] ?? step);
}

function pathAt(scope: KnowingScope, step: number): string {
  return scope.idOf(scope.blueprint.steps[step] as StepDefinition);
}

const nothing: ReadonlySet<number> = new Set();
