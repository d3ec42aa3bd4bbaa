// Long because it is a list: all that the engine asks of a scope, each with what it means.
import { type Demand, sumOfDemands } from '../admission/demand.ts';
import type { Attempt } from '../attempt/attempt.ts';
import type { AttemptScope } from '../attempt/attempt-run.ts';
import type { RunningBody } from '../attempt/body-listener.ts';
import type { Outlet } from '../attempt/outlet.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { Counts } from '../observe/child-counts.ts';
import { pathText, type ShownStep, type StepFailedError } from '../observe/failures.ts';
import type { Origin } from '../observe/progress-event.ts';
import type { Reporter } from '../observe/reporter.ts';
import type { Keeper } from './keeper.ts';
import type { RecallingScope } from './kept-outputs.ts';
import type { Releases, ReleasingScope } from './releases.ts';
import type { RankedScope } from './row-order.ts';
import type { RowShape } from './row-rules.ts';
import type { RunBudget } from './run-budget.ts';
import type { RunSettings } from './run-settings.ts';
import type { Skip } from './skip.ts';
import type { Row, StepTable } from './step-table.ts';
import type { Stop } from './stop.ts';
import type { Done, Undoing } from './undoing.ts';

/** An attempt of a row of a scope. */
export type StepAttempt = Attempt<Scope, RowShape>;

/** A scope whose rows are the children of a fan-out, which come and go: what it hears of them. */
export interface FanOut {
  /** Whether a row runs in what another one holds. */
  isLent(row: Row): boolean;
  /** An attempt of a row is about to start. */
  started(row: Row): void;
  /** A row has completed, with that output. */
  completed(row: Row, output: unknown): void;
  /** An attempt of a row was given up. */
  abandoned(attempt: StepAttempt): void;
  /** The body of a row has handed its work over. */
  handedOver(attempt: StepAttempt): void;
  /** All that there is to say of a settled row has been said. */
  leave(row: Row): void;
  /** It is to look for more items. */
  pullItems(): void;
}

/** What scopes ask of their run. Whatever is asked changes rows, and is told; none of it calls the scope back before it returns. */
export interface ScopeRun {
  readonly table: StepTable;
  readonly settings: RunSettings;
  readonly budget: RunBudget;
  readonly report: Reporter;
  readonly releases: Releases;
  /** The attempts that were given up and whose bodies go on. */
  readonly abandonedAttempts: ReadonlySet<StepAttempt>;
  /** Whether somebody listens to what happens. */
  readonly observed: boolean;
  readonly now: number;
  /** How many attempts run just now, those apart whose work is done by others. */
  readonly running: number;
  /** As the clock's `after`; in the async context of the run. */
  after(ms: number, work: () => void): () => void;
  /** Does what somebody else's call has brought about, in the run's async context, and works off what comes of it. */
  wake(work: () => void): void;
  /** Whether all that runs waits at a channel. */
  readonly isAtStandstill: boolean;
  /** A row competes for its resources from now on; where the run hasn't what it demands, it fails. */
  makeReady(scope: Scope, row: Row, by: Row): void;
  /** The same, for one that competes together with others. */
  noteReady(scope: Scope, row: Row, shape: RowShape): void;
  /** A row fails without an attempt. */
  fail(scope: Scope, row: Row, cause: unknown, by: Row): void;
  skip(scope: Scope, row: Row, skip: Skip): void;
  /** Nobody needs a row any more: whatever it is doing, it comes to an end. */
  drop(scope: Scope, row: Row, because: string): void;
  /** Rows that were admitted as one start, each by itself. */
  startTogether(scope: Scope, rows: readonly Row[]): void;
  /** A row no longer waits for admission, or waits for it anew. */
  withdraw(row: Row): void;
  enqueue(row: Row): void;
  /** Nothing more starts in a scope; what runs there is told to stop, unless it may finish. */
  halt(scope: Scope, stop: Stop): void;
  /** Whether a scope is through, is to be looked at. */
  review(scope: Scope): void;
  /** A child has a row, at that place. */
  enterChild(scope: Scope, row: Row, place: number): void;
  /** A fan-out is to look for more items. */
  pull(fanOut: FanOut): void;
  /** What the parent of a scope holds comes back to the run. */
  giveBack(attempt: StepAttempt): void;
  /** A row completes without a body. */
  complete(scope: Scope, row: Row, output: unknown, origin: Origin, order?: number): void;
  /** Who keeps what the run does; `undefined` where nobody does. */
  readonly keeper: Keeper | undefined;
  /** Settles what was done of a graph before, and then has it launched; false where nothing is kept. */
  recall(scope: RecallingScope, launch: () => void): boolean;
  /** Whether the event loop is to be given back by now. */
  isOverdue(): boolean;
}

/**
 * Rows that belong together: a graph of steps, or the children of a fan-out. All but the run's own do the work of another row.
 *
 * 1. After its stop nothing starts in it; what waits is cancelled, what runs is told to stop, or may finish.
 * 2. It is through when no row is open but those that nobody needs any more, which are only waited for where it doesn't succeed.
 * 3. What it comes to is the outcome of the attempt whose work it does.
 */
