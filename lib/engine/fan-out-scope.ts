// Long because a fan-out answers every question that the engine asks of a scope, and has items to pull and results to gather beside.
import type { Demand } from '../admission/demand.ts';
import { decided } from '../base/decision.ts';
import { markNotRetriable } from '../base/not-retriable.ts';
import type { FanOutPlan, HostedItems } from '../definition/hosted.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import { Child } from '../fan-out/child.ts';
import { ChildrenFailedError } from '../fan-out/fan-out-errors.ts';
import { type Gathering, gatheringOf } from '../fan-out/gathering.ts';
import { type ItemSource, itemSource } from '../fan-out/items.ts';
import { Keys } from '../fan-out/keys.ts';
import type { Counts } from '../observe/child-counts.ts';
import type { StepFailedError } from '../observe/failures.ts';
import type { Keeper, Kept } from './keeper.ts';
import { Lane } from './lane.ts';
import type { RowShape } from './row-rules.ts';
import { type FanOut, Scope, type ScopeRun, type StepAttempt } from './scope.ts';
import { escaped } from './step-id.ts';
import { nobody, type Row } from './step-table.ts';
import { status } from './transitions.ts';
import type { Done, Undoing } from './undoing.ts';

/** So many children wait for resources at most: enough to choose from, and the items of the others aren't even asked for. */
const mostWaiting = 16;
/** The failures that are kept under 'continue'; the others are only counted. */
const mostFailures = 100;

/**
 * The children of a step, one an item: rows that come one by one, and are used again.
 *
 *     items ─ pull ─▶ child ─ admission ─▶ attempt ─▶ gathering (in the order of the items)
 *       ▲                                     │
 *       └── asked for one more only where there is room for another child
 *
 * What is kept is what is not over: children that wait or run, and results that an earlier one still has to come before.
 */
export class FanOutScope extends Scope implements FanOut {
  readonly undoing: Undoing;
  readonly live: Scope | undefined;
  readonly #parent: StepAttempt;
  readonly #plan: FanOutPlan;
  readonly #inputs: Readonly<Record<string, unknown>>;
  /** What each child demands; kept until it is over. */
  readonly #shape: RowShape | undefined;
  #isKept = false;
  readonly #lane: Lane | undefined;
  readonly #source: ItemSource;
  readonly #gathering: Gathering;
  readonly #keys: Keys;
  readonly #children = new Map<Row, Child>();
  /** How many children wait for admission or for steps of their own. */
  #waiting = 0;
  #size = 0;
  #isExhausted = false;
  /** Whether it waits for the event loop to turn before it looks for more. */
  #givesWay = false;

