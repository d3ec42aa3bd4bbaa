import type { Clock } from '../base/clock.ts';
import type { Sponsor } from './messages.ts';

/** What a coordinator is told to do. */
export interface CoordinatorTerms {
  readonly queue: string;
  /** Tells it from every other coordinator. */
  readonly id: string;
  readonly version: string | undefined;
  /** How long, in ms, it may be silent before workers stop what they do for it. */
  readonly leaseMs: number;
  /** How long a call waits, in ms, for a worker that has its task. */
  readonly workerWait: number;
  /** How long a call waits, in ms, for a connection that was lost. */
  readonly connectionWait: number;
  /** How long it may be silent, in ms, before workers stop what they do for its kept runs. */
  readonly takeoverWait: number;
  /** How many short calls share a job at most. */
  readonly batch: number;
  readonly clock: Clock;
  /** Does something when what has just come is worked off. */
  readonly soon: (work: () => void) => void;
}

/** What workers are told of it. */
export function sponsorOf({ id, leaseMs, takeoverWait }: CoordinatorTerms): Sponsor {
  return { coordinator: id, coordinatorLeaseMs: leaseMs, takeoverWait };
}

/** How long, in ms, things have that go without saying, before it is told, or looked into, that they don't. */
export const patience = 1000;
