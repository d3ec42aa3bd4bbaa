/**
 * What happens in a run, as lines of a store.
 *
 *     {"go": 1, …}          a process has begun to write: what the run is of
 *     {"seq": …, …}         events, in groups
 */
import { type EventsOfLine, eventsOf } from './event-group.ts';

/** What a process says of the run before it tells what happens. */
export interface Go {
  readonly go: 1;
  readonly runId: string;
  /** The object that says what the steps are. */
  readonly workflow: string;
  readonly limits: Readonly<Record<string, number>>;
  /** In ms of epoch time. */
  readonly at: number;
}

export function goLine(go: Go): string {
  const limits = Object.entries(go.limits).map(([name, limit]) => [name, limit === Infinity ? null : limit]);
  return JSON.stringify({ ...go, limits: Object.fromEntries(limits) as unknown });
}

/** What a line says; `undefined` where it is damaged. */
export function readEventLine(line: string, runId: string): Go | EventsOfLine | undefined {
  try {
    const said = JSON.parse(line) as Go | Parameters<typeof eventsOf>[0];
    return 'go' in said ? withoutNulls(said) : eventsOf(said, runId);
  } catch {
    return undefined;
  }
}

function withoutNulls(go: Go): Go {
  const limits = Object.entries(go.limits).map(([name, limit]) => [
    name,
    (limit as number | null) ?? Infinity,
  ]);
  return { ...go, limits: Object.fromEntries(limits) as Go['limits'] };
}
