import { decided, decidedYesOrNo } from '../base/decision.ts';
import type { BranchingEdge } from '../definition/branching-plan.ts';
import { edge, type Join } from '../definition/join.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { StepFailedError } from '../observe/failures.ts';
import { NoneSucceededError, UnknownBranchError } from './branching-errors.ts';

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
    const { when } = this.#host.stepAt(step).settings;
    let runs = true;
    if (when !== undefined) {
      try {
        runs = decidedYesOrNo(
          () => `step '${this.#host.idAt(step)}'`,
          'what its when gives',
          when(this.#host.inputsOf(step) as never),
        );
      } catch (error) {
        this.#host.fail(step, error);
        return;
      }
    }
    if (runs) this.#host.start(step);
    else this.#host.skipForWhen(step);
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
        chosen = this.#select(step, join);
      } catch (error) {
        host.fail(step, error);
        return;
      }
      this.#chosen.set(step, chosen);
      const places = placesOf(chosen);
      for (const input of edges) {
        if (input.kind !== edge.lazy) continue;
        if (places.has(input.place)) host.activate(input.step);
        else host.letGo(step, input);
      }
      if (!host.isWaiting(step)) return;
    }
    const places = placesOf(chosen);
    const wanted = edges.filter(({ place }) => places.has(place));
    if (host.areThere(step, wanted)) host.start(step);
  }

  #select(step: number, { selector, branches }: Join & { readonly kind: 'choose' }) {
    const id = (): string => this.#host.idAt(step);
    const expected = 'the name of a branch';
    const name: unknown = decided(
      () => `step '${id()}'`,
      'what its selector gives',
      expected,
      selector(this.#host.inputsOf(step)),
    );
    const chosen = typeof name === 'string' ? branches.get(name) : undefined;
    if (chosen === undefined) throw new UnknownBranchError(id(), name, [...branches.keys()]);
    return chosen;
  }

  #takeFirst(step: number, edges: readonly BranchingEdge[]): void {
    const host = this.#host;
    const winner = edges.find((input) => host.hasCompleted(input.step));
    if (winner !== undefined) {
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
    if (!host.isSettled(first.step)) return;
    if (host.hasCompleted(first.step)) {
      this.#chosen.set(step, first.place);
      host.letGo(step, other);
      host.start(step);
    } else if (!host.hasFailed(first.step)) {
      host.skipAfter(step, first.step);
    } else {
      if (!this.#chosen.has(step)) {
        this.#chosen.set(step, other.place);
        host.activate(other.step);
      }
      if (host.areThere(step, [other])) host.start(step);
    }
  }
}

function placesOf(chosen: number | ReadonlyMap<string, number>): ReadonlySet<number> {
  return new Set(typeof chosen === 'number' ? [chosen] : chosen.values());
}
