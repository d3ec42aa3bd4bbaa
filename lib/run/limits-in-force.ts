import { setOwn } from '../base/record.ts';
import type { RunBudget } from '../engine/run-budget.ts';

/** The limit of one class, as it is in force. */
export type LimitInForce =
  | number
  | {
      /** How much may be taken at once; `Infinity` where only the rate bounds it. */
      readonly limit: number;
      /** How much may start in a stretch of time. */
      readonly rate: {
        /** The most that may start in it. */
        readonly limit: number;
        /** How long it is, in ms. */
        readonly per: number;
      };
    };

/** The limits in force by class, in the form that `setLimits` takes. Memory is in bytes; `Infinity` is no limit. */
export type LimitsInForce = Readonly<Record<string, LimitInForce>> & {
  /** How many steps may run at once over all classes. */
  readonly concurrency: number;
};

/** The limits that a run has just now. */
export function limitsInForce({ classes, admission }: RunBudget): LimitsInForce {
  const limits: Record<string, LimitInForce> & { concurrency: number } = { concurrency: Infinity };
  for (const [name, place] of classes.entries()) {
    const limit = admission.capacities[place] ?? Infinity;
    const rate = admission.windowOf(place)?.rate;
    setOwn(
      limits,
      name,
      rate === undefined ? limit : { limit, rate: { limit: rate.limit, per: rate.perMs } },
    );
  }
  return Object.freeze(limits);
}
