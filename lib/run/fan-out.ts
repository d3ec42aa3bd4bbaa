import type { Demand } from '../admission/demand.ts';
import type { Shape } from '../admission/shape.ts';
import { CancelledError, InvalidOptionsError } from '../base/errors.ts';
import { markNotRetriable } from '../base/not-retriable.ts';
import type { RetryPolicy } from '../base/retry-policy.ts';
import type { Step } from '../definition/handle.ts';
import type { FanOutPlan, Hostable, HostedItems } from '../definition/hosted.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import { Attempt } from './attempt.ts';
import { BackOffs } from './back-offs.ts';
import { Candidate, type Item } from './candidate.ts';
import { ChildTally } from './child-tally.ts';
import type { Executor, NestedScope } from './executor.ts';
import { StepFailedError } from './failures.ts';
import { childOf, FanOutChild } from './fan-out-child.ts';
import { ChildrenFailedError, DuplicateKeyError } from './fan-out-errors.ts';
import { type Gathering, gatheringOf } from './gathering.ts';
import type { Host, HostScope } from './host.ts';
import { type ItemSource, itemSource } from './item-source.ts';
import { status } from './run-state.ts';
import { RunningAttempts } from './running-attempts.ts';
import { shapeWithin } from './shape-within.ts';
import { type OrderedCleanUp, StepScope } from './step-scope.ts';
import type { TimeSlice } from './time-slice.ts';

/** Why no further child starts. */
type Halt =
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'cancelled'; readonly error: CancelledError }
  | { readonly kind: 'stopped'; readonly reason: unknown };

/** So many children wait for resources at most: enough to choose from, and the items of the others aren't even asked for. */
const mostReady = 16;

/**
 * The children of a step, one an item, while the run is under way.
 *
 *     item source ─ pull ─▶ child ─ admission ─▶ attempt ─▶ gathering (in the order of the items)
 *          ▲                                        │
 *          └── asked for one more only where there is room for another child
 *
 * 1. What is kept is what is not over: children that wait or run, and results that an earlier one still has to come before.
 * 2. After the first halt (a stop, a failure that counts) nothing starts; it is over when what runs has stopped.
 */
export class FanOut extends StepScope implements NestedScope, HostScope {
  readonly executor: Executor;
  readonly slice: TimeSlice;
  readonly #host: Host;
  readonly #plan: FanOutPlan;
  readonly #inputs: Readonly<Record<string, unknown>>;
  readonly #shape: Shape<Item>;
  /** Of the child that runs in what the fan-out itself has taken. */
  readonly #laneShape: Shape<Item>;
  readonly #source: ItemSource;
  readonly #gathering: Gathering;
  readonly #backOffs: BackOffs;
  readonly #running = new RunningAttempts();
  /** Those that aren't over, by place. */
  readonly #children = new Map<number, FanOutChild>();
  readonly #failures: StepFailedError[] = [];
  /** Where keys are the user's, the place that each was given to. */
  readonly #keys: Map<string, number> | undefined;
  /** The child that runs in what the fan-out itself has taken. */
  #inLane: FanOutChild | undefined;
  #hasLane: boolean;
  #failed = 0;
  #ready = 0;
  #size = 0;
  #isExhausted = false;
  #isPulling = false;
  #isOver = false;
  #halt: Halt | undefined;

