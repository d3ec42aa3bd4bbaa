// Long because what a branch decides, what that wakes, lets go of and drops, and who still needs a failed step are one state.
import { decidedYesOrNo } from '../base/decision.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { BranchingEdge, BranchingPlan } from '../definition/connections.ts';
import { edge, type Join } from '../definition/join.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { StepFailedError } from '../observe/failures.ts';
import type { Joins, JoinsHost } from './joins.ts';
import type { Choice, Keeper } from './keeper.ts';
import type { Skip } from './skip.ts';
import { nobody, type Row, type StepTable } from './step-table.ts';
import { status } from './transitions.ts';

/** The graph whose steps need each other in more than one way, and what is asked of it. Steps are known by their places. */
export interface EdgesScope {
  readonly blueprint: Blueprint;
  readonly first: Row;
  readonly onFailure: 'fail-fast' | 'continue';
  /** What the steps failed with. */
  readonly errors: ReadonlyMap<number, StepFailedError>;
  readonly run: { readonly table: StepTable; readonly keeper: Keeper | undefined };
  inputsOf(row: Row): Readonly<Record<string, unknown>>;
  idOf(definition: StepDefinition): string;
  /** The row that failed, for want of which a row was skipped: itself, where it wasn't. */
  failedBehind(row: Row): Row;
  /** All that a step needs is there. */
  startStep(step: number, by: Row): void;
  failStep(step: number, cause: unknown, by: Row): void;
  skipStep(step: number, skip: Skip): void;
  /** Nobody needs a step any more, whatever it is doing. */
  dropStep(step: number, because: string): void;
}

/** Why a step may not be needed any more, and whether it is stopped for it where it runs. */
interface Against extends Skip {
  readonly stopsRunning: boolean;
}

/**
 * What each step of a graph that branches learns from the end of those it needs, and who still needs whom.
 *
 * 1. A step starts once every edge to it allows that, and its `when` says so; a join, once it has what it joins.
 * 2. A dormant step starts no earlier than a join has chosen a branch that needs it.
 * 3. A step that nobody can need any more never starts, and is stopped where it runs; but not for a failure under 'continue'.
 */
export class Edges implements JoinsHost {
  readonly #plan: BranchingPlan;
  readonly #scope: EdgesScope;
  /** Where steps join others. */
  readonly joins: Joins | undefined;
  readonly #dormant: Uint8Array;
  /** How many may still need each step. */
  readonly #wants: Uint32Array;
  /** Why steps that were skipped or dropped were. */
  readonly #skips = new Map<number, Skip>();
  /** The inputs that steps do without. */
  readonly #letGo = new Map<number, Set<number>>();
  /** Whose end, or decision, is dealt with just now. */
  #by: Row = nobody;

