import { type FanOutPlan, type Hostable, hosted } from '../definition/hosted.ts';
import type { Counts } from '../observe/child-counts.ts';
import { type FannedOut, FanOutScope } from './fan-out-scope.ts';
import type { HostedScope } from './hosted-scope.ts';
import type { Scope, ScopeRun, StepAttempt } from './scope.ts';

/** A step an item, and all that it takes to run these. */
export class HostedItems implements FannedOut, HostedScope, Hostable {
  readonly items: unknown;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly plan: FanOutPlan;

  constructor(items: unknown, inputs: Readonly<Record<string, unknown>>, plan: FanOutPlan) {
    this.items = items;
    this.inputs = inputs;
    this.plan = plan;
  }

  get keepsHolding(): boolean {
    return this.plan.isLive;
  }

  open(run: ScopeRun, parent: StepAttempt, counts: Counts): Scope {
    return new FanOutScope(run, this, parent, counts);
  }

  [hosted](): this {
    return this;
  }
}