export abstract class Scope implements AttemptScope, RankedScope, ReleasingScope, RunningBody {
  readonly run: ScopeRun;
  /** Whose work it does; `undefined` where it is the run itself. */
  readonly parent: StepAttempt | undefined;
  readonly depth: number;
  abstract readonly onFailure: 'fail-fast' | 'continue';
  /** Itself where its rows are the children of a fan-out. */
  abstract readonly fanOut: FanOut | undefined;
  /** Counts its rows, with all others that came of one of the run's own. */
  readonly counts: Counts | undefined;
  stopped: Stop | undefined;
  /** How many rows aren't settled, and how many of these nobody needs any more. */
  open = 0;
  unneeded = 0;
  /** Whether what it comes to is decided. */
  isOver = false;
  /** Takes back its timeout. */
  clearTimeout: (() => void) | undefined;
  /** Whether it is queued to be looked at. */
  isUnderReview = false;
  /** Whether something that its rows have done may have to be undone. */
  hasUndoing = false;
  /** The failures that count, the first of them. */
  readonly failures: StepFailedError[] = [];
  failed = 0;
  /** What is to be undone of what its rows have done. */
  abstract readonly undoing: Undoing;
  #knownPath: string | undefined;
  #shownHead: string | undefined;

  constructor(run: ScopeRun, parent: StepAttempt | undefined, counts: Counts | undefined) {
    this.run = run;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.scope.depth + 1;
    this.counts = counts;
  }

  get parentRow(): Row {
    return this.parent?.row ?? -1;
  }

  get parentScope(): Scope | undefined {
    return this.parent?.scope;
  }

  /** Its rows that there are just now. */
  abstract rows(): Iterable<Row>;
  abstract definitionOf(row: Row): StepDefinition;
  /**
   * @throws InvalidOptionsError, ResourceLimitError where the row demands what this run can't give
   */
  abstract shapeOf(row: Row): RowShape;
  /** Lets the first rows start. */
  abstract launch(): void;
  /** A back-off is over. */
  abstract retry(row: Row): void;
  /** Whether a failed row may be tried again at all. */
  abstract mayRetry(row: Row): boolean;
  /** An attempt of a row is over, and what came of it dealt with; the row isn't settled. */
  abstract attemptEnded(attempt: StepAttempt): void;
  /** A row has failed, with that error. */
  abstract failedRow(row: Row, error: StepFailedError): void;
  /** A failure counts. */
  abstract noteFailure(error: StepFailedError): void;
  /** A row is settled: it needs nothing any more. Nobody has been told yet. */
  abstract settled(row: Row): void;
  /** Whether who needs a row can be told of its output at once, since that only makes rows ready. */
  abstract readonly spreadsAtOnce: boolean;
  /** Whether a row is an output that can't be done without. */
  abstract isRequired(row: Row): boolean;
  /** The failure for want of which a row was skipped, where it was taken for somebody's to deal with. */
  abstract uncountedFailureBehind(row: Row): StepFailedError | undefined;
  /** The id of the step that no longer needs a row. */
  abstract droppedFor(row: Row): string | undefined;
  /** Nobody will use the output of a row any more. */
  abstract unused(row: Row): void;
  /** Whether a row's failure is dealt with by another, or is a result. */
  abstract isGuarded(row: Row): boolean;
  /** Whether a row that is ready waits for admission by itself. */
  abstract isQueued(row: Row): boolean;
  /** The rows that a waiting row stands for in admission: itself, and those that start with it. */
  abstract standsFor(row: Row): readonly Row[];
  /** A waiting row was admitted that may stand for others: starts them with it. False where it stands for itself. */
  abstract startGroup(row: Row): boolean;
  /** A row has left admission, and stands for nobody any more. */
  abstract standDown(row: Row): void;
  /** Who needs a settled row hears of it. */
  abstract spread(row: Row): void;
  /** Nothing more comes into it. */
  abstract close(): void;
  /** Whether no more rows can come. */
  abstract readonly isClosed: boolean;
  abstract holderOf(row: Row): Row;
  abstract mayBeUndoneAfter(row: Row): boolean;
  abstract isInUse(row: Row): boolean;
  /** What its rows have come to. */
  abstract result(): unknown;
  /** What it fails with where its own steps have failed and the others went on. */
  abstract failure(): unknown;
  /** It has succeeded: what its rows have opened, and what of their work may have to be undone, is its parent's from now on. */
  abstract handOn(): void;
  /** Takes out what is to be undone, the last to complete first. */
  abstract takeUndone(): Done[];
  /** It has not succeeded, and all is undone: what its rows have opened is closed. */
  abstract closeAll(): void;
  /** Nobody needs its rows any more. */
  abstract free(): void;
  abstract inputsOf(row: Row): Readonly<Record<string, unknown>>;
  abstract sharedInputsOf(row: Row): readonly SharedInput[];
  abstract outletOf(row: Row): Outlet | undefined;
  /** What its rows demand, each with one of them. */
  abstract demands(): readonly (readonly [demand: Demand, stepId: string])[];
  /** The ids from the beginning of the scope to a row, as `shown`. */
  abstract chainWithin(
    definition: StepDefinition,
    row: Row,
    shown: (definition: StepDefinition) => string,
  ): string[];
  /** The path of one of its steps, given that of the scope. */
  abstract pathOf(definition: StepDefinition, scopePath: string): string;
  /** The fan-out over a stream that is nearest above its rows; itself where it is one. */
  abstract readonly live: Scope | undefined;
  /** What those take that have to run while a row reads from them. */
  abstract demandOfMates(row: Row): Demand;