  constructor(plan: BranchingPlan, scope: EdgesScope) {
    this.#plan = plan;
    this.#scope = scope;
    if (plan.Joins !== undefined) this.joins = new (plan.Joins as typeof Joins)(this);
    this.#dormant = plan.dormant.slice();
    const { graph, outputs } = scope.blueprint;
    const { starts, values } = graph.dependents;
    this.#wants = new Uint32Array(graph.size).map(
      (_, step) => (starts[step + 1] as number) - (starts[step] as number),
    );
    for (const step of outputs.values()) this.#wants[step] = (this.#wants[step] as number) + 1;
    // What runs at the same time isn't waited for.
    const { missing } = scope.run.table;
    for (const [at, dependent] of values.entries())
      if (plan.kinds[at] === edge.stream)
        missing[scope.first + dependent] = (missing[scope.first + dependent] as number) - 1;
  }

  /**
   * Whether a step's failure is dealt with by another: whoever needs it just now joins it with others, or is needed by such a one
   * alone. Nobody counts who has settled, waits to be chosen, or does without it.
   */
  isGuarded(step: number): boolean {
    const { graph, outputs } = this.#scope.blueprint;
    const { starts, values } = graph.dependents;
    if (starts[step] === starts[step + 1]) return false;
    const lost = new Set([step]);
    const wanted = new Set(outputs.values());
    // A Set goes on over what is added while it is walked.
    for (const each of lost) {
      if (wanted.has(each)) return false;
      for (let at = starts[each] as number; at < (starts[each + 1] as number); at++) {
        const dependent = values[at] as number;
        if (this.#plan.kinds[at] !== edge.candidate && this.#stillNeeds(dependent, each)) lost.add(dependent);
      }
    }
    return true;
  }

  #stillNeeds(dependent: number, step: number): boolean {
    if (this.isSettled(dependent)) return this.hasFailed(dependent);
    if (this.#dormant[dependent] === 1) return false;
    const letGo = this.#letGo.get(dependent);
    return this.edgesOf(dependent).some(
      (input) =>
        input.step === step &&
        letGo?.has(input.place) !== true &&
        (input.kind !== edge.lazy || (this.joins as Joins).hasChosen(dependent, input.place)),
    );
  }

  /** Whether no branch has been chosen yet that needs a step. */
  isDormant(step: number): boolean {
    return this.#dormant[step] === 1;
  }

  /** Why a step was skipped or dropped. */
  skipOf(step: number): Skip | undefined {
    return this.#skips.get(step);
  }

  noteChoice(step: number, choice: Choice): void {
    this.#scope.run.keeper?.noteChoice(this.idAt(step), choice);
  }

  /** A join takes what it took in an earlier run. */
  recall(step: number, join: Join, choice: Choice): void {
    this.#by = nobody;
    if (this.isWaiting(step)) (this.joins as Joins).recall(step, join, choice);
  }

  /** Starts what may start at the beginning. */
  launch(step: number): void {
    if (this.#dormant[step] === 1 || !this.isWaiting(step)) return;
    this.#by = nobody;
    this.look(step, () => this.#scope.run.table.missing[this.#rowOf(step)] === 0);
  }

  /** A step is settled: what needs it looks again, and what it needed is needed by one less. */
  spread(step: number): void {
    this.#by = this.#rowOf(step);
    const { starts, values } = this.#scope.blueprint.graph.dependents;
    const end = starts[step + 1] as number;
    for (let at = starts[step] as number; at < end; at++)
      this.#heed(step, values[at] as number, this.#plan.kinds[at] as number);
    const letGo = this.#letGo.get(step);
    for (const input of this.edgesOf(step)) {
      if (letGo?.has(input.place) === true) continue;
      this.#wantLess(input.step, input.kind === edge.stream ? this.#leftBy(step) : this.#reasonAgainst(step));
    }
  }

  /** A step reads a stream no further. */
  left(step: number, place: number, producer: number): void {
    this.#by = this.#rowOf(step);
    if (this.#noteLetGo(step, place)) this.#wantLess(producer, this.#leftBy(step));
  }

  // What joins ask for.

  idAt(step: number): string {
    return this.#scope.idOf(this.#stepAt(step));
  }

  joinOf(step: number): Join | undefined {
    return this.#stepAt(step).settings.join;
  }

  outputAt(step: number, place: number): unknown {
    return this.#scope.run.table.outputs[this.#rowOf(this.sourceAt(step, place))];
  }

  sourceAt(step: number, place: number): number {
    const { sources } = this.#scope.blueprint;
    return sources.values[(sources.starts[step] as number) + place] as number;
  }

  edgesOf(step: number): readonly BranchingEdge[] {
    return this.#plan.edgesOf(step);
  }

  inputsOf(step: number): Readonly<Record<string, unknown>> {
    return this.#scope.inputsOf(this.#rowOf(step));
  }

  isWaiting(step: number): boolean {
    return this.#statusOf(step) === status.waiting;
  }

  hasCompleted(step: number): boolean {
    return this.#statusOf(step) === status.completed;
  }

  isSettled(step: number): boolean {
    return this.#scope.run.table.isSettled(this.#rowOf(step));
  }

  hasFailed(step: number): boolean {
    return this.#statusOf(step) === status.failed || this.#skips.get(step)?.reason === 'failed';
  }

  mayMiss(step: number): boolean {
    // A failure is no way of missing, unless the run goes on for all of them.
    return this.#scope.onFailure === 'continue' || !this.hasFailed(step);
  }

  errorOf(step: number): StepFailedError | undefined {
    const failed = this.#scope.failedBehind(this.#rowOf(step));
    return this.#scope.errors.get(failed - this.#scope.first);
  }

  start(step: number): void {
    this.#scope.startStep(step, this.#by);
  }

  fail(step: number, cause: unknown): void {
    this.#scope.failStep(step, cause, this.#by);
  }

  skipAfter(step: number, lost: number): void {
    const own = this.#skips.get(lost);
    const reason = this.#statusOf(lost) === status.failed ? 'failed' : 'not-needed';
    const { because } = own ?? { because: this.idAt(lost) };
    this.#skip(step, { because, reason: own?.reason ?? reason, by: this.#rowOf(lost) });
  }

  rouse(step: number): boolean {
    const isDormant = this.#dormant[step] === 1;
    this.#dormant[step] = 0;
    return isDormant;
  }

  look(step: number, isComplete: () => boolean): void {
    const join = this.joinOf(step);
    if (join !== undefined) (this.joins as Joins).look(step, join);
    else if (isComplete()) this.#gate(step);
  }

  letGo(step: number, input: BranchingEdge): void {
    this.#noteLetGo(step, input.place);
    const reason = this.joinOf(step)?.kind === 'first-of' ? 'not-needed' : 'branch';
    this.#wantLess(input.step, {
      because: this.idAt(step),
      reason,
      by: this.#rowOf(step),
      stopsRunning: true,
    });
  }

  // Needs.

  /** A step that another needs is settled. */
  #heed(settled: number, step: number, kind: number): void {
    const join = this.joinOf(step);
    if (join !== undefined) {
      if (this.isWaiting(step) && this.#dormant[step] === 0) (this.joins as Joins).look(step, join);
      return;
    }
    const { missing } = this.#scope.run.table;
    const row = this.#rowOf(step);
    const isThere = kind === edge.optional ? this.mayMiss(settled) : this.hasCompleted(settled);
    const left = (missing[row] as number) - (isThere && kind !== edge.stream ? 1 : 0);
    missing[row] = left;
    if (!this.isWaiting(step) || this.#dormant[step] === 1) return;
    if (!isThere) this.skipAfter(step, settled);
    else if (left === 0 && kind !== edge.stream) this.#gate(step);
  }

  /** All that a step needs is there: does it run? */
  #gate(step: number): void {
    const { when } = this.#stepAt(step).settings;
    let runs = true;
    if (when !== undefined) {
      const known = this.#scope.run.keeper?.choiceOf(this.idAt(step));
      try {
        runs =
          typeof known === 'boolean'
            ? known
            : decidedYesOrNo(
                () => `step '${this.idAt(step)}'`,
                'what its when gives',
                when(this.inputsOf(step) as never),
              );
      } catch (error) {
        this.fail(step, error);
        return;
      }
      if (known === undefined) this.noteChoice(step, runs);
    }
    if (runs) this.start(step);
    else this.#skip(step, { because: this.idAt(step), reason: 'when', by: this.#by });
  }

  // Wants.

  #wantLess(step: number, against: Against): void {
    const left = (this.#wants[step] as number) - 1;
    this.#wants[step] = left;
    if (left > 0 || this.isSettled(step)) return;
    const { stopsRunning, ...skip } = against;
    if (this.#dormant[step] === 1) {
      this.#skip(step, skip);
    } else if (stopsRunning) {
      this.#skips.set(step, { ...skip, reason: 'not-needed' });
      this.#scope.dropStep(step, skip.because);
      // What it read comes for nobody, however long it takes to hear that it is to stop.
      for (const input of this.edgesOf(step))
        if (input.kind === edge.stream && this.#noteLetGo(step, input.place))
          this.#wantLess(input.step, this.#leftBy(step));
    }
  }

  #noteLetGo(step: number, place: number): boolean {
    const letGo = this.#letGo.get(step) ?? new Set();
    if (letGo.has(place)) return false;
    this.#letGo.set(step, letGo.add(place));
    return true;
  }

  #leftBy(step: number): Against {
    return { because: this.idAt(step), reason: 'not-needed', by: this.#rowOf(step), stopsRunning: true };
  }

  /** What those are told whom a settled step needed, where nobody else does. */
  #reasonAgainst(step: number): Against {
    const own = this.#skips.get(step);
    const by = this.#rowOf(step);
    if (own === undefined) return { because: this.idAt(step), reason: 'not-needed', by, stopsRunning: false };
    // Where a run goes on after failures, so does what was on its way to one that can't run any more.
    const goesOn = own.reason === 'failed' && this.#scope.onFailure === 'continue';
    return { ...own, by, stopsRunning: !goesOn };
  }

  #skip(step: number, skip: Skip): void {
    this.#skips.set(step, skip);
    this.#scope.skipStep(step, skip);
  }

  #stepAt(step: number): StepDefinition {
    return this.#scope.blueprint.steps[step] as StepDefinition;
  }

  #statusOf(step: number): number {
    return this.#scope.run.table.status[this.#rowOf(step)] as number;
  }

  #rowOf(step: number): Row {
    return this.#scope.first + step;
  }
}
