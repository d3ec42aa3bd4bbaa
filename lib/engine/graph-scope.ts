// Long because a graph answers every question that the engine asks of a scope, for the run's own steps and for those within a step.
import type { Demand } from '../admission/demand.ts';
import type { Outlet } from '../attempt/outlet.ts';
import { setOwn } from '../base/record.ts';
import { type Blueprint, demandsOf } from '../definition/blueprint.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import { chainTo } from '../graph/chain.ts';
import type { Counts } from '../observe/child-counts.ts';
import { type StepFailedError, WorkflowFailedError } from '../observe/failures.ts';
import type { Origin } from '../observe/progress-event.ts';
import type { WaitReason } from '../observe/wait-reason.ts';
import { Edges } from './edges.ts';
import type { Groups } from './groups.ts';
import { KnownOutputs } from './known-outputs.ts';
import type { RowShape } from './row-rules.ts';
import { Scope, type ScopeRun, type StepAttempt } from './scope.ts';
import type { Skip } from './skip.ts';
import { escaped, rootPart } from './step-id.ts';
import { inputsOf, sharedInputsOf } from './step-inputs.ts';
import { nobody, type Row, released } from './step-table.ts';
import { status } from './transitions.ts';
import { type Done, Undoing } from './undoing.ts';

/** What a graph is run with. */
export interface GraphTerms {
  readonly blueprint: Blueprint;
  /** The values of its inputs. */
  readonly inputs: readonly unknown[];
  readonly onFailure: 'fail-fast' | 'continue';
  /** Which of its outputs is what it comes to; all of them, by name, where it isn't said. */
  readonly pick: string | undefined;
}

/**
 * A graph of steps: a block of rows, in the order of the blueprint.
 *
 * 1. Where every step waits for all outputs that it needs, counting them down is all; other graphs have `edges` that decide.
 * 2. Steps that streams connect have `groups`, which see to it that they start together.
 */
export class GraphScope extends Scope {
  readonly blueprint: Blueprint;
  readonly first: Row;
  readonly inputs: readonly unknown[];
  readonly onFailure: 'fail-fast' | 'continue';
  readonly undoing = new Undoing();
  /** What each step failed with, whether or not that was dealt with. */
  readonly errors = new Map<number, StepFailedError>();
  readonly edges: Edges | undefined;
  readonly groups: Groups | undefined;
  readonly spreadsAtOnce: boolean;
  readonly isClosed = true;
  readonly fanOut = undefined;
  /** Whether it is yet to be known what of it was done before. */
  isRecalling = false;
  readonly live: Scope | undefined;
  readonly #pick: string | undefined;
  readonly #shapes: (RowShape | undefined)[] = [];
  /** For want of which failed row others were skipped. */
  readonly #failedFor = new Map<Row, Row>();
  /** Whose outputs were closed when it had failed. */
  readonly #closed = new Set<Row>();
  readonly #staged: (StepDefinition | undefined)[] = [];

  constructor(
    run: ScopeRun,
    { blueprint, inputs, onFailure, pick }: GraphTerms,
    parent: StepAttempt | undefined,
    counts: Counts | undefined,
  ) {
    super(run, parent, counts);
    this.blueprint = blueprint;
    this.inputs = inputs;
    this.onFailure = onFailure;
    this.live = parent?.scope.live;
    this.#pick = pick;
    const { size } = blueprint.graph;
    this.open = size;
    // The run's own come first, and have their rows from the beginning.
    this.first = parent === undefined ? 0 : run.table.addBlock(size);
    this.#countNeeds();
    const { branching } = blueprint;
    this.spreadsAtOnce = branching === undefined;
    if (branching === undefined) return;
    this.edges = new Edges(branching, this);
    if (branching.streams !== undefined)
      this.groups = new (branching.streams.Groups as typeof Groups)(branching, this);
  }

  *rows(): Iterable<Row> {
    const end = this.first + this.blueprint.graph.size;
    for (let row = this.first; row < end; row++) yield row;
  }

  definitionOf(row: Row): StepDefinition {
    const step = row - this.first;
    const definition = this.blueprint.steps[step] as StepDefinition;
    return this.parent === undefined || this.run.settings.stage === undefined
      ? definition
      : this.#stagedAs(definition, step);
  }

  shapeOf(row: Row): RowShape {
    const { budget } = this.run;
    if (this.parent === undefined) return budget.ownShapeOf(row);
    const { demands, steps } = this.blueprint;
    const place = demands.places[row - this.first] as number;
    let shape = this.#shapes[place];
    if (shape === undefined) {
      const { settings } = steps[row - this.first] as StepDefinition;
      shape = budget.shapeFor(settings.demand, () => this.shownId(this.definitionOf(row)), this.reserved());
      shape.keepers++;
      this.#shapes[place] = shape;
    }
    return shape;
  }