  /** What those take that have to run while its rows do: the producers of all streams whose items it came of. */
  reserved(): Demand | undefined {
    const demands: Demand[] = [];
    for (let { live } = this as Scope; live?.parent !== undefined; live = live.parent.scope.live)
      demands.push(live.parent.scope.demandOfMates(live.parent.row));
    return demands.length === 0 ? undefined : sumOfDemands(demands);
  }

  get isFailing(): boolean {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parentScope)
      if (scope.stopped?.kind === 'failed') return true;
    return false;
  }

  /** Whose work this is was told to stop. */
  stop(reason: unknown): void {
    this.run.halt(this, { kind: 'told', reason, drain: false });
  }

  drain(reason: unknown): void {
    this.run.halt(this, { kind: 'told', reason, drain: true });
  }

  /** The path of one of its steps: unique in the run. */
  idOf(definition: StepDefinition): string {
    if (this.parent === undefined) return definition.id;
    return this.pathOf(definition, this.#path());
  }

  /** How messages call one of its steps: the ends of a path that is long. */
  shownId(definition: StepDefinition): string {
    if (this.depth <= shownLevels) return this.idOf(definition);
    let scope: Scope = this;
    let end = this.pathOf(definition, '');
    for (let level = 1; level < shownLevels / 2; level++) {
      const { parent } = scope as { readonly parent: StepAttempt };
      scope = parent.scope;
      end = scope.pathOf(parent.definition, '') + end;
    }
    return `${this.#head()}/… ${String(this.depth - shownLevels + 1)} more …${end}`;
  }

  /** The ids from the run's beginning to a row. */
  chainOf(definition: StepDefinition, row: Row): string[] {
    const levels = [this.chainWithin(definition, row, (each) => this.idOf(each))];
    for (let { parent } = this as Scope; parent !== undefined; parent = parent.scope.parent) {
      const { scope } = parent;
      levels.push(scope.chainWithin(parent.definition, parent.row, (each) => scope.idOf(each)));
    }
    return levels.reverse().flat();
  }

  /** What the message of a failure says of a row. */
  shown(definition: StepDefinition, row: Row, isWithin: boolean): ShownStep {
    return { id: this.shownId(definition), path: () => this.#shownChain(definition, row), isWithin };
  }

  /** Where a rest is of no interest, only the ends of a chain are looked for. */
  #shownChain(definition: StepDefinition, row: Row): string {
    if (this.depth <= shownLevels) return pathText(this.chainOf(definition, row));
    const head = this.#head();
    const tail = this.chainWithin(definition, row, (each) => this.shownId(each)).slice(-shownLevels / 2);
    return ` (${head} → … → ${tail.join(' → ')})`;
  }

  #path(): string {
    // Each level adds a part: a rope, of which nothing is copied before somebody reads it.
    const { parent } = this;
    if (parent === undefined) return '';
    this.#knownPath ??= parent.scope.partOf(parent.definition);
    return this.#knownPath;
  }

  /** How a step is written at the beginning of the path of what came of it. */
  partOf(definition: StepDefinition): string {
    // Without recursion: thousands of levels may not have been asked for theirs.
    const unknown: Scope[] = [];
    for (
      let scope: Scope | undefined = this;
      scope?.parent !== undefined && scope.#knownPath === undefined;
      scope = scope.parentScope
    )
      unknown.push(scope);
    for (const scope of unknown.reverse()) {
      const { parent } = scope as { readonly parent: StepAttempt };
      scope.#knownPath = parent.scope.ownPart(parent.definition);
    }
    return this.ownPart(definition);
  }

  /** As `partOf`, the path of the scope itself being known. */
  protected ownPart(definition: StepDefinition): string {
    return this.pathOf(definition, this.#knownPath ?? '');
  }

  /** The path of the ancestor that lies so deep that messages name it, the same for all that lies deeper. */
  #head(): string {
    const passed: Scope[] = [];
    let scope: Scope = this;
    for (
      ;
      scope.depth > shownLevels / 2 && scope.#shownHead === undefined;
      scope = scope.parentScope as Scope
    )
      passed.push(scope);
    const head = scope.#shownHead ?? scope.#path();
    for (const each of passed) each.#shownHead = head;
    return head;
  }
}

/** The parts of a path that messages say in full at most. */
const shownLevels = 8;
