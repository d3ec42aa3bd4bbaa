import type { Demand } from '../admission/demand.ts';
import { markNotRetriable } from '../base/not-retriable.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { blueprintOfHandles } from '../definition/blueprint-of-handles.ts';
import type { Step } from '../definition/handle.ts';
import { type Hostable, HostedGraph, HostedItems, hosted } from '../definition/hosted.ts';
import { isStep } from '../definition/step-handle.ts';
import { Counts } from '../observe/child-counts.ts';
import { WorkflowTimeoutError } from '../observe/failures.ts';
import { GraphScope } from './graph-scope.ts';
import { readInputs } from './read-inputs.ts';
import { RecursionLimitError } from './recursion-limit-error.ts';
import type { FanOut, Scope, ScopeRun, StepAttempt } from './scope.ts';
import type { Row } from './step-table.ts';
import { Stopping } from './stopping.ts';
import { status } from './transitions.ts';

/** What the children of a fan-out run in. */
type ItemsScope = new (run: ScopeRun, items: HostedItems, parent: StepAttempt, counts: Counts) => Scope;

/**
 * Steps that come while a run is under way: the work of a row that handed it over becomes a scope of its own.
 *
 * What such a row holds comes back, or it would wait for itself; but for a fan-out over a stream, whose producer goes on holding.
 */
export abstract class Hosting extends Stopping {
  /** The scopes of the rows that came later, by their rows. */
  readonly #later: Scope[] = [];
  /** How the rows fare that came of one of the run's own. */
  readonly #counts = new Map<Row, Counts>();
  /** The scopes that aren't over, the run's own apart. */
  readonly nested = new Set<Scope>();
  #toPull = new Set<FanOut>();
  /** The other one of two that take turns: whoever pulls may ask for more. */
  #pulled = new Set<FanOut>();
  protected abstract readonly root: GraphScope;

  scopeOf(row: Row): Scope {
    return row < this.budget.order.roots ? this.root : (this.#later[row - this.budget.order.roots] as Scope);
  }

  countsOf(row: Row): Counts | undefined {
    return this.#counts.get(row);
  }

  handedOver(attempt: StepAttempt, work: Hostable | Step): void {
    // It only waits for others from now on.
    this.runningTime.change(-1, this.now);
    this.loop.signal(() => {
      this.#host(attempt, work);
    });
    this.loop.turn();
  }

  #host(attempt: StepAttempt, work: Hostable | Step): void {
    const { scope, row } = attempt;
    if (attempt.isStopping) {
      attempt.stopped();
      return;
    }
    this.table.transition(row, status.hosting);
    scope.fanOut?.handedOver(attempt);
    const keeps = work instanceof HostedItems && work.plan.isLive;
    if (!keeps && attempt.holds !== undefined) {
      const held = attempt.holds;
      this.giveBack(attempt);
      if (held.classes.length > 0) this.report.holdsChanged(attempt, nothing);
      if (scope.parent === undefined) this.table.noteHandedOver(row, this.now);
    }
    let nested: Scope;
    try {
      nested = this.#open(attempt, work);
    } catch (error) {
      // What is wrong with it is wrong the next time too.
      attempt.failed(markNotRetriable(error));
      return;
    }
    this.nested.add(nested);
    if (nested instanceof GraphScope) this.#enter(nested, attempt);
    attempt.running(nested);
    nested.launch();
    this.review(nested);
  }

  #open(attempt: StepAttempt, work: Hostable | Step): Scope {
    const { maxDepth } = this.settings;
    if (attempt.scope.depth + 1 > maxDepth)
      throw new RecursionLimitError(attempt.stepId, maxDepth, attempt.scope.shownId(attempt.definition));
    const counts = this.#countsFor(attempt);
    if (isStep(work)) {
      const blueprint = blueprintOfHandles(attempt.definition.id, { output: work as Step });
      const graph = new HostedGraph(blueprint, {}, attempt.scope.onFailure, undefined);
      return this.#openGraph(attempt, graph, counts, 'output');
    }
    const { work: steps } = (work as Hostable)[hosted]();
    if (steps instanceof HostedItems) return new (steps.Scope as ItemsScope)(this, steps, attempt, counts);
    return this.#openGraph(attempt, steps, counts, undefined);
  }

  #openGraph(attempt: StepAttempt, steps: HostedGraph, counts: Counts, pick: string | undefined): GraphScope {
    const { blueprint, onFailure, timeout } = steps;
    this.keeper?.blockOpened(attempt.stepId, blueprint);
    const checker = new OptionChecker();
    const inputs = readInputs(checker, blueprint.inputs, steps.inputs);
    if (checker.problems.length > 0) checker.throwIfAny(`the work of step '${attempt.stepId}'`);
    const scope = new GraphScope(this, { blueprint, inputs, onFailure, pick }, attempt, counts);
    if (timeout !== undefined)
      scope.clearTimeout = this.after(timeout, () => {
        this.wake(() => {
          const error = new WorkflowTimeoutError(blueprint.name, timeout);
          this.halt(scope, { kind: 'failed', error, drain: false });
        });
      });
    return scope;
  }

  /** Numbers of its own for each attempt of the run's own steps, which all share that come of it. */
  #countsFor({ scope, row }: StepAttempt): Counts {
    if (scope.counts !== undefined) return scope.counts;
    const counts = new Counts(() => {
      this.changed(scope, row);
    });
    this.#counts.set(row, counts);
    return counts;
  }

  /** All steps of a graph are told of before one of them starts. */
  #enter(scope: GraphScope, attempt: StepAttempt): void {
    const { blueprint, first } = scope;
    const { size } = blueprint.graph;
    for (let step = 0; step < size; step++) {
      this.#later[first + step - this.budget.order.roots] = scope;
      this.budget.order.enter(first + step, scope, blueprint.ranks.rankOf[step] as number);
    }
    scope.counts?.add(size);
    if (!this.observed) return;
    const parentId = attempt.stepId;
    for (const definition of blueprint.steps) {
      const dependsOn = blueprint.graph
        .dependenciesOf(definition.id)
        .map((id) => scope.idOf({ ...definition, id }));
      this.report.stepAdded(scope.idOf(definition), definition.settings.demand, parentId, dependsOn);
    }
  }

  /** A child has a row. */
  enterChild(scope: Scope, row: Row, place: number): void {
    this.#later[row - this.budget.order.roots] = scope;
    this.budget.order.enter(row, scope, place);
  }

  pull(fanOut: FanOut): void {
    if (this.#toPull.size === 0) this.loop.signal(this.#pullAll);
    this.#toPull.add(fanOut);
  }

  readonly #pullAll = (): void => {
    const feeds = this.#toPull;
    this.#toPull = this.#pulled;
    this.#pulled = feeds;
    for (const feed of feeds) feed.pullItems();
    feeds.clear();
  };

  // Streams.

  get isAtStandstill(): boolean {
    let waiting = this.root.groups?.waiting ?? 0;
    for (const scope of this.nested) if (scope instanceof GraphScope) waiting += scope.groups?.waiting ?? 0;
    return waiting === this.running;
  }

  /** Nothing else goes on: do those wait for each other whom streams connect? */
  protected suspectStandstill(): void {
    this.root.groups?.suspect();
    for (const scope of this.nested) if (scope instanceof GraphScope) scope.groups?.suspect();
  }
}

const nothing: Demand = Object.freeze({});
