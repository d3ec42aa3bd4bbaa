/**
 * What happens in a run between two writes, as one line. What every step tells lies in columns, so that an event costs a few numbers; all others
 * are JSON as in an event log.
 *
 *     {"seq": 7, "at": …, "started": […], "held": […], "completed": […], "known": […], "other": [{"type": …}, …]}
 *
 *     added        track, which parents, demands, which of them, parents step-added, of steps that need no other
 *     started      track, attempts, demands, which of them, readyBys     step-started
 *     held         track, attempts, demands, which of them               holds-changed
 *     completed    track, attempts, durations in µs                      step-completed
 *     known        track, origins                                        step-completed, without an attempt
 *
 * A *track* is four columns: how far `seq` is above that of the event before it on the track (or of the line), the same of the time in µs, each
 * with the first by itself, and the ids. A column of numbers that are all the same is that number.
 */
import type { Demand } from '../admission/demand.ts';
import { eventFault, eventLine } from '../node/event-log.ts';
import { decodeValue } from '../node/log-values.ts';
import type { EventRecorder } from '../observe/event-recorder.ts';
import type { Origin, ProgressEvent } from '../observe/progress-event.ts';

const origins: readonly Origin[] = ['given', 'restored', 'cached'];

/** Events that are to be written. */
export class EventGroup implements EventRecorder {
  readonly #added = new Holding();
  readonly #parents: string[] = [];
  readonly #started = new Holding();
  readonly #readyBys: (string | undefined)[] = [];
  readonly #held = new Holding();
  readonly #completed = new Track();
  readonly #completedAttempts: number[] = [];
  readonly #durations: number[] = [];
  readonly #known = new Track();
  readonly #origins: number[] = [];
  readonly #others: string[] = [];
  #seq = 0;
  #at = 0;
  /** How many there are. */
  size = 0;

  stepAdded(seq: number, at: number, stepId: string, parentId: string, demand: Demand): void {
    let parent = this.#parents.lastIndexOf(parentId);
    if (parent === -1) parent = this.#parents.push(parentId) - 1;
    this.#added.add(seq, this.#timeOf(seq, at), stepId, parent, demand);
  }

  stepStarted(
    seq: number,
    at: number,
    stepId: string,
    attempt: number,
    holds: Demand,
    readyBy: string | undefined,
  ): void {
    this.#started.add(seq, this.#timeOf(seq, at), stepId, attempt, holds);
    this.#readyBys.push(readyBy);
  }

  holdsChanged(seq: number, at: number, stepId: string, attempt: number, holds: Demand): void {
    this.#held.add(seq, this.#timeOf(seq, at), stepId, attempt, holds);
  }

  stepCompleted(seq: number, at: number, stepId: string, attempt: number, durationMs: number): void {
    this.#completed.add(seq, this.#timeOf(seq, at), stepId);
    this.#completedAttempts.push(attempt);
    this.#durations.push(inMicroseconds(durationMs));
  }

  stepKnown(seq: number, at: number, stepId: string, origin: Origin): void {
    this.#known.add(seq, this.#timeOf(seq, at), stepId);
    this.#origins.push(origins.indexOf(origin));
  }

  event(event: ProgressEvent): void {
    this.#timeOf(event.seq, event.at);
    this.#others.push(eventLine(event).trimEnd());
  }

  /** All of them. */
  line(): string {
    const base = this.#seq;
    let text = `{"seq":${String(base)},"at":${String(this.#at)}`;
    if (this.#added.size > 0)
      text += `,"added":${JSON.stringify([...this.#added.columns(base), this.#parents])}`;
    if (this.#started.size > 0)
      text += `,"started":${JSON.stringify([...this.#started.columns(base), isThere(this.#readyBys)])}`;
    if (this.#held.size > 0) text += `,"held":${JSON.stringify(this.#held.columns(base))}`;
    if (this.#completed.size > 0)
      text += `,"completed":${JSON.stringify([
        ...this.#completed.columns(base),
        packed(this.#completedAttempts, 0),
        packed(this.#durations, 0),
      ])}`;
    if (this.#known.size > 0)
      text += `,"known":${JSON.stringify([...this.#known.columns(base), packed(this.#origins, 0)])}`;
    if (this.#others.length > 0) text += `,"other":[${this.#others.join()}]`;
    return `${text}}`;
  }

  /** How long after the first event of the line, in µs. */
  #timeOf(seq: number, at: number): number {
    if (this.size++ === 0) {
      this.#seq = seq;
      this.#at = at;
    }
    return inMicroseconds(at - this.#at);
  }
}

class Track {
  readonly #seqs: number[] = [];
  readonly #times: number[] = [];
  readonly #ids: string[] = [];
  #lastSeq = 0;
  #lastTime = 0;

  get size(): number {
    return this.#ids.length;
  }

  add(seq: number, time: number, stepId: string): void {
    this.#seqs.push(seq - this.#lastSeq);
    this.#times.push(time - this.#lastTime);
    this.#ids.push(stepId);
    this.#lastSeq = seq;
    this.#lastTime = time;
  }

  columns(base: number): unknown[] {
    const seqs = this.#seqs;
    const times = this.#times;
    return [(seqs[0] ?? 0) - base, packed(seqs, 1), times[0], packed(times, 1), this.#ids];
  }
}

/** Events that say what an attempt holds. */
class Holding {
  readonly #track = new Track();
  /** Of which attempts they are; of those that are added, by which parent. */
  readonly #attempts: number[] = [];
  readonly #demands: Demand[] = [];
  readonly #which: number[] = [];

  get size(): number {
    return this.#track.size;
  }

  add(seq: number, time: number, stepId: string, attempt: number, holds: Demand): void {
    this.#track.add(seq, time, stepId);
    this.#attempts.push(attempt);
    // There are few, and each is one object.
    let which = this.#demands.indexOf(holds);
    if (which === -1) which = this.#demands.push(holds) - 1;
    this.#which.push(which);
  }

  columns(base: number): unknown[] {
    return [...this.#track.columns(base), packed(this.#attempts, 0), this.#demands, packed(this.#which, 0)];
  }
}

function inMicroseconds(ms: number): number {
  return Math.round(ms * 1000);
}

type Column = number | readonly number[];

function packed(numbers: readonly number[], from: number): Column {
  const first = numbers[from] ?? 0;
  for (let at = from + 1; at < numbers.length; at++)
    if (numbers[at] !== first) return from === 0 ? numbers : numbers.slice(from);
  return first;
}

function isThere(texts: readonly (string | undefined)[]): readonly (string | undefined)[] | 0 {
  return texts.some((text) => text !== undefined) ? texts : 0;
}

interface GroupText {
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
