import type { Demand } from '../admission/demand.ts';

/**
 * Marks a step function whose work is done elsewhere and which promises to stop: unsubscribing from what it
 * returns ends the work within `ctx.gracePeriod` by force if need be, and the finalisers it registers with
 * `ctx.defer` end when the work has. The engine waits for those and never abandons such a body.
 */
export const offloaded = Symbol('millrace.offloaded');

/** What the mark says. */
export interface OffloadedBody {
  readonly [offloaded]: {
    /** What the step demands unless it says otherwise. */
    readonly demand: Demand;
  };
}

/** The mark of a step function, or `undefined` where it runs here. */
export function offloadedMark(body: unknown): OffloadedBody[typeof offloaded] | undefined {
  return typeof body === 'function' ? (body as Partial<OffloadedBody>)[offloaded] : undefined;
}

/** Where an offloaded body finds its {@link OffloadHost} in its context. */
export const offloadHost = Symbol('millrace.offloadHost');

/** What only an offloaded body needs of its attempt. */
export interface OffloadHost {
  /** The run that it belongs to: what one run asks for is served in turn with what others do. */
  readonly run: object;
  /** The name of that run. */
  readonly runId: string;
  /** How many processes have had the run before this one, and this one: the later one is right where two believe that they have it. */
  readonly epoch: number;
  /**
   * Tells it from others that are begun under its name, before or later, where it has a store, so that a later process may go on with it and
   * with what was sent for it; `undefined` where it has none.
   */
  readonly life: string | undefined;
  /** Settles once later processes will know its `life`: nothing is to be sent before. `undefined` where that is so. */
  lifeStays(): Promise<void> | undefined;
  /** What the step demands. */
  readonly demand: Demand;
  /** Texts that go along with the work; `undefined` where there are none. */
  readonly carrier: Readonly<Record<string, string>> | undefined;
  /** The work can't begin, and why: told as a `warning` of the run. */
  workWaits(message: string): void;
  /**
   * The work has begun elsewhere, in the thread of that name where it has one: the attempt's timeout counts from now, not from
   * the wait for a place.
   */
  workBegan(thread: string | undefined): void;
  /** The inputs of the step that others still need, so that they mustn't be moved away. */
  sharedInputs(): readonly SharedInput[];
}

/** An output that more than one step, or the result, needs. */
export interface SharedInput {
  /** The step that produced it. */
  readonly stepId: string;
  readonly value: unknown;
}

/** The host behind a context; `undefined` where the context isn't a run's (a test's stand-in, for one). */
export function offloadHostOf(ctx: object): OffloadHost | undefined {
  return (ctx as { readonly [offloadHost]?: OffloadHost })[offloadHost];
}
