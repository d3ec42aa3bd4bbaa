import type { StoreTrial } from './store-trial.ts';

/** What holds for every backend of a store. */
export interface StoreLaw {
  /** Goes on after "the law that". */
  readonly name: string;
  /** Whether owners have to be made to look dead for it. */
  readonly needsAbandon?: boolean;
  readonly check: (trial: StoreTrial) => Promise<void>;
}
