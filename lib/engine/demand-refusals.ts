import type { Demand } from '../admission/demand.ts';
import { ResourceLimitError } from '../admission/resource-limit-error.ts';
import type { Share } from '../sharing/share.ts';
import type { RunSettings } from './run-settings.ts';

/** Refuses demands that could never be met: by the run's own limits and rates, and by those that it shares. */
export class DemandRefusals {
  readonly #settings: RunSettings;
  readonly #share: Share | undefined;

  constructor(settings: RunSettings, share: Share | undefined) {
    this.#settings = settings;
    this.#share = share;
  }

  /**
   * @param limitOf - the run's own limit of a class, and that in force
   * @throws ResourceLimitError where a demand is more than there can be
   */
  tooMuch(
    demand: Demand,
    limitOf: (name: string) => readonly [own: number, inForce: number],
    stepId: () => string,
  ): void {
    for (const [name, amount] of Object.entries(demand)) {
      const [own, inForce] = limitOf(name);
      if (amount > own) throw new ResourceLimitError(stepId(), name, amount, own);
      const rate = this.#settings.rates.get(name);
      if (rate !== undefined) this.tooFast(name, amount, rate, stepId);
      if (amount > inForce) throw this.error(stepId(), name, amount, inForce);
      this.tooFastForAll(name, amount, stepId);
    }
  }

  /** @throws ResourceLimitError where more have to start together than may run at once */
  tooMany(count: number, stepIds: string): void {
    const { concurrency } = this.#settings;
    if (concurrency !== undefined && count > concurrency)
      throw new ResourceLimitError(stepIds, 'concurrency', count, concurrency);
    const shared = this.#share?.capacityOf('concurrency').capacity ?? Infinity;
    if (count > shared) throw this.error(stepIds, 'concurrency', count, shared);
  }

  /** @throws ResourceLimitError where a demand is more than may start at once by a rate */
  tooFast(
    name: string,
    amount: number,
    rate: { readonly limit: number; readonly perMs: number },
    stepId: () => string,
    label?: string,
  ): void {
    if (amount > rate.limit)
      throw new ResourceLimitError(stepId(), name, amount, rate.limit, 0, rate.perMs, label);
  }

  /** @throws ResourceLimitError where it is more than may by the rate of a shared limit */
  tooFastForAll(name: string, amount: number, stepId: () => string): void {
    for (const { rate, by } of this.#share?.ratesOf(name) ?? [])
      this.tooFast(name, amount, rate, stepId, by.label);
  }

  /** A demand is more than there is: by the run's own limit, or by one that is shared. */
  error(stepId: string, name: string, amount: number, limit: number): ResourceLimitError {
    const shared = this.#share?.capacityOf(name);
    const label = shared?.capacity === limit ? shared.by?.label : undefined;
    return new ResourceLimitError(stepId, name, amount, limit, 0, undefined, label);
  }
}
