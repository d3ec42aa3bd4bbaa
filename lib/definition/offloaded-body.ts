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