  launch(): void {
    this.isRecalling = true;
    const launch = (): void => {
      this.isRecalling = false;
      if (this.stopped === undefined) this.#launchSteps();
    };
    if (this.run.recall(this, launch)) return;
    if (this.run.settings.given.size > 0) new KnownOutputs(this).settle();
    launch();
  }

  #launchSteps(): void {
    const { run, first, edges } = this;
    const { size } = this.blueprint.graph;
    for (let step = 0; step < size; step++) {
      if (edges !== undefined) edges.launch(step);
      else if (run.table.missing[first + step] === 0 && run.table.status[first + step] === status.waiting)
        this.run.makeReady(this, first + step, nobody);
    }
  }

  /** All that a step needs is there. */
  startStep(step: number, by: Row): void {
    const { table } = this.run;
    const row = this.first + step;
    if (table.status[row] !== status.waiting) return;
    table.readyBy[row] = by;
    if (this.groups?.ready(step) !== true) this.run.makeReady(this, row, by);
  }

  failStep(step: number, cause: unknown, by: Row): void {
    if (!this.run.table.isSettled(this.first + step)) this.run.fail(this, this.first + step, cause, by);
  }

  skipStep(step: number, skip: Skip): void {
    const row = this.first + step;
    if (this.run.table.isSettled(row)) return;
    if (skip.reason === 'failed') this.#failedFor.set(row, this.failedBehind(skip.by));
    this.run.skip(this, row, skip);
  }

  completeStep(step: number, output: unknown, origin: Origin, order?: number): void {
    this.run.complete(this, this.first + step, output, origin, order);
  }

  restoreStep(step: number, order: number | undefined, outputs: ReadonlyMap<number, unknown>): void {
    this.completeStep(step, outputs.has(step) ? outputs.get(step) : released, 'restored', order);
  }

  dropStep(step: number, because: string): void {
    this.run.drop(this, this.first + step, because);
  }

  retry(row: Row): void {
    this.run.makeReady(this, row, this.run.table.readyBy[row] ?? nobody);
  }

  mayRetry(row: Row): boolean {
    if (this.stopped !== undefined || this.droppedFor(row) !== undefined) return false;
    return this.groups?.mayRetry(row - this.first) ?? true;
  }

  attemptEnded({ row }: StepAttempt): void {
    this.groups?.reopen(row - this.first);
  }

  noteFailure(error: StepFailedError): void {
    this.failed++;
    this.failures.push(error);
  }

  failedRow(row: Row, error: StepFailedError): void {
    this.errors.set(row - this.first, error);
  }

  settled(row: Row): void {
    const { table, releases } = this.run;
    const { starts, values } = this.blueprint.graph.dependencies;
    const step = row - this.first;
    const start = starts[step] as number;
    const end = starts[step + 1] as number;
    if (!releases.isNeeded) {
      if (this.stopped === undefined || !this.#wouldNeedAgain(row))
        table.release(this.first, values, start, end);
    } else {
      if (table.status[row] === status.completed)
        for (const joined of this.edges?.joins?.joinedBy(step) ?? [])
          releases.share(this.first + joined, row);
      const keeps = this.#wouldNeedAgain(row);
      for (let at = start; at < end; at++)
        if (!keeps || releases.holds(this.first + (values[at] as number)))
          table.release(this.first, values, at, at + 1);
      for (const needed of new Set(values.subarray(start, end))) {
        const other = this.first + needed;
        if (table.consumers[other] === 0 && table.status[other] === status.completed) this.unused(other);
      }
    }
    this.groups?.settled(step);
  }

  /** Whether a row was to be done as the run came to its end: a further run can then be given what it has needed. */
  #wouldNeedAgain(row: Row): boolean {
    return (
      this.parent === undefined &&
      this.stopped !== undefined &&
      this.run.table.status[row] !== status.completed
    );
  }

  unused(row: Row): void {
    this.run.releases.unused(this, row);
  }

  holderOf(row: Row): Row {
    return row;
  }

  isInUse(row: Row): boolean {
    const { starts, values } = this.blueprint.graph.dependents;
    const step = row - this.first;
    const consumers = values.subarray(starts[step], starts[step + 1]);
    for (const attempt of this.run.abandonedAttempts)
      if (attempt.scope === this && consumers.includes(attempt.row - this.first)) return true;
    return false;
  }

  mayBeUndoneAfter(row: Row): boolean {
    const { graph, steps } = this.blueprint;
    const { starts, values } = graph.dependents;
    const after = new Set([row - this.first]);
    // A Set goes on over what is added while it is walked.
    for (const step of after) {
      const { cleanup, within } = (steps[step] as StepDefinition).settings;
      if (
        step !== row - this.first &&
        (cleanup !== undefined || (within !== undefined && !this.undoing.isEmpty))
      )
        return true;
      for (const dependent of values.subarray(starts[step], starts[step + 1])) after.add(dependent);
    }
    return false;
  }

  isRequired(row: Row): boolean {
    for (const [name, step] of this.blueprint.outputs)
      if (this.first + step === row && !this.blueprint.optionalOutputs.has(name)) return true;
    return false;
  }

  uncountedFailureBehind(row: Row): StepFailedError | undefined {
    const error = this.errors.get(this.failedBehind(row) - this.first);
    return error === undefined || this.failures.includes(error) ? undefined : error;
  }

  droppedFor(row: Row): string | undefined {
    return this.edges?.skipOf(row - this.first)?.because;
  }

  isGuarded(row: Row): boolean {
    return this.edges?.isGuarded(row - this.first) === true;
  }

  isQueued(row: Row): boolean {
    return this.groups?.isQueued(row - this.first) ?? true;
  }

  standsFor(row: Row): readonly Row[] {
    return this.groups?.standsFor(row - this.first)?.map((step) => this.first + step) ?? [row];
  }

  startGroup(row: Row): boolean {
    return this.groups?.startWith(row - this.first) ?? false;
  }

  standDown(row: Row): void {
    this.groups?.standDown(row - this.first);
  }

  spread(row: Row): void {
    if (this.edges !== undefined) {
      this.edges.spread(row - this.first);
      this.groups?.goOnWithout(row - this.first);
      return;
    }
    const { table } = this.run;
    const { starts, values } = this.blueprint.graph.dependents;
    const step = row - this.first;
    const end = starts[step + 1] as number;
    const hasCome = table.status[row] === status.completed;
    for (let at = starts[step] as number; at < end; at++) {
      const dependent = this.first + (values[at] as number);
      if (!hasCome) {
        this.#lose(dependent, row);
        continue;
      }
      const left = (table.missing[dependent] as number) - 1;
      table.missing[dependent] = left;
      if (left === 0 && table.status[dependent] === status.waiting) this.run.makeReady(this, dependent, row);
    }
  }

  close(): void {
    this.groups?.withdraw();
  }

  result(): unknown {
    const outputs = this.outputs(true);
    return this.#pick === undefined ? outputs : outputs[this.#pick];
  }

  failure(): unknown {
    return new WorkflowFailedError(this.blueprint.name, this.failures);
  }

  handOn(): void {
    const { releases } = this.run;
    if (releases.isNeeded) {
      for (const step of this.blueprint.outputs.values()) {
        if (this.parent === undefined) releases.handOut(this.first + step);
        else releases.handUp(this.first + step, this.parent.scope.holderOf(this.parent.row));
      }
      for (const row of this.rows()) releases.closeLater(row, this.undoing);
    }
    this.parent?.scope.undoing.adopt(this.undoing);
  }

  takeUndone(): Done[] {
    return this.undoing.takeUndone();
  }

  closeAll(): void {
    const { releases } = this.run;
    for (const row of this.rows()) {
      if (releases.holds(row)) this.#closed.add(row);
      releases.closeLater(row, this.undoing);
    }
    releases.closeAll(this.undoing.takeOpened());
  }

  free(): void {
    if (this.parent === undefined) return;
    this.run.table.free(this.first, this.blueprint.graph.size);
    for (const shape of this.#shapes.splice(0)) if (shape !== undefined) shape.keepers--;
  }

  /** The outputs that are there, by name; where it is complete, `undefined` for those that may be missing. */
  outputs(isComplete: boolean): Record<string, unknown> {
    const { table } = this.run;
    const outputs: Record<string, unknown> = {};
    for (const [name, step] of this.blueprint.outputs) {
      const row = this.first + step;
      if (table.status[row] === status.completed) setOwn(outputs, name, table.outputs[row]);
      else if (isComplete) setOwn(outputs, name, undefined);
    }
    return outputs;
  }

  /** All outputs that are there and still of use, by step id: what was undone or closed isn't. */
  keptOutputs(): Record<string, unknown> {
    const { table } = this.run;
    const outputs: Record<string, unknown> = {};
    for (const [step, { id, settings }] of this.blueprint.steps.entries()) {
      const row = this.first + step;
      const isOfUse = settings.cleanup === undefined && !this.#closed.has(row);
      if (isOfUse && table.status[row] === status.completed && table.outputs[row] !== released)
        setOwn(outputs, id, table.outputs[row]);
    }
    return outputs;
  }

  inputsOf(row: Row): Readonly<Record<string, unknown>> {
    const step = row - this.first;
    if (this.edges === undefined) return inputsOf(this, step);
    const joined = this.edges.joins?.joined(step);
    if (joined !== undefined) return joined;
    const { join } = (this.blueprint.steps[step] as StepDefinition).settings;
    // What a selector is asked with are no branches.
    const inputs = inputsOf(this, step, join?.kind === 'choose' ? join.dependencies : undefined);
    return this.groups?.withStreams(step, inputs) ?? inputs;
  }

  sharedInputsOf(row: Row): readonly SharedInput[] {
    return sharedInputsOf(this, row - this.first);
  }

  outletOf(row: Row): Outlet | undefined {
    return this.groups?.outletOf(row - this.first);
  }

  demands(): readonly (readonly [demand: Demand, stepId: string])[] {
    return demandsOf(this.blueprint).map(([demand, id]) => [demand, `${this.#prefix()}${id}`] as const);
  }

  demandOfMates(row: Row): Demand {
    return this.groups?.demandOfMates(row - this.first) ?? nothing;
  }

  get isStopped(): boolean {
    return this.stopped !== undefined;
  }

  /** The step that waits in admission on behalf of one. */
  standingFor(step: number): number {
    return this.groups?.standingFor(step) ?? step;
  }

  /** What one waits for that isn't ready: a step, by place, or to be chosen. */
  waitsFor(step: number): number | WaitReason | undefined {
    if (this.edges?.isDormant(step) === true) return forChoice;
    const { dependencies } = this.blueprint.graph;
    const { table } = this.run;
    const end = dependencies.starts[step + 1] as number;
    for (let at = dependencies.starts[step] as number; at < end; at++) {
      const needed = dependencies.values[at] as number;
      const isStream = this.blueprint.streams(step, needed);
      if (!isStream && !table.isSettled(this.first + needed) && this.edges?.isDormant(needed) !== true)
        return needed;
    }
    const mate = this.groups?.unreadyMateOf(step);
    return mate === undefined ? undefined : { kind: 'step', stepId: this.blueprint.graph.ids[mate] ?? '' };
  }

  chainWithin(definition: StepDefinition, row: Row, shown: (definition: StepDefinition) => string): string[] {
    const { graph, steps } = this.blueprint;
    const step = definition === this.definitionOf(row) ? row - this.first : steps.indexOf(definition);
    return chainTo(graph, step, this.lostBy(step)).map((each) => shown(steps[each] as StepDefinition));
  }

  /** The step whose loss is why another one didn't run. */
  lostBy(step: number): number | undefined {
    const { table } = this.run;
    const by = table.readyBy[this.first + step] as number;
    return table.status[this.first + step] === status.skipped && by >= 0 ? by - this.first : undefined;
  }

  pathOf(definition: StepDefinition, scopePath: string): string {
    if (this.parent !== undefined) return `${scopePath}/${escaped(definition.id)}`;
    this.#suspects ??= this.blueprint.graph.ids.filter((id) => id.includes('/') || id.includes('['));
    return rootPart(definition.id, this.#suspects);
  }

  /** The ids that look like paths. */
  #suspects: readonly string[] | undefined;

  #prefix(): string {
    return this.parent === undefined ? '' : `${this.parent.stepId}/`;
  }

  #stagedAs(definition: StepDefinition, step: number): StepDefinition {
    let staged = this.#staged[step];
    if (staged === undefined) {
      const body = this.run.settings.stage?.({ ...definition, id: this.idOf(definition) }) ?? definition.body;
      const { id, inputNames, settings } = definition;
      staged = { id, inputNames, settings, body };
      this.#staged[step] = staged;
    }
    return staged;
  }

  #lose(dependent: Row, lost: Row): void {
    const { run } = this;
    if (run.table.status[dependent] !== status.waiting) return;
    const because = this.idOf(this.definitionOf(this.failedBehind(lost)));
    this.skipStep(dependent - this.first, { because, reason: 'failed', by: lost });
  }

  /** The row that failed, for want of which a row was skipped: itself, where it wasn't. */
  failedBehind(row: Row): Row {
    return this.#failedFor.get(row) ?? row;
  }

  #countNeeds(): void {
    const { table } = this.run;
    const { graph, cleanedUp, outputs } = this.blueprint;
    const { dependencies, dependents, size } = graph;
    const { missing, consumers } = table;
    for (let step = 0; step < size; step++) {
      const row = this.first + step;
      missing[row] = (dependencies.starts[step + 1] as number) - (dependencies.starts[step] as number);
      consumers[row] = (dependents.starts[step + 1] as number) - (dependents.starts[step] as number);
    }
    const keep = (step: number): void => {
      consumers[this.first + step] = (consumers[this.first + step] as number) + 1;
    };
    for (const step of cleanedUp) keep(step);
    for (const step of outputs.values()) keep(step);
  }
}

const nothing: Demand = Object.freeze({});
const forChoice: WaitReason = Object.freeze({ kind: 'choice' });
