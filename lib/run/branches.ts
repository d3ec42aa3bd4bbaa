import { InvalidOptionsError } from '../base/errors.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { BranchingEdge, BranchingPlan } from '../definition/branching-plan.ts';
import { edge, type Join } from '../definition/join.ts';
import type { StepDefinition } from '../definition/step.ts';
import { NoneSucceededError, UnknownBranchError } from './branching-errors.ts';
import type { StepFailedError } from './failures.ts';
import type { SkipReason } from './progress-event.ts';
import { type RunState, status } from './run-state.ts';

/** Why a step didn't run. */
export interface Skip {
  /** The step that is to blame. */
  readonly because: string;
  readonly reason: SkipReason;
}

/** What the branches of a run ask of it. */
export interface BranchHost {
  readonly onFailure: 'fail-fast' | 'continue';
  inputsOf(index: number): Readonly<Record<string, unknown>>;
  makeReady(index: number): void;
  /** Settles a step that will not run. */
  skip(index: number, skip: Skip): void;
  /** Stops a step that nobody needs any more, whatever it is doing. */
  withdraw(index: number, because: string): void;
  /** Fails a step that could not even start. */
  fail(index: number, cause: unknown): void;
  /** All who need a settled step have heard of its end. */
  dealtWith(index: number): void;
  /** What a step failed with. */
  errorOf(index: number): StepFailedError | undefined;
}

/**
 * Which steps of a graph that branches may start, must be skipped, or aren't needed any more.
 *
 * 1. A step starts once every edge to it allows that, and its `when` says so; a join, once it has what it joins.
 * 2. A dormant step starts no earlier than a join has chosen a branch that needs it.
 * 3. A step that nobody can need any more never starts, and is stopped where it runs; but not for a failure under 'continue'.
 * 4. Steps that settle, and branches that are chosen, are dealt with one after the other, so that long chains need no deep stack.
 */
export class Branches {
  readonly #plan: BranchingPlan;
  readonly #blueprint: Blueprint;
  readonly #state: RunState;
  readonly #host: BranchHost;
  readonly #dormant: Uint8Array;
  /** How many may still need each step. */
  readonly #wants: Uint32Array;
  /** Why steps that were skipped or withdrawn were. */
  readonly #skips = new Map<number, Skip>();
  /** The inputs that joins have settled for, by place: one, or by name those of a record. */
  readonly #chosen = new Map<number, number | ReadonlyMap<string, number>>();
  /** The inputs that joins have let go of. */
  readonly #letGo = new Map<number, Set<number>>();
  readonly #settled: number[] = [];
  #isDealing = false;
  /** Who it is that is settled and dealt with just now. */
  #dealtWith: number | undefined;
  readonly #toActivate: number[] = [];
  #isActivating = false;

