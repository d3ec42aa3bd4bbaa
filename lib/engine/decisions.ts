import { decided, decidedYesOrNo } from '../base/decision.ts';
import type { BranchingEdge } from '../definition/branching-plan.ts';
import { edge, type Join } from '../definition/join.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { StepFailedError } from '../observe/failures.ts';
import { NoneSucceededError, UnknownBranchError } from './branching-errors.ts';
import type { Choice } from './keeper.ts';

/** What decisions ask of the graph whose steps they are about. */
export interface DecisionsHost {
  stepAt(step: number): StepDefinition;
  idAt(step: number): string;
  edgesOf(step: number): readonly BranchingEdge[];
  inputsOf(step: number): Readonly<Record<string, unknown>>;
  isWaiting(step: number): boolean;
  hasCompleted(step: number): boolean;
  isSettled(step: number): boolean;
  hasFailed(step: number): boolean;
  /** What those have failed with, each once, through steps that were skipped for them. */
  errorsOf(edges: readonly BranchingEdge[]): StepFailedError[];
  /** Whether all of them have come; where one never will, the step is skipped. */
  areThere(step: number, edges: readonly BranchingEdge[]): boolean;
  /** Starts a step for which all is there. */
  start(step: number): void;
  fail(step: number, cause: unknown): void;
  /** Its own `when` said no. */
  skipForWhen(step: number): void;
  /** Skips a step since another one didn't complete. */
  skipAfter(step: number, lost: number): void;
  /** A branch was chosen: its steps may start. */
  activate(step: number): void;
  /** What was decided in an earlier run that this one goes on with. */
  choiceOf(step: number): Choice | undefined;
  /** Something was decided. */
  noteChoice(step: number, choice: Choice): void;
  /** A step does without one of its inputs. */
  letGo(step: number, input: BranchingEdge): void;
}

/**
 * What only the run can say: whether a step runs, by its `when`, and which of several a step takes that joins them.
 *
 *     choose    its dependencies ─▶ selector ─▶ one branch is activated, the others are let go
 *     first-of  the first to complete wins, the others are let go
 *     fallback  the first one; where it fails, the other one is activated
 */
export class Decisions {
  readonly #host: DecisionsHost;
  /** The inputs that joins have settled for, by place: one, or by name those of a record. */
  readonly #chosen = new Map<number, number | ReadonlyMap<string, number>>();

  constructor(host: DecisionsHost) {
    this.#host = host;
  }

  /** Which inputs a join has settled for; `undefined` for other steps, and before. */
  chosenBy(step: number): number | ReadonlyMap<string, number> | undefined {
    return this.#chosen.get(step);
  }

  /** Whether a join has settled for an input. */
  hasChosen(step: number, place: number): boolean {
    const chosen = this.#chosen.get(step);
    return chosen !== undefined && placesOf(chosen).has(place);
  }

  /** All that a step needs is there: does it run? */
  gate(step: number): void {
    const host = this.#host;
    const { when } = host.stepAt(step).settings;
    let runs = true;
    if (when !== undefined) {
      const known = host.choiceOf(step);
      try {
        runs =
          typeof known === 'boolean'
            ? known
            : decidedYesOrNo(
                () => `step '${host.idAt(step)}'`,
                'what its when gives',
                when(host.inputsOf(step) as never),
              );
      } catch (error) {
        host.fail(step, error);
        return;
      }
      if (known === undefined) host.noteChoice(step, runs);
    }
    if (runs) host.start(step);
    else host.skipForWhen(step);
  }

  /** A join takes what it took in an earlier run that this one goes on with. */
  recall(step: number, join: Join, choice: Choice): void {
    const host = this.#host;
    const edges = host.edgesOf(step);
    if (join.kind === 'choose') {
      const chosen = typeof choice === 'string' ? join.branches.get(choice) : undefined;
      if (chosen !== undefined) this.#settleFor(step, chosen, edges);
      return;
    }
    const taken = edges.find(({ place }) => place === choice);
    if (taken === undefined) return;
    this.#chosen.set(step, taken.place);
    for (const input of edges) if (input !== taken) host.letGo(step, input);
    if (join.kind === 'fallback') host.activate(taken.step);
  }