  /** @throws InvalidOptionsError, ResourceLimitError where there can be no children */
  constructor(
    run: ScopeRun,
    { items, inputs, plan }: HostedItems,
    parent: StepAttempt,
    counts: Counts | undefined,
  ) {
    super(run, parent, counts);
    this.#parent = parent;
    this.#plan = plan;
    this.#inputs = inputs;
    this.undoing = parent.scope.undoing;
    this.live = plan.isLive ? this : parent.scope.live;
    if (plan.demandOf === undefined)
      this.#shape = run.budget.shapeFor(plan.settings.demand, () => this.#sampleId(), this.reserved());
    if (plan.isLive && this.#shape !== undefined) this.#lane = new Lane(run.budget.heldShape(this.#shape));
    if (this.#shape !== undefined) {
      this.#shape.keepers++;
      this.#isKept = true;
    }
    this.#source = itemSource(parent.stepId, items, {
      came: () => {
        run.wake(() => {
          run.pull(this);
        });
      },
      failed: (error) => {
        run.wake(() => {
          run.halt(this, { kind: 'failed', error, drain: false });
        });
      },
    });
    this.#gathering = gatheringOf(plan);
    this.#keys = new Keys(plan.keyOf);
  }

  get onFailure(): 'fail-fast' | 'continue' {
    return this.#parent.scope.onFailure;
  }

  readonly fanOut: FanOut = this;

  get isClosed(): boolean {
    return this.#isExhausted && (this.stopped === undefined || this.#source.isClosed);
  }

  rows(): Iterable<Row> {
    return [...this.#children.keys()];
  }

  definitionOf(row: Row): StepDefinition {
    return this.#childAt(row);
  }

  shapeOf(row: Row): RowShape {
    return this.#lane?.enter(row) ?? this.#ownShapeOf(row);
  }

  isLent(row: Row): boolean {
    return this.#lane?.user === row;
  }

  launch(): void {
    this.#source.open();
    this.run.pull(this);
  }

  /** Asks for items as long as there is room for more children. */
  pullItems(): void {
    // Whoever makes room meanwhile doesn't keep the event loop from turning.
    if (this.#givesWay) return;
    while (this.#hasRoom()) {
      const next = this.#source.next();
      if (next === 'later') return;
      if (next === 'over') {
        this.#isExhausted = true;
        break;
      }
      // Whoever gave it may have cancelled the run.
      if (this.stopped !== undefined) continue;
      // Children that were made before leave room at once, and there may be a million of them.
      if (this.#add(next.item) === 'known' && this.run.isOverdue()) {
        this.#pullLater();
        return;
      }
    }
    this.run.review(this);
  }

  #pullLater(): void {
    this.#givesWay = true;
    this.run.after(0, () => {
      this.run.wake(() => {
        this.#givesWay = false;
        this.run.pull(this);
      });
    });
  }

  retry(row: Row): void {
    this.#offer(row, this.#childAt(row));
  }

  mayRetry(): boolean {
    return this.stopped === undefined;
  }

  started(row: Row): void {
    this.#noteReady(this.#childAt(row), false);
    this.run.pull(this);
  }

  completed(row: Row, output: unknown): void {
    this.#gather(this.#childAt(row), this.#plan.settle ? { status: 'fulfilled', value: output } : output);
  }

  failedRow(row: Row, error: StepFailedError): void {
    if (this.#plan.settle) this.#gather(this.#childAt(row), { status: 'rejected', reason: error });
    else this.#gathering.skip();
  }

  noteFailure(error: StepFailedError): void {
    this.failed++;
    if (this.failures.length < mostFailures) this.failures.push(error);
  }

  settled(): void {
    // Nothing of the run's own is needed by it alone.
  }

  leave(row: Row): void {
    const child = this.#childAt(row);
    this.#noteReady(child, false);
    if (child.isHosting) this.#waiting--;
    this.#children.delete(row);
    if (this.#lane?.user === row) this.#passLaneOn();
    this.run.table.free(row, 1);
    this.run.pull(this);
  }

  isGuarded(): boolean {
    return this.#plan.settle;
  }

  isQueued(): boolean {
    return true;
  }

  standsFor(row: Row): readonly Row[] {
    return [row];
  }

  standDown(): void {
    // Each child waits by itself.
  }

  startGroup(): boolean {
    return false;
  }

  readonly spreadsAtOnce = true;

  spread(): void {
    // Nobody but the gathering needs a child.
  }

  isRequired(): boolean {
    return false;
  }

  uncountedFailureBehind(): undefined {
    return undefined;
  }

  droppedFor(): undefined {
    return undefined;
  }

  unused(): void {
    // What a child has opened is a part of what the fan-out gives.
  }

  holderOf(): Row {
    return this.#parent.scope.holderOf(this.#parent.row);
  }

  mayBeUndoneAfter(): boolean {
    return true;
  }

  isInUse(): boolean {
    return false;
  }

  attemptEnded({ row }: StepAttempt): void {
    const child = this.#childAt(row);
    if (child.isHosting) this.#waiting--;
    child.isHosting = false;
    if (this.#lane?.user === row) this.#passLaneOn();
  }

  close(): void {
    this.#isExhausted = true;
    const { clock, gracePeriod } = this.run.settings;
    this.#source.close(clock, gracePeriod, () => {
      this.run.wake(() => {
        this.run.review(this);
      });
    });
    this.run.review(this);
  }

  /** A child that was given up in the lane keeps what the fan-out has held for all of them. */
  abandoned(attempt: StepAttempt): void {
    if (this.#lane?.user !== attempt.row) return;
    this.#lane.end();
    attempt.holds = this.#parent.holds;
    this.#parent.holds = undefined;
    this.run.report.holdsChanged(this.#parent, nothing);
  }

  /** Children bring steps of their own, which can't run in what the fan-out holds: they take it themselves. */
  handedOver({ row }: StepAttempt): void {
    const child = this.#childAt(row);
    child.isHosting = true;
    this.#waiting++;
    if (this.#lane === undefined || this.#lane.isOver) return;
    this.#lane.end();
    this.run.giveBack(this.#parent);
    this.run.report.holdsChanged(this.#parent, nothing);
  }

  result(): unknown {
    return this.#gathering.result();
  }

  failure(): unknown {
    return new ChildrenFailedError(this.#parent.stepId, this.failed, this.failures);
  }

  handOn(): void {
    // What its children did is noted where its own work is.
  }

  takeUndone(): Done[] {
    return [];
  }

  closeAll(): void {
    // It is closed with all else that the graph around it has opened.
  }

  free(): void {
    // Each child has left by itself.
    if (this.#shape !== undefined && this.#isKept) this.#shape.keepers--;
    this.#isKept = false;
  }

  inputsOf(row: Row): Readonly<Record<string, unknown>> {
    return { item: this.#childAt(row).item, inputs: this.#inputs };
  }

  /** What all children get, each of them may still need. */
  sharedInputsOf(): readonly SharedInput[] {
    return Object.values(this.#inputs).map((value) => ({ stepId: this.#parent.stepId, value }));
  }

  /** Nobody reads what a child emits. */
  outletOf(): undefined {
    return undefined;
  }

  demands(): readonly (readonly [demand: Demand, stepId: string])[] {
    return this.#plan.demandOf === undefined ? [[this.#plan.settings.demand, this.#sampleId()]] : [];
  }

  demandOfMates(): Demand {
    return nothing;
  }

  chainWithin(
    definition: StepDefinition,
    _row: Row,
    shown: (definition: StepDefinition) => string,
  ): string[] {
    return [shown(definition)];
  }

  pathOf(definition: StepDefinition, scopePath: string): string {
    return `${scopePath}[${escaped(definition.id)}]`;
  }

  #childAt(row: Row): Child {
    return this.#children.get(row) as Child;
  }

  #sampleId(): string {
    return `${this.#parent.stepId}[…]`;
  }

  #ownShapeOf(row: Row): RowShape {
    if (this.#shape !== undefined) return this.#shape;
    const child = this.#childAt(row);
    return this.run.budget.shapeFor(child.settings.demand, () => this.shownId(child), this.reserved());
  }

  #hasRoom(): boolean {
    return (
      this.stopped === undefined &&
      !this.#isExhausted &&
      // Children whose steps run are as good as children that run themselves.
      this.#waiting < mostWaiting + this.run.running &&
      this.#children.size < this.#plan.concurrency &&
      this.#gathering.hasRoom
    );
  }

  #add(item: unknown): 'known' | 'new' {
    const { run } = this;
    const place = this.#size++;
    let child: Child;
    try {
      child = this.#childOf(item, place);
    } catch (error) {
      run.halt(this, { kind: 'failed', error, drain: false });
      return 'new';
    }
    if (this.stopped !== undefined) return 'new';
    const row = run.table.addBlock(1);
    this.#children.set(row, child);
    this.open++;
    run.enterChild(this, row, place);
    this.counts?.add(1);
    if (run.observed) this.#announce(child);
    const kept = run.keeper?.recallChild(this.idOf(child), item);
    if (kept === undefined) {
      this.#offer(row, child);
      return 'new';
    }
    this.#restore(row, child, kept, run.keeper as Keeper);
    return 'known';
  }

  /** An earlier run has made it of an equal item. */
  #restore(row: Row, child: Child, kept: Kept, keeper: Keeper): void {
    this.#noteReady(child, true);
    keeper.load([kept], ([loaded]) => {
      if (this.#children.get(row) !== child) return;
      if (loaded !== undefined) this.run.complete(this, row, loaded.output, 'restored', kept.order);
      else this.#offer(row, child);
    });
  }

  #announce(child: Child): void {
    this.run.report.stepAdded(this.idOf(child), child.settings.demand, this.#parent.stepId, []);
  }

  #childOf(item: unknown, place: number): Child {
    const { body, settings, demandOf } = this.#plan;
    const key = this.#keys.keyOf(item, place, () => this.#parent.stepId);
    const own = demandOf === undefined ? settings : { ...settings, demand: demandOf(item) };
    const child = new Child(body, own, key, place, item);
    const { stage } = this.run.settings;
    if (stage !== undefined)
      child.body = stage({
        id: this.idOf(child),
        body,
        inputNames: child.inputNames,
        settings: own,
        key,
        place,
      });
    return child;
  }

  #offer(row: Row, child: Child): void {
    this.#noteReady(child, true);
    this.run.makeReady(this, row, nobody);
  }

  #noteReady(child: Child, isReady: boolean): void {
    if (child.isReady === isReady) return;
    child.isReady = isReady;
    this.#waiting += isReady ? 1 : -1;
  }

  // A call, since the compiler takes a field for unchanged across calls that change it.
  #hasStopped(): boolean {
    return this.stopped !== undefined;
  }

  #gather(child: Child, result: unknown): void {
    if (this.stopped !== undefined) return;
    const { onResult } = this.#plan;
    try {
      if (onResult !== undefined) {
        decided(() => 'forEachStep', 'what onResult gives', 'nothing', onResult(result, child.key));
        // Whoever was told may have stopped it.
        if (this.#hasStopped()) return;
      }
      this.#gathering.add(child.place, child.key, result);
    } catch (error) {
      this.run.halt(this, { kind: 'failed', error: markNotRetriable(error), drain: false });
    }
  }

  /** The lane is free: the first of those that wait takes it. */
  #passLaneOn(): void {
    const { run } = this;
    this.#lane?.leave();
    if (this.stopped !== undefined) return;
    for (const [row, child] of this.#children) {
      // Those that are being looked for don't wait for room.
      if (!child.isReady || run.table.status[row] !== status.ready) continue;
      run.withdraw(row);
      run.budget.enter(row, this.shapeOf(row));
      run.enqueue(row);
      return;
    }
  }
}

const nothing: Demand = Object.freeze({});
