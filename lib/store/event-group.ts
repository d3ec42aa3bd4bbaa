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
import { eventLine } from '../node/event-log.ts';
import type { EventRecorder } from '../observe/event-recorder.ts';
import type { Origin, ProgressEvent } from '../observe/progress-event.ts';

export const origins: readonly Origin[] = ['given', 'restored', 'cached'];

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

export type Column = number | readonly number[];

function packed(numbers: readonly number[], from: number): Column {
  const first = numbers[from] ?? 0;
  for (let at = from + 1; at < numbers.length; at++)
    if (numbers[at] !== first) return from === 0 ? numbers : numbers.slice(from);
  return first;
}

function isThere(texts: readonly (string | undefined)[]): readonly (string | undefined)[] | 0 {
  return texts.some((text) => text !== undefined) ? texts : 0;
}
