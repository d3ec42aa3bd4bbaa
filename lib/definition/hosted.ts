import type { Demand } from '../admission/demand.ts';
import { type Blueprint, demandsOf } from './blueprint.ts';
import type { Machinery } from './machinery.ts';
import type { StepBody } from './step-definition.ts';
import type { StepSettings, Within } from './step-options.ts';

/** What a body may return to hand its work to steps of their own: under this name it says which. */
export const hosted = Symbol('millrace.hosted');

/** Something whose steps run in the place of the step that returns it. */
export interface Hostable<out Out = unknown> {
  /** @hidden */
  [hosted](): HostedSteps<Out>;
}

declare const output: unique symbol;

/** The steps that a body hands its work to. What they are is the engine's, and isn't part of what is declared to users. */
export interface HostedSteps<out Out = unknown> {
  readonly [output]?: Out;
  /** @internal */
  readonly work: HostedGraph | HostedItems;
}

/** A graph of steps. */
export class HostedGraph implements HostedSteps {
  readonly blueprint: Blueprint;
  /** The values of its inputs, by name. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly onFailure: 'fail-fast' | 'continue';
  readonly timeout: number | undefined;

  constructor(
    blueprint: Blueprint,
    inputs: Readonly<Record<string, unknown>>,
    onFailure: 'fail-fast' | 'continue',
    timeout: number | undefined,
  ) {
    this.blueprint = blueprint;
    this.inputs = inputs;
    this.onFailure = onFailure;
    this.timeout = timeout;
  }

  [hosted](): this {
    return this;
  }

  get work(): this {
    return this;
  }
}

/** How a fan-out makes and gathers its children. */
export interface FanOutPlan {
  readonly body: StepBody;
  readonly settings: StepSettings;
  /** What the child of an item takes, where it isn't the same for all. */
  readonly demandOf?: ((item: unknown) => Demand) | undefined;
  readonly keyOf: ((item: unknown, index: number) => unknown) | undefined;
  /** How many children may run at once, whatever else there is room for. */
  readonly concurrency: number;
  readonly onResult: ((result: unknown, key: string) => unknown) | undefined;
  readonly reduce: ((sum: unknown, result: unknown, key: string) => unknown) | undefined;
  readonly initial: unknown;
  readonly settle: boolean;
  /**
   * Whether the items come from a step that runs meanwhile. The fan-out then keeps what one child takes, which one child at a time
   * runs in: or what that step holds could be what all children wait for.
   */
  readonly isLive: boolean;
}

/** A step an item. */
export class HostedItems implements HostedSteps {
  readonly items: unknown;
  /** What every child gets beside its item. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly plan: FanOutPlan;
  /** What the children run in. */
  readonly Scope: Machinery;

  constructor(items: unknown, inputs: Readonly<Record<string, unknown>>, plan: FanOutPlan, Scope: Machinery) {
    this.items = items;
    this.inputs = inputs;
    this.plan = plan;
    this.Scope = Scope;
  }

  [hosted](): this {
    return this;
  }

  get work(): this {
    return this;
  }
}

/** What is known of a graph before it is run. */
export class KnownGraph implements Within {
  readonly blueprint: Blueprint;

  constructor(blueprint: Blueprint) {
    this.blueprint = blueprint;
  }

  get demands(): Within['demands'] {
    return demandsOf(this.blueprint).map(([demand, stepId]) => [demand, `/${stepId}`] as const);
  }

  get info(): Within['info'] {
    return { steps: this.blueprint.info.steps };
  }
}

/** What is known of the children of a fan-out before it has its items. */
export class KnownItems implements Within {
  readonly plan: FanOutPlan;
  /** How many items there are, where that is known. */
  readonly count: number | undefined;

  constructor(plan: FanOutPlan, count: number | undefined) {
    this.plan = plan;
    this.count = count;
  }

  get demands(): Within['demands'] {
    // What each item takes is known with the item.
    return this.plan.demandOf === undefined ? [[this.plan.settings.demand, '[…]']] : [];
  }

  get info(): Within['info'] {
    const { demandOf, settings, concurrency } = this.plan;
    return {
      children: {
        ...(this.count === undefined ? {} : { count: this.count }),
        ...(demandOf === undefined ? { demand: settings.demand } : {}),
        ...(concurrency === Infinity ? {} : { concurrency }),
      },
    };
  }
}
