// Long because it is a list: all that is asked of a run, from its start on, each with what it sets going.
import type { LimitChange, Limits } from '../admission/limits.ts';
import type { CancellationToken } from '../base/cancellation.ts';
import { CancelledError } from '../base/errors.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { StepDefinition } from '../definition/step.ts';
import { WorkflowTimeoutError } from '../observe/failures.ts';
import type { ServedRun, Share } from '../sharing/share.ts';
import { Ending } from './ending.ts';
import { GraphScope } from './graph-scope.ts';
import type { Opening } from './keeper.ts';
import type { Keeping } from './keeping.ts';
import { LiveLimits } from './live-limits.ts';
import { RunBudget } from './run-budget.ts';
import type { RunSettings } from './run-settings.ts';
import type { Scope } from './scope.ts';
import { nobody, type Row } from './step-table.ts';
import { statusNames } from './transitions.ts';

/** A run, from its start to its end: what is asked of it. */
export class Engine extends Ending implements ServedRun {
  readonly budget: RunBudget;
  readonly root: GraphScope;
  readonly limits: LiveLimits;
  protected readonly kept: Keeping | undefined;
  #hasTold = false;

  /** @throws ResourceLimitError where a step demands more than there can be */
  constructor(blueprint: Blueprint, settings: RunSettings) {
    super(blueprint, settings);
    this.kept = settings.keeping?.(this);
    const { inputs, onFailure } = settings;
    const root = { depth: 0, parentRow: nobody, parentScope: undefined };
    this.budget = new RunBudget(blueprint, settings, root, this.slice, settings.share?.(this));
    this.root = new GraphScope(this, { blueprint, inputs, onFailure, pick: undefined }, undefined, undefined);
    const { turns } = this.budget;
    if (turns !== undefined) {
      turns.isGone = (row) => this.table.isSettled(row);
      turns.isUncertain = (row) =>
        this.root.edges?.isDormant(row) === true || this.root.groups?.isMember(row) === true;
    }
    this.limits = new LiveLimits(this.budget, blueprint, this.table, settings.clock, {
      after: this.after.bind(this),
      room: () => {
        this.goOn();
      },
      nestedDemands: () => [...this.nested].flatMap((scope) => scope.demands()),
    });
  }

  /** Starts the run: it begins, unless it has to wait for others with which it shares limits. */
  launch(): void {
    if (this.status !== 'idle') return;
    this.status = 'running';
    const { share } = this.budget;
    if (share === undefined) {
      this.loop.settleIn();
    } else {
      this.nesting = share.nesting();
      this.nesting.markRun(() => {
        this.loop.settleIn();
      });
    }
    this.wake(() => {
      if (share === undefined || this.#enter(share)) this.#takeUp();
      this.review(this.root);
    });
  }

  begin(): void {
    this.wake(() => {
      if (this.status !== 'waiting') return;
      this.budget.share?.useEntry();
      this.status = 'running';
      this.listener?.runChanged?.();
      this.#takeUp();
      this.review(this.root);
    });
  }

  /** Begins: where the run is kept, once the store has it. */
  #takeUp(): void {
    this.startedAt = this.now;
    const { kept } = this;
    if (kept === undefined) {
      this.#begin(false);
      return;
    }
    this.outerStops.attach(this.settings, this);
    this.isOpening = true;
    this.root.isRecalling = true;
    kept.open((opening) => {
      this.isOpening = false;
      this.root.isRecalling = false;
      this.#opened(kept, opening);
    });
  }

