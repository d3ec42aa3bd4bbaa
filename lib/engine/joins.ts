// Long because all kinds of joins decide over the same edges, each in a few lines.
import { decided } from '../base/decision.ts';
import { setOwn } from '../base/record.ts';
import type { BranchingEdge } from '../definition/connections.ts';
import { edge, type Join } from '../definition/join.ts';
import type { StepFailedError } from '../observe/failures.ts';
import { NoneSucceededError, UnknownBranchError } from './branching-errors.ts';
import type { Choice } from './keeper.ts';

/** What joins ask of the edges between the steps of a graph. */
export interface JoinsHost {
  edgesOf(step: number): readonly BranchingEdge[];
  idAt(step: number): string;
  inputsOf(step: number): Readonly<Record<string, unknown>>;
  /** What has become of the step behind an input, by its place. */
  outputAt(step: number, place: number): unknown;
  sourceAt(step: number, place: number): number;
  isWaiting(step: number): boolean;
  hasCompleted(step: number): boolean;
  isSettled(step: number): boolean;
  hasFailed(step: number): boolean;
  /** Whether a step that is settled may be missing where it is optional. */
  mayMiss(step: number): boolean;
  /** What a step has failed with, be it through another for which it was skipped. */
  errorOf(step: number): StepFailedError | undefined;
  /** Starts a step for which all is there. */
  start(step: number): void;
  fail(step: number, cause: unknown): void;
  /** Skips a step since another one didn't complete. */
  skipAfter(step: number, lost: number): void;
  /** Lets a dormant step run; false where it may already. */
  rouse(step: number): boolean;
  /** Starts a step if it may start. */
  look(step: number, isComplete: () => boolean): void;
  /** Something was decided. */
  noteChoice(step: number, choice: Choice): void;
  /** A step does without one of its inputs. */
  letGo(step: number, input: BranchingEdge): void;
}

/**
 * What only the run can say of steps that join others: which of several they take.
 *
 *     choose    its dependencies ─▶ selector ─▶ one branch is activated, the others are let go
 *     first-of  the first to complete wins, the others are let go
 *     fallback  the first one; where it fails, the other one is activated
 */
export class Joins {
  readonly #host: JoinsHost;
  /** The inputs that joins have settled for, by place: one, or by name those of a record. */
  readonly #chosen = new Map<number, number | ReadonlyMap<string, number>>();
  /** Branches that were chosen: one after the other, so that many in each other need no deep stack. */
  readonly #toActivate: number[] = [];
  #isActivating = false;

  constructor(host: JoinsHost) {
    this.#host = host;
  }

  /** What a join gives its body; `undefined` for other steps. */
  joined(step: number): Readonly<Record<string, unknown>> | undefined {
    const chosen = this.#chosen.get(step);
    if (chosen === undefined) return undefined;
    if (typeof chosen === 'number') return { output: this.#host.outputAt(step, chosen) };
    const output: Record<string, unknown> = {};
    for (const [name, place] of chosen) setOwn(output, name, this.#host.outputAt(step, place));
    return { output };
  }

  /** The steps whose outputs a join gives on; none of other steps. */
  joinedBy(step: number): readonly number[] {
    const chosen = this.#chosen.get(step);
    return chosen === undefined
      ? []
      : Array.from(placesOf(chosen), (place) => this.#host.sourceAt(step, place));
  }

  /** Whether a join has settled for an input. */
  hasChosen(step: number, place: number): boolean {
    const chosen = this.#chosen.get(step);
    return chosen !== undefined && placesOf(chosen).has(place);
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
    if (join.kind === 'fallback') this.#activate(taken.step);
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
      if (!this.#areThere(step, needed)) return;
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
    if (this.#areThere(step, wanted)) host.start(step);
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
      if (places.has(input.place)) this.#activate(input.step);
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
        this.#areThere(
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
    const errors = this.#errorsOf(edges);
    if (errors.length > 0) host.fail(step, new NoneSucceededError(host.idAt(step), errors));
    else host.skipAfter(step, edges[0]?.step ?? step);
  }

  #fallBack(step: number, edges: readonly BranchingEdge[]): void {
    const host = this.#host;
    const [first, other] = edges as [BranchingEdge, BranchingEdge];
    const chosen = this.#chosen.get(step);
    if (chosen !== undefined) {
      if (this.#areThere(step, [chosen === first.place ? first : other])) host.start(step);
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
      this.#activate(other.step);
      if (this.#areThere(step, [other])) host.start(step);
    }
  }

  /** Whether all of them have come; where one never will, the step is skipped. */
  #areThere(step: number, edges: readonly BranchingEdge[]): boolean {
    const host = this.#host;
    if (!host.isWaiting(step)) return false;
    const isThere = (input: BranchingEdge): boolean =>
      input.kind === edge.optional
        ? host.isSettled(input.step) && host.mayMiss(input.step)
        : host.hasCompleted(input.step) || (input.kind === edge.stream && !host.isSettled(input.step));
    const lost = edges.find((each) => host.isSettled(each.step) && !isThere(each));
    if (lost !== undefined) host.skipAfter(step, lost.step);
    return lost === undefined && edges.every(isThere);
  }

  /** What those have failed with, each once, through steps that were skipped for them. */
  #errorsOf(edges: readonly BranchingEdge[]): StepFailedError[] {
    const errors = new Set(edges.map(({ step }) => this.#host.errorOf(step)));
    return [...errors].filter((error) => error !== undefined);
  }

  /** A branch was chosen: its steps may start. */
  #activate(step: number): void {
    this.#toActivate.push(step);
    if (this.#isActivating) return;
    this.#isActivating = true;
    // The list is its own queue.
    for (let next = 0; next < this.#toActivate.length; next++) this.#wake(this.#toActivate[next] as number);
    this.#toActivate.length = 0;
    this.#isActivating = false;
  }

  /** A step runs, and what it needs. */
  #wake(step: number): void {
    const host = this.#host;
    const woken = new Set<number>();
    const wake = (each: number): void => {
      if (host.rouse(each)) woken.add(each);
    };
    wake(step);
    // A Set goes on over what is added while it is walked.
    for (const each of woken)
      for (const needed of host.edgesOf(each)) if (needed.kind !== edge.lazy) wake(needed.step);
    for (const each of woken)
      if (host.isWaiting(each)) host.look(each, () => this.#areThere(each, host.edgesOf(each)));
  }
}

function placesOf(chosen: number | ReadonlyMap<string, number>): ReadonlySet<number> {
  return new Set(typeof chosen === 'number' ? [chosen] : chosen.values());
}
