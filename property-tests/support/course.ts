import type { Entry, Journal } from './journal.ts';
import type { Scenario } from './scenario.ts';

/** An instant at which a run was stopped: when, and where in the journal. */
interface Stop {
  readonly at: number;
  readonly place: number;
  readonly kind: 'cancelled' | 'failed' | 'timed out';
}

/** How a run was stopped, if it was. */
export interface Course {
  /** From here on nothing starts, and the run's outcome is settled. */
  readonly stop: Stop | undefined;
  /** From here on what runs is told to stop: the same as `stop`, or later where that was a drain. */
  readonly hardStop: Stop | undefined;
}

/** Makes out from the journal when and how a run was stopped. */
export function courseOf(scenario: Scenario, journal: Journal): Course {
  let stop: Stop | undefined;
  for (const [place, entry] of journal.entries.entries()) {
    // Clean-ups are not called off.
    if (entry.kind === 'cleaning' || isEndOfRun(entry)) break;
    const kind = kindOf(entry, scenario, stop !== undefined);
    if (kind === undefined) continue;
    const found: Stop = { at: entry.at, place, kind };
    stop ??= found;
    if (entry.kind !== 'cancelling' || entry.route !== 'drain') return { stop, hardStop: found };
  }
  return { stop, hardStop: undefined };
}

function kindOf(entry: Entry, { run }: Scenario, isDraining: boolean): Stop['kind'] | undefined {
  if (entry.kind === 'cancelling') return 'cancelled';
  // Nothing else happens in such an eighth of a millisecond.
  if (entry.kind === 'tick' && entry.at === run.timeout) return 'timed out';
  if (entry.kind !== 'event' || isDraining) return undefined;
  if (entry.event.type === 'step-failed' && run.onFailure === 'fail-fast') return 'failed';
  return entry.event.type === 'step-cancelled' ? 'cancelled' : undefined;
}

/** Whether an entry is the last event of a run. */
export function isEndOfRun(entry: Entry): boolean {
  return entry.kind === 'event' && /^run-(completed|failed|cancelled)$/.test(entry.event.type);
}