  /** @throws InvalidOptionsError, ResourceLimitError where there can be no children */
  constructor({ items, inputs, plan }: HostedItems, host: Host) {
    super();
    this.executor = host.scope.executor;
    this.slice = this.executor.slice;
    this.#host = host;
    this.#plan = plan;
    this.#inputs = inputs;
    const { id } = host.attempt.definition;
    this.#shape = shapeWithin(host, plan.settings.demand, `${id}[…]`);
    this.#laneShape = this.executor.budget.heldShape(this.#shape);
    this.#hasLane = plan.isLive;
    this.#source = itemSource(id, items, {
      came: () => {
        this.enter();
        this.#pull();
      },
      failed: (error) => {
        this.enter();
        this.#stopAll({ kind: 'failed', error });
      },
    });
    this.#gathering = gatheringOf(plan);
    this.#keys = plan.keyOf === undefined ? undefined : new Map();
    const { clock, random } = this.executor.settings;
    this.#backOffs = new BackOffs(clock, random, this.executor.report);
  }

  get isFailing(): boolean {
    return this.#halt?.kind === 'failed' || this.#host.scope.isFailing;
  }

  get onFailure(): 'fail-fast' | 'continue' {
    return this.#host.scope.onFailure;
  }

  launch(): void {
    this.#source.open();
    this.#pull();
  }

  stop(reason: unknown): void {
    this.#stopAll({ kind: 'stopped', reason });
  }

  drain(reason: unknown): void {
    if (this.#halt !== undefined) return;
    this.#halt = { kind: 'cancelled', error: new CancelledError(reason) };
    this.#cancelWaiting();
    this.#running.drain(reason);
    this.#close();
  }

  demands(): readonly (readonly [demand: Demand, stepId: string])[] {
    return [[this.#plan.settings.demand, `${this.#host.attempt.definition.id}[…]`]];
  }

  adopt(cleanUps: readonly OrderedCleanUp[]): void {
    this.#host.scope.adopt(cleanUps);
  }

  // What attempts ask for.

  inputsOf(place: number): Readonly<Record<string, unknown>> {
    return { item: this.#children.get(place)?.item, inputs: this.#inputs };
  }

  /** What all children get, each of them may still need. */
  sharedInputsOf(): readonly SharedInput[] {
    return Object.values(this.#inputs).map((value) => ({ stepId: this.#host.attempt.definition.id, value }));
  }

  /** Nobody reads what a child emits. */
  outletOf(): undefined {
    return undefined;
  }

  itemOf(place: number): Item {
    return (this.#children.get(place) as FanOutChild).candidate;
  }

  override over(attempt: Attempt): void {
    this.executor.over(childOf(attempt).candidate, attempt);
  }

  override recovered(attempt: Attempt): void {
    const { abandonedAs, candidate } = childOf(attempt);
    this.executor.recovered(abandonedAs ?? candidate, attempt);
  }

  handOver(attempt: Attempt, work: Hostable | Step): void {
    const { candidate, id } = childOf(attempt);
    this.executor.guests.ended(candidate, this.now);
    if (this.#hasLane) this.#giveUpLane();
    this.nest(work, {
      scope: this,
      attempt,
      tally: new ChildTally(undefined, this.#host.tally),
      path: candidate.path,
      depth: this.#host.depth + 1,
      chain: [...this.#host.chain, id],
      reserved: this.#host.reserved,
    });
  }

  protected lastStartOf(place: number): number {
    return this.#children.get(place)?.startedAt ?? this.now;
  }

  protected tell(): void {
    // Children are counted in snapshots, not shown one by one.
  }

  // The loop.

  start(place: number): void {
    const child = this.#children.get(place) as FanOutChild;
    child.attempts++;
    child.startedAt = this.now;
    this.#leaveReady(child);
    this.executor.guests.started(child.candidate, this.now);
    this.#host.tally.started();
    this.#running.start(new Attempt(this, place, child.attempts, child), this.executor.report);
    this.#pull();
  }

  ended(attempt: Attempt): void {
    const child = childOf(attempt);
    this.#running.leave(attempt);
    this.#host.tally.ended();
    if (attempt.isAbandoned) this.#abandon(child, attempt);
    else this.executor.guests.ended(child.candidate, this.now);
    if (attempt.outcome === 'completed') this.#completed(child, attempt);
    else if (attempt.outcome === 'cancelled') this.#cancelled(child);
    else this.#attemptFailed(child, attempt);
    if (this.#hasLane && !child.isReady) this.#leaveLane(child);
    if (attempt.isAbandoned) this.executor.failHopeless();
    this.#pull();
    this.#endIfOver();
  }

  failHopeless(place: number, classPlace: number): void {
    const child = this.#children.get(place);
    if (child === undefined) return;
    this.#leaveReady(child);
    this.#fail(child, this.lossError(child.id, child.settings.demand, classPlace));
    this.#pull();
    this.#endIfOver();
  }

  /** Asks for items as long as there is room for more children. */
  #pull(): void {
    if (this.#isPulling) return;
    this.#isPulling = true;
    while (this.#hasRoom()) {
      const next = this.#source.next();
      if (next === 'later') break;
      if (next === 'over') {
        this.#isExhausted = true;
        break;
      }
      // Whoever gave it may have cancelled the run.
      if (!this.#isHalted()) this.#add(next.item);
    }
    this.#isPulling = false;
    this.#endIfOver();
  }

  #hasRoom(): boolean {
    return (
      this.#halt === undefined &&
      !this.#isExhausted &&
      this.#ready < mostReady &&
      this.#children.size < this.#plan.concurrency &&
      this.#gathering.hasRoom
    );
  }

  #add(item: unknown): void {
    const place = this.#size++;
    const { attempt, path, tally } = this.#host;
    let key: string;
    try {
      key = this.#keyOf(item, place);
    } catch (error) {
      this.#stopAll({ kind: 'failed', error });
      return;
    }
    if (this.#isHalted()) return;
    const candidate = new Candidate(this, place, this.#shape, [...path, place]);
    const child = new FanOutChild(attempt.definition.id, this.#plan, key, item, candidate);
    const { stage } = this.executor.settings;
    if (stage !== undefined) child.body = stage(child);
    this.#children.set(place, child);
    tally.add(1);
    if (this.executor.progress.observed) this.executor.report.stepAdded(child, attempt.definition.id, []);
    // Whoever has heard of it may have cancelled the run.
    if (this.#children.has(place)) this.#offer(child);
  }

  // A call, since the compiler takes a field for unchanged across calls that change it.
  #isHalted(): boolean {
    return this.#halt !== undefined;
  }

  #keyOf(item: unknown, place: number): string {
    if (this.#plan.keyOf === undefined || this.#keys === undefined) return String(place);
    const { id } = this.#host.attempt.definition;
    const given = this.#plan.keyOf(item, place);
    if ((typeof given !== 'string' && typeof given !== 'number') || given === '' || Number.isNaN(given))
      throw new InvalidOptionsError(`forEachStep('${id}')`, [
        { option: `the key of item ${String(place)}`, expected: 'a string or a number', value: given },
      ]);
    const key = String(given);
    const other = this.#keys.get(key);
    if (other !== undefined) throw new DuplicateKeyError(id, key, [other, place]);
    this.#keys.set(key, place);
    return key;
  }

  #offer(child: FanOutChild): void {
    if (this.#hasLane && this.#inLane === undefined) this.#takeLane(child);
    const lacking = this.executor.hopelessFor(child.candidate);
    this.#ready++;
    child.isReady = true;
    if (lacking === undefined) this.executor.offer(child.candidate);
    else this.failHopeless(child.place, lacking);
  }

  #abandon(child: FanOutChild, attempt: Attempt): void {
    if (this.#inLane === child) this.#loseLane(child);
    child.abandonedAs = child.candidate;
    this.executor.abandon(child.candidate, attempt);
  }

  #takeLane(child: FanOutChild): void {
    this.#inLane = child;
    child.candidate = new Candidate(this, child.place, this.#laneShape, child.candidate.path);
  }

  /** Children bring steps of their own, which can't run in what the fan-out has taken: they take it themselves. */
  #giveUpLane(): void {
    this.#hasLane = false;
    this.#host.giveBack?.();
  }

  /** A child that was given up keeps what the fan-out has taken: it is the child's from now on. */
  #loseLane(child: FanOutChild): void {
    this.#inLane = undefined;
    this.#hasLane = false;
    child.candidate = new Candidate(this, child.place, this.#shape, child.candidate.path);
    this.#host.handOn?.();
  }

  /** The lane is free: the first of those that wait takes it. */
  #leaveLane(child: FanOutChild): void {
    if (this.#inLane !== child) return;
    this.#inLane = undefined;
    child.candidate = new Candidate(this, child.place, this.#shape, child.candidate.path);
    for (const other of this.#children.values()) {
      if (!other.isReady || this.#halt !== undefined) continue;
      this.executor.withdraw(other.candidate);
      this.#takeLane(other);
      this.executor.offer(other.candidate);
      return;
    }
  }

  #leaveReady(child: FanOutChild): void {
    if (!child.isReady) return;
    child.isReady = false;
    this.#ready--;
  }

  #completed(child: FanOutChild, attempt: Attempt): void {
    const { report, progress } = this.executor;
    this.#settle(child, status.completed);
    if (progress.observed) report.stepCompleted(attempt, child.startedAt);
    if (child.settings.cleanup !== undefined) {
      const order = this.executor.nextOrder();
      this.adopt([{ definition: child, output: attempt.result, attempt: attempt.number, order }]);
    }
    this.#gather(child, this.#plan.settle ? { status: 'fulfilled', value: attempt.result } : attempt.result);
  }

  #gather(child: FanOutChild, result: unknown): void {
    if (this.#halt !== undefined) return;
    try {
      this.#gathering.add(child.place, child.key, result);
    } catch (error) {
      this.#stopAll({ kind: 'failed', error: markNotRetriable(error) });
    }
  }

  #attemptFailed(child: FanOutChild, attempt: Attempt): void {
    const error = attempt.result;
    if (error instanceof CancelledError) {
      this.#cancelled(child);
      this.#stopAll({ kind: 'cancelled', error });
      return;
    }
    const policy = this.#halt === undefined ? this.#backOffs.policyFor(attempt) : undefined;
    // Whoever was asked whether to try again may have cancelled the run.
    if (!this.#children.has(child.place)) return;
    if (policy === undefined || this.#isHalted()) this.#fail(child, error);
    else this.#backOff(child, attempt, policy);
  }

  #backOff(child: FanOutChild, attempt: Attempt, policy: RetryPolicy): void {
    const delayMs = this.#backOffs.delayAfter(attempt, policy);
    this.executor.report.stepRetrying(attempt, delayMs);
    // A subscriber may have cancelled the run just now.
    if (!this.#children.has(child.place)) return;
    if (delayMs === 0) {
      this.#offer(child);
      return;
    }
    this.#backOffs.wait(child.place, delayMs, () => {
      this.enter();
      this.#offer(child);
    });
  }

  #fail(child: FanOutChild, cause: unknown): void {
    const { id, attempts, startedAt } = child;
    const error = new StepFailedError(id, attempts, [...this.#host.chain, id], cause);
    this.#settle(child, status.failed);
    this.executor.report.stepFailed(id, attempts, attempts === 0 ? 0 : this.now - startedAt, error);
    if (this.#plan.settle) {
      this.#gather(child, { status: 'rejected', reason: error });
      return;
    }
    this.#failed++;
    if (this.#failures.length < mostFailures) this.#failures.push(error);
    if (this.onFailure === 'fail-fast') this.#stopAll({ kind: 'failed', error });
    else this.#gathering.skip();
  }

  #cancelled(child: FanOutChild): void {
    const { id, attempts, startedAt } = child;
    this.#settle(child, status.cancelled);
    this.executor.report.stepCancelled(id, attempts, attempts === 0 ? 0 : this.now - startedAt);
  }

  #settle(child: FanOutChild, final: number): void {
    this.#children.delete(child.place);
    this.#host.tally.settled(final);
  }

  // The end.

  /** No further child starts; what runs is told to stop. */
  #stopAll(halt: Halt): void {
    if (this.#halt !== undefined && !(halt.kind === 'stopped' && this.#halt.kind === 'cancelled')) return;
    this.#halt = halt;
    this.#cancelWaiting();
    this.#running.stop(halt.kind === 'stopped' ? halt.reason : halt.error);
    this.#close();
  }

  #cancelWaiting(): void {
    this.#backOffs.clear();
    const running = new Set(this.#running.places());
    for (const child of [...this.#children.values()]) {
      if (child.isReady) this.executor.withdraw(child.candidate);
      else if (running.has(child.place)) continue;
      this.#leaveReady(child);
      this.#cancelled(child);
    }
  }

  #close(): void {
    this.#isExhausted = true;
    this.#source.close(this.clock, this.gracePeriod, () => {
      this.enter();
      this.#endIfOver();
    });
    this.#endIfOver();
  }

  #endIfOver(): void {
    if (this.#isOver || this.#isPulling || !this.#isExhausted || this.#children.size > 0) return;
    if (this.#halt !== undefined && !this.#source.isClosed) return;
    this.#isOver = true;
    this.executor.ended(this);
    const { attempt } = this.#host;
    if (attempt.isStopping) attempt.stopped();
    else if (this.#halt !== undefined && this.#halt.kind !== 'stopped') attempt.failed(this.#halt.error);
    else if (this.#failed > 0)
      attempt.failed(new ChildrenFailedError(attempt.definition.id, this.#failed, this.#failures));
    else attempt.completed(this.#gathering.result());
  }
}

/** The failures that are kept under 'continue'; the others are only counted. */
const mostFailures = 100;