  #opened(kept: Keeping, opening: Opening): void {
    if (!('refused' in opening)) this.keeping = kept;
    else if (opening.refused !== undefined)
      this.halt(this.root, { kind: 'failed', error: opening.refused, drain: false });
    // Whoever has cancelled it meanwhile waits for its end.
    if (this.outcome === undefined) this.#begin('isResumed' in opening && opening.isResumed);
    else this.endIfDone();
  }

  #begin(isResumed: boolean): void {
    this.#tellStart(isResumed);
    if (this.root.stopped === undefined) this.outerStops.attach(this.settings, this);
    if (this.root.stopped === undefined) {
      this.limits.follow((change) => {
        this.wake(() => {
          if (this.root.stopped === undefined && !this.isOver)
            change((changed) => {
              this.report.limitsChanged(changed);
              this.listener?.runChanged?.();
            });
        });
      }, this.startedAt);
      this.root.launch();
    }
    this.review(this.root);
  }

  #tellStart(isResumed: boolean): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.report.runStarted(this.blueprint, isResumed);
    for (const [given, demanded] of this.settings.misspelt)
      this.report.misspelt(this.#demanderOf(demanded), given, demanded);
    this.nesting?.warn();
  }

  /** Joins those with whom it shares limits; false where it doesn't begin now. */
  #enter(share: Share): boolean {
    try {
      share.attach();
      if (share.hasChanged) {
        for (const budget of share.budgets) this.checkLimits((name) => budget.limitOf(name), budget.label);
        this.#followLimits();
      }
      this.budget.joinShared();
    } catch (error) {
      this.halt(this.root, { kind: 'failed', error, drain: false });
      return false;
    }
    const entry = share.enter();
    if (entry === 'begins') return true;
    if (entry === 'waits') {
      this.status = 'waiting';
      this.listener?.runChanged?.();
      this.report.runWaiting(this.blueprint, share.runsWaiting);
      this.nesting?.warn();
      if (this.root.stopped === undefined) this.outerStops.attach(this.settings, this);
      return false;
    }
    const error = entry.refusedBy.refusalOf(this);
    this.halt(this.root, { kind: 'failed', error, drain: false });
    return false;
  }

  cancel(reason: unknown, drain = false): void {
    this.#cancel(reason, drain, undefined);
  }

  cancelLike(token: CancellationToken): void {
    this.#cancel(token.reason, false, token);
  }

  #cancel(reason: unknown, drain: boolean, by: CancellationToken | undefined): void {
    if (this.isWrappingUp) return;
    if (this.status === 'idle') this.loop.settleIn();
    this.loop.perform(() => {
      const what = `run '${this.settings.runId}'`;
      if (!drain && this.root.stopped === undefined) {
        if (by === undefined) this.token.cancel(reason);
        else this.token.cancelLike(by);
      }
      const error = this.token.isCancelled
        ? this.token.error(what)
        : new CancelledError(reason, what, this.token.id);
      this.halt(this.root, { kind: 'cancelled', error, drain });
    });
  }

  timeOut(timeoutMs: number): void {
    if (!this.isWrappingUp) this.failWith(new WorkflowTimeoutError(this.blueprint.name, timeoutMs));
  }

  failWith(error: unknown): void {
    this.wake(() => {
      this.halt(this.root, { kind: 'failed', error, drain: false });
    });
  }

  /** Holds back what would start, of one class or at all, until it is resumed. */
  pause(resource: string | undefined): void {
    this.#change(() => {
      this.limits.pause(resource, () => {
        this.report.paused(resource);
      });
    });
  }

  resume(resource: string | undefined): void {
    this.#change(() => {
      this.limits.resume(resource, () => {
        this.report.resumed(resource);
      });
    });
  }

  setLimits(limits: Limits): void {
    this.#change(() => {
      this.limits.change(limits, this.startedAt, this.now, (changed) => {
        this.report.limitsChanged(changed);
      });
    });
  }

  checkLimits(limitOf: (name: string) => LimitChange | undefined, label: string): void {
    this.limits.checkShared(limitOf, label);
  }

  followLimits(): void {
    this.#change(() => {
      this.#followLimits();
    });
  }

  #followLimits(): void {
    this.limits.followShared(this.startedAt, this.now, (changed) => {
      this.report.limitsChanged(changed);
    });
  }

  /** @returns whether there is such a step */
  cancelStep(id: string, reason: unknown): boolean {
    const found = this.#find(id);
    if (found === undefined) return false;
    this.loop.perform(() => {
      this.cancelRowAlone(found.scope, found.row, reason);
    });
    return true;
  }

  // What the loop asks for.

  protected override carryOut(scope: Scope): void {
    if (scope === this.root) {
      // What is cancelled has been told of before.
      if (this.isOpening) this.#tellStart(false);
      this.status = 'stopping';
      this.retries.clear();
      this.limits.close();
      this.budget.share?.leaveLine();
    }
    super.carryOut(scope);
  }

  rest(): void {
    this.keeper?.flush();
    // Where it rests although it could go on, others may.
    this.budget.share?.passed();
    this.watchAbandoned();
    this.suspectStandstill();
  }

  // What others may look at.

  get isUnderWay(): boolean {
    return this.status !== 'idle' && this.status !== 'waiting' && !this.isOver;
  }

  get isInLine(): boolean {
    return this.budget.share?.isInLine === true;
  }

  get isPaused(): boolean {
    return this.limits.isPaused;
  }

  #change(change: () => void): void {
    // What can't be done is thrown to who asks for it.
    this.enter();
    this.within(() => {
      change();
      this.listener?.runChanged?.();
      this.loop.turn();
    });
  }

  #demanderOf(resource: string): string {
    const { steps } = this.blueprint;
    const demands = ({ settings }: StepDefinition): boolean => Object.hasOwn(settings.demand, resource);
    return ((steps.find(demands) ?? steps[0]) as StepDefinition).id;
  }

  /** The steps that aren't settled, at whatever level, and how messages call them. */
  *unsettled(): Iterable<{ readonly status: string; readonly shownId: () => string }> {
    for (const scope of [this.root, ...this.nested])
      for (const row of scope.rows())
        if (!this.table.isSettled(row))
          yield {
            status: statusNames[this.table.status[row] as number] as string,
            shownId: () => scope.shownId(scope.definitionOf(row)),
          };
  }

  #find(id: string): { readonly scope: Scope; readonly row: Row } | undefined {
    const root = this.blueprint.graph.indexOf(id);
    if (root !== undefined) return { scope: this.root, row: root };
    for (const scope of this.nested)
      for (const row of scope.rows()) if (scope.idOf(scope.definitionOf(row)) === id) return { scope, row };
    return undefined;
  }
}
