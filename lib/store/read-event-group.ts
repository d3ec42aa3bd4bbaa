import type { Demand } from '../admission/demand.ts';
import { eventFault } from '../node/event-log.ts';
import { decodeValue } from '../node/log-values.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import { type Column, origins } from './event-group.ts';

/** A group of events, as its line says it. */
export interface GroupText {
  readonly seq: number;
  readonly at: number;
  readonly added?: readonly unknown[];
  readonly started?: readonly unknown[];
  readonly held?: readonly unknown[];
  readonly completed?: readonly unknown[];
  readonly known?: readonly unknown[];
  readonly other?: readonly unknown[];
}

/** What a line says of what happened. */
export interface EventsOfLine {
  /** In order; those are left out of which this version knows nothing. */
  readonly events: readonly ProgressEvent[];
  /** Whether these are all. */
  readonly areAll: boolean;
}

/** @throws where the line is damaged */
export function eventsOf(group: GroupText, runId: string): EventsOfLine {
  const events: object[] = [];
  const { added, started, held, completed, known: restored, other } = group;
  if (added !== undefined) {
    const [which, demands, whichDemands, parents] = added.slice(trackWidth) as AddedColumns;
    eachOf(group, added, (common, at) => {
      const parentId = parents[numberAt(which, at)];
      const demand = demands[numberAt(whichDemands, at)];
      events.push({ type: 'step-added', ...common, runId, parentId, dependsOn: [], demand });
    });
  }
  if (started !== undefined) {
    const [attempts, demands, which, readyBys] = started.slice(trackWidth) as HoldingColumns;
    eachOf(group, started, (common, at) => {
      const readyBy = readyBys === 0 ? null : readyBys[at];
      const by = typeof readyBy === 'string' ? { readyBy } : {};
      const holds = demands[numberAt(which, at)];
      events.push({ type: 'step-started', ...common, runId, attempt: numberAt(attempts, at), holds, ...by });
    });
  }
  if (held !== undefined) {
    const [attempts, demands, which] = held.slice(trackWidth) as HoldingColumns;
    eachOf(group, held, (common, at) => {
      const holds = demands[numberAt(which, at)];
      events.push({ type: 'holds-changed', ...common, runId, attempt: numberAt(attempts, at), holds });
    });
  }
  if (completed !== undefined) {
    const [attempts, durations] = completed.slice(trackWidth) as [Column, Column];
    eachOf(group, completed, (common, at) => {
      const durationMs = numberAt(durations, at) / 1000;
      events.push({ type: 'step-completed', ...common, runId, attempt: numberAt(attempts, at), durationMs });
    });
  }
  if (restored !== undefined) {
    const [from] = restored.slice(trackWidth) as [Column];
    eachOf(group, restored, (common, at) => {
      const origin = origins[numberAt(from, at)] ?? '';
      events.push({
        type: 'step-completed',
        ...common,
        runId,
        attempt: 0,
        durationMs: 0,
        [origin]: true,
      });
    });
  }
  for (const event of other ?? []) events.push(decodeValue(event) as object);
  const known = (events as ProgressEvent[]).filter((event) => eventFault(event) === undefined);
  known.sort((left, right) => left.seq - right.seq);
  return { events: known, areAll: known.length === events.length };
}

type AddedColumns = [
  which: Column,
  demands: readonly Demand[],
  whichDemands: Column,
  parents: readonly string[],
];

type HoldingColumns = [
  attempts: Column,
  demands: readonly Demand[],
  which: Column,
  readyBys: readonly (string | null)[] | 0,
];

const trackWidth = 5;

function eachOf(
  { seq: baseSeq, at: baseAt }: GroupText,
  columns: readonly unknown[],
  take: (common: { readonly seq: number; readonly at: number; readonly stepId: string }, at: number) => void,
): void {
  const [firstSeq, seqs, firstTime, times, ids] = columns as [
    number,
    Column,
    number,
    Column,
    readonly string[],
  ];
  let seq = baseSeq + firstSeq;
  let time = firstTime;
  for (const [at, stepId] of ids.entries()) {
    if (at > 0) {
      seq += numberAt(seqs, at - 1);
      time += numberAt(times, at - 1);
    }
    take({ seq, at: baseAt + time / 1000, stepId }, at);
  }
}

function numberAt(column: Column, at: number): number {
  return typeof column === 'number' ? column : (column[at] ?? Number.NaN);
}
