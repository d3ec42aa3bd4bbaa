/**
 * What happens in a run, as lines of a store. The events that every step has are short arrays, all others JSON as in an event log.
 *
 *     {"go": 1, …}                                        a process has begun to write: what the run is of
 *     ["+", seq, at, attempt, holds, stepId, readyBy?]    step-started
 *     ["~", seq, at, attempt, holds, stepId]              holds-changed
 *     ["-", seq, at, attempt, durationMs, stepId]         step-completed
 *     {"type": …}                                         any other
 */
import type { Demand } from '../admission/demand.ts';
import { eventFault, eventLine, parseLine } from '../node/event-log.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';

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

/** Makes lines of events. */
export class EventWriter {
  /** Demands as JSON: there are few, and each is one object. */
  readonly #holds = new WeakMap<Demand, string>();

  go(go: Go): string {
    const limits = Object.entries(go.limits).map(([name, limit]) => [
      name,
      limit === Infinity ? null : limit,
    ]);
    return JSON.stringify({ ...go, limits: Object.fromEntries(limits) as unknown });
  }

  event(event: ProgressEvent): string {
    if (event.type === 'step-started') {
      const { seq, at, attempt, holds, stepId, readyBy } = event;
      const by = readyBy === undefined ? '' : `,${JSON.stringify(readyBy)}`;
      return `["+",${String(seq)},${String(at)},${String(attempt)},${this.#holdsOf(holds)},${JSON.stringify(stepId)}${by}]`;
    }
    if (event.type === 'holds-changed' && event.abandoned === undefined) {
      const { seq, at, attempt, holds, stepId } = event;
      return `["~",${String(seq)},${String(at)},${String(attempt)},${this.#holdsOf(holds)},${JSON.stringify(stepId)}]`;
    }
    if (event.type === 'step-completed' && event.attempt > 0 && event.holds === undefined) {
      const { seq, at, attempt, durationMs, stepId } = event;
      return `["-",${String(seq)},${String(at)},${String(attempt)},${String(durationMs)},${JSON.stringify(stepId)}]`;
    }
    return eventLine(event).trimEnd();
  }

  #holdsOf(holds: Demand): string {
    let text = this.#holds.get(holds);
    if (text === undefined) {
      text = JSON.stringify(holds);
      this.#holds.set(holds, text);
    }
    return text;
  }
}

/** What a line says; `undefined` where it says nothing that this version knows. */
export function readEventLine(line: string, runId: string): Go | ProgressEvent | undefined {
  try {
    if (line.startsWith('[')) return shortEvent(JSON.parse(line) as readonly unknown[], runId);
    const value = parseLine(line);
    if ((value as Partial<Go>).go === 1) return withoutNulls(value as Go);
    return eventFault(value) === undefined ? (value as ProgressEvent) : undefined;
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

function shortEvent(parts: readonly unknown[], runId: string): ProgressEvent | undefined {
  const [sign, seq, at, attempt, fourth, stepId, readyBy] = parts;
  const common = { seq, at, runId, stepId, attempt };
  const isBy = readyBy === undefined ? {} : { readyBy };
  const event =
    sign === '+'
      ? { type: 'step-started', ...common, holds: fourth, ...isBy }
      : sign === '~'
        ? { type: 'holds-changed', ...common, holds: fourth }
        : { type: 'step-completed', ...common, durationMs: fourth };
  return eventFault(event) === undefined ? (event as unknown as ProgressEvent) : undefined;
}