  constructor(plan: BranchingPlan, blueprint: Blueprint, state: RunState, host: BranchHost) {
    this.#plan = plan;
    this.#blueprint = blueprint;
    this.#state = state;
    this.#host = host;
    this.#dormant = plan.dormant.slice();
    const { starts } = blueprint.graph.dependents;
    this.#wants = new Uint32Array(blueprint.graph.size).map(
      (_, index) => (starts[index + 1] as number) - (starts[index] as number),
    );
    for (const index of blueprint.outputs.values()) this.#wants[index] = (this.#wants[index] as number) + 1;
    // What runs at the same time isn't waited for.
    for (const [at, dependent] of blueprint.graph.dependents.values.entries())
      if (plan.kinds[at] === edge.stream)
        state.waitingFor[dependent] = (state.waitingFor[dependent] as number) - 1;
  }

  /** Whether a step's failure is dealt with by another. */
  isGuarded(index: number): boolean {
    return this.#plan.guarded[index] === 1;
  }

  /** Whether no branch has been chosen yet that needs a step. */
  isDormant(index: number): boolean {
    return this.#dormant[index] === 1;
  }

  /** Why a step was skipped or withdrawn. */
  skipOf(index: number): Skip | undefined {
    return this.#skips.get(index);
  }

  /** Starts what may start at the beginning. */
  launch(index: number): void {
    if (this.#dormant[index] === 1 || this.#state.statuses[index] !== status.waiting) return;
    if (this.#joinOf(index) !== undefined) this.#join(index);
    else if (this.#state.waitingFor[index] === 0) this.#gate(index);
  }

  /** What a join gives its body; `undefined` for other steps. */
  joined(index: number): Readonly<Record<string, unknown>> | undefined {
    const chosen = this.#chosen.get(index);
    if (chosen === undefined) return undefined;
    if (typeof chosen === 'number') return { output: this.#outputAt(index, chosen) };
    const output: Record<string, unknown> = {};
    for (const [name, place] of chosen) output[name] = this.#outputAt(index, place);
    return { output };
  }

  /** A step is settled: what needs it looks again. */
  settled(index: number): void {
    this.#settled.push(index);
    if (this.#isDealing) return;
    this.#isDealing = true;
    // The list is its own queue.
    for (let next = 0; next < this.#settled.length; next++) {
      this.#dealtWith = this.#settled[next] as number;
      this.#deal(this.#dealtWith);
      this.#host.dealtWith(this.#dealtWith);
    }
    this.#settled.length = 0;
    this.#isDealing = false;
    this.#dealtWith = undefined;
  }

  /** A step reads a stream no further. */
  left(index: number, place: number, producer: number): void {
    const letGo = this.#letGo.get(index) ?? new Set();
    if (letGo.has(place)) return;
    this.#letGo.set(index, letGo.add(place));
    this.#wantLess(producer, this.#leftBy(index));
  }

  #leftBy(index: number): Against {
    return { because: this.#stepAt(index).id, reason: 'not-needed', stopsRunning: true };
  }

  #deal(index: number): void {
    const { starts, values } = this.#blueprint.graph.dependents;
    const end = starts[index + 1] as number;
    for (let at = starts[index] as number; at < end; at++)
      this.#heed(index, values[at] as number, this.#plan.kinds[at] as number);
    const letGo = this.#letGo.get(index);
    for (const { step, place, kind } of this.#plan.edgesOf(index)) {
      if (letGo?.has(place) === true) continue;
      this.#wantLess(step, kind === edge.stream ? this.#leftBy(index) : this.#reasonAgainst(index));
    }
  }

  /** A step that another needs is settled. */
  #heed(settled: number, index: number, kind: number): void {
    const state = this.#state;
    if (this.#joinOf(index) === undefined) {
      const isThere =
        kind === edge.optional ? this.#mayMiss(settled) : state.statuses[settled] === status.completed;
      const left = (state.waitingFor[index] as number) - (isThere && kind !== edge.stream ? 1 : 0);
      state.waitingFor[index] = left;
      if (state.statuses[index] !== status.waiting || this.#dormant[index] === 1) return;
      if (!isThere) this.#skipAfter(index, settled);
      else if (left === 0 && kind !== edge.stream) this.#gate(index);
    } else if (state.statuses[index] === status.waiting && this.#dormant[index] === 0) {
      this.#join(index);
    }
  }

  /** All that a step needs is there: does it run? */
  #gate(index: number): void {
    const { when } = this.#stepAt(index).settings;
    if (when !== undefined) {
      let runs: unknown;
      try {
        runs = when(this.#host.inputsOf(index) as never);
      } catch (error) {
        this.#host.fail(index, error);
        return;
      }
      if (typeof runs !== 'boolean') {
        this.#host.fail(index, notBoolean(this.#stepAt(index).id, runs));
        return;
      }
      if (!runs) {
        this.#skip(index, { because: this.#stepAt(index).id, reason: 'when' });
        return;
      }
    }
    this.#host.makeReady(index);
  }

  #join(index: number): void {
    const join = this.#joinOf(index) as Join;
    const edges = this.#plan.edgesOf(index);
    if (join.kind === 'choose') this.#choose(index, join, edges);
    else if (join.kind === 'first-of') this.#takeFirst(index, edges);
    else this.#fallBack(index, edges);
  }

  #choose(index: number, join: Join & { readonly kind: 'choose' }, edges: readonly BranchingEdge[]): void {
    let chosen = this.#chosen.get(index);
    if (chosen === undefined) {
      const needed = edges.filter(({ kind }) => kind !== edge.lazy);
      if (!this.#areThere(index, needed)) return;
      try {
        chosen = this.#select(index, join);
      } catch (error) {
        this.#host.fail(index, error);
        return;
      }
      this.#chosen.set(index, chosen);
      const places = placesOf(chosen);
      for (const { place, step, kind } of edges) {
        if (kind !== edge.lazy) continue;
        if (places.has(place)) this.#activate(step);
        else this.#letGoOf(index, place, step);
      }
      if (this.#state.statuses[index] !== status.waiting) return;
    }
    const places = placesOf(chosen);
    const wanted = edges.filter(({ place }) => places.has(place));
    if (this.#areThere(index, wanted)) this.#host.makeReady(index);
  }

  #select(index: number, { selector, branches }: Join & { readonly kind: 'choose' }) {
    const { id } = this.#stepAt(index);
    const name: unknown = selector(this.#host.inputsOf(index));
    const chosen = typeof name === 'string' ? branches.get(name) : undefined;
    if (chosen === undefined) throw new UnknownBranchError(id, name, [...branches.keys()]);
    return chosen;
  }

  #takeFirst(index: number, edges: readonly BranchingEdge[]): void {
    const { statuses } = this.#state;
    const winner = edges.find(({ step }) => statuses[step] === status.completed);
    if (winner !== undefined) {
      this.#chosen.set(index, winner.place);
      for (const { place, step } of edges) if (place !== winner.place) this.#letGoOf(index, place, step);
      this.#host.makeReady(index);
      return;
    }
    if (edges.some(({ step }) => !this.#state.isSettled(step))) return;
    const errors = this.#errorsOf(edges);
    if (errors.length > 0) this.#host.fail(index, new NoneSucceededError(this.#stepAt(index).id, errors));
    else this.#skipAfter(index, edges[0]?.step ?? index);
  }

  #fallBack(index: number, edges: readonly BranchingEdge[]): void {
    const [first, other] = edges as [BranchingEdge, BranchingEdge];
    const { statuses } = this.#state;
    if (!this.#state.isSettled(first.step)) return;
    const hasFailed = this.#hasFailed(first.step);
    if (statuses[first.step] === status.completed) {
      this.#chosen.set(index, first.place);
      this.#letGoOf(index, other.place, other.step);
      this.#host.makeReady(index);
    } else if (!hasFailed) {
      this.#skipAfter(index, first.step);
    } else {
      if (!this.#chosen.has(index)) {
        this.#chosen.set(index, other.place);
        this.#activate(other.step);
      }
      if (this.#areThere(index, [other])) this.#host.makeReady(index);
    }
  }

  /** Whether all of them have completed; where one never will, the step is skipped. */
  #areThere(index: number, edges: readonly BranchingEdge[]): boolean {
    const { statuses } = this.#state;
    if (statuses[index] !== status.waiting) return false;
    const isThere = ({ step, kind }: BranchingEdge): boolean =>
      kind === edge.optional
        ? this.#state.isSettled(step) && this.#mayMiss(step)
        : statuses[step] === status.completed || (kind === edge.stream && !this.#state.isSettled(step));
    const lost = edges.find((each) => this.#state.isSettled(each.step) && !isThere(each));
    if (lost !== undefined) this.#skipAfter(index, lost.step);
    return lost === undefined && edges.every(isThere);
  }

  #hasFailed(index: number): boolean {
    return this.#state.statuses[index] === status.failed || this.#skips.get(index)?.reason === 'failed';
  }

  /** Whether a step that is settled may be missing where it is optional. A failure is one, unless the run goes on for all of them. */
  #mayMiss(index: number): boolean {
    return this.#host.onFailure === 'continue' || !this.#hasFailed(index);
  }

  /** A branch was chosen. One that chooses in turn comes afterwards, so that many in each other need no deep stack. */
  #activate(index: number): void {
    this.#toActivate.push(index);
    if (this.#isActivating) return;
    this.#isActivating = true;
    // The list is its own queue.
    for (let next = 0; next < this.#toActivate.length; next++) this.#wake(this.#toActivate[next] as number);
    this.#toActivate.length = 0;
    this.#isActivating = false;
  }

  /** A step runs, and what it needs. */
  #wake(index: number): void {
    const woken = new Set<number>();
    const wake = (step: number): void => {
      if (this.#dormant[step] === 1) woken.add(step);
      this.#dormant[step] = 0;
    };

    wake(index);
    // A Set goes on over what is added while it is walked.
    for (const step of woken)
      for (const needed of this.#plan.edgesOf(step)) if (needed.kind !== edge.lazy) wake(needed.step);
    for (const step of woken) {
      if (this.#dealtWith !== undefined) this.#state.decidedBy.set(step, this.#dealtWith);
      if (this.#state.statuses[step] !== status.waiting) continue;
      if (this.#joinOf(step) !== undefined) this.#join(step);
      else if (this.#areThere(step, this.#plan.edgesOf(step))) this.#gate(step);
    }
  }

  #letGoOf(index: number, place: number, step: number): void {
    const letGo = this.#letGo.get(index) ?? new Set();
    this.#letGo.set(index, letGo.add(place));
    const { id } = this.#stepAt(index);
    const reason = this.#joinOf(index)?.kind === 'first-of' ? 'not-needed' : 'branch';
    this.#wantLess(step, { because: id, reason, stopsRunning: true });
  }

  #wantLess(step: number, against: Against): void {
    const left = (this.#wants[step] as number) - 1;
    this.#wants[step] = left;
    if (left > 0 || this.#state.isSettled(step)) return;
    const { stopsRunning, ...skip } = against;
    if (this.#dormant[step] === 1) {
      this.#skip(step, skip);
    } else if (stopsRunning) {
      this.#skips.set(step, { ...skip, reason: 'not-needed' });
      this.#host.withdraw(step, skip.because);
    }
  }

  /** What those are told whom a settled step needed, where nobody else does. */
  #reasonAgainst(index: number): Against {
    const own = this.#skips.get(index);
    const { id } = this.#stepAt(index);
    if (own === undefined) return { because: id, reason: 'not-needed', stopsRunning: false };
    // Where a run goes on after failures, so does what was on its way to one that can't run any more.
    const goesOn = own.reason === 'failed' && this.#host.onFailure === 'continue';
    return { ...own, stopsRunning: !goesOn };
  }

  /** Skips a step since one that it needs didn't complete. */
  #skipAfter(index: number, lost: number): void {
    const own = this.#skips.get(lost);
    const reason = this.#state.statuses[lost] === status.failed ? 'failed' : 'not-needed';
    this.#skip(index, own ?? { because: this.#stepAt(lost).id, reason });
  }

  #skip(index: number, { because, reason }: Skip): void {
    this.#skips.set(index, { because, reason });
    this.#host.skip(index, { because, reason });
  }

  /** The failures that those have come to, through steps that were skipped for them. */
  #errorsOf(edges: readonly BranchingEdge[]): StepFailedError[] {
    const failed = edges.map(({ step }) => {
      const skip = this.#skips.get(step);
      const index = skip?.reason === 'failed' ? this.#blueprint.graph.indexOf(skip.because) : step;
      return index === undefined ? undefined : this.#host.errorOf(index);
    });
    return [...new Set(failed)].filter((error) => error !== undefined);
  }

  #outputAt(index: number, place: number): unknown {
    const { sources } = this.#blueprint;
    return this.#state.outputs[sources.values[(sources.starts[index] as number) + place] as number];
  }

  #joinOf(index: number): Join | undefined {
    return this.#stepAt(index).settings.join;
  }

  #stepAt(index: number): StepDefinition {
    return this.#blueprint.steps[index] as StepDefinition;
  }
}

/** Why a step may not be needed any more, and whether it is stopped for it where it runs. */
interface Against extends Skip {
  readonly stopsRunning: boolean;
}

function notBoolean(stepId: string, value: unknown): InvalidOptionsError {
  return new InvalidOptionsError(`step '${stepId}'`, [
    { option: 'what its when gives', expected: 'true or false', value },
  ]);
}

function placesOf(chosen: number | ReadonlyMap<string, number>): ReadonlySet<number> {
  return new Set(typeof chosen === 'number' ? [chosen] : chosen.values());
}