  /** One of those that a join joins is settled, or the join may start. */
  look(step: number, join: Join): void {
    const edges = this.#host.edgesOf(step);
    if (join.kind === 'choose') this.#choose(step, join, edges);
    else if (join.kind === 'first-of') this.#takeFirst(step, edges);
    else this.#fallBack(step, edges);
  }

  #choose(step: number, join: Join & { readonly kind: 'choose' }, edges: readonly BranchingEdge[]): void {
    const host = this.#host;
    let chosen = this.#chosen.get(step);
    if (chosen === undefined) {
      const needed = edges.filter(({ kind }) => kind !== edge.lazy);
      if (!host.areThere(step, needed)) return;
      try {
        const name = this.#select(step, join);
        host.noteChoice(step, name);
        chosen = join.branches.get(name);
      } catch (error) {
        host.fail(step, error);
        return;
      }
      if (chosen === undefined) return;
      this.#settleFor(step, chosen, edges);
      if (!host.isWaiting(step)) return;
    }
    const places = placesOf(chosen);
    const wanted = edges.filter(({ place }) => places.has(place));
    if (host.areThere(step, wanted)) host.start(step);
  }

  #settleFor(
    step: number,
    chosen: number | ReadonlyMap<string, number>,
    edges: readonly BranchingEdge[],
  ): void {
    this.#chosen.set(step, chosen);
    const places = placesOf(chosen);
    for (const input of edges) {
      if (input.kind !== edge.lazy) continue;
      if (places.has(input.place)) this.#host.activate(input.step);
      else this.#host.letGo(step, input);
    }
  }

  /** @returns the name of one of the branches */
  #select(step: number, { selector, branches }: Join & { readonly kind: 'choose' }): string {
    const id = (): string => this.#host.idAt(step);
    const expected = 'the name of a branch';
    const name: unknown = decided(
      () => `step '${id()}'`,
      'what its selector gives',
      expected,
      selector(this.#host.inputsOf(step)),
    );
    if (typeof name === 'string' && branches.has(name)) return name;
    throw new UnknownBranchError(id(), name, [...branches.keys()]);
  }

  #takeFirst(step: number, edges: readonly BranchingEdge[]): void {
    const host = this.#host;
    const chosen = this.#chosen.get(step);
    if (chosen !== undefined) {
      if (
        host.areThere(
          step,
          edges.filter(({ place }) => place === chosen),
        )
      )
        host.start(step);
      return;
    }
    const winner = edges.find((input) => host.hasCompleted(input.step));
    if (winner !== undefined) {
      host.noteChoice(step, winner.place);
      this.#chosen.set(step, winner.place);
      for (const input of edges) if (input.place !== winner.place) host.letGo(step, input);
      host.start(step);
      return;
    }
    if (edges.some((input) => !host.isSettled(input.step))) return;
    const errors = host.errorsOf(edges);
    if (errors.length > 0) host.fail(step, new NoneSucceededError(host.idAt(step), errors));
    else host.skipAfter(step, edges[0]?.step ?? step);
  }

  #fallBack(step: number, edges: readonly BranchingEdge[]): void {
    const host = this.#host;
    const [first, other] = edges as [BranchingEdge, BranchingEdge];
    const chosen = this.#chosen.get(step);
    if (chosen !== undefined) {
      if (host.areThere(step, [chosen === first.place ? first : other])) host.start(step);
      return;
    }
    if (!host.isSettled(first.step)) return;
    if (host.hasCompleted(first.step)) {
      this.#chosen.set(step, first.place);
      host.noteChoice(step, first.place);
      host.letGo(step, other);
      host.start(step);
    } else if (!host.hasFailed(first.step)) {
      host.skipAfter(step, first.step);
    } else {
      this.#chosen.set(step, other.place);
      host.noteChoice(step, other.place);
      host.activate(other.step);
      if (host.areThere(step, [other])) host.start(step);
    }
  }
}

function placesOf(chosen: number | ReadonlyMap<string, number>): ReadonlySet<number> {
  return new Set(typeof chosen === 'number' ? [chosen] : chosen.values());
}
