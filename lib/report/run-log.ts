// Long because it is one list: what is kept of each event, and for how long.
/**
 * What a dashboard keeps of a run's events: enough to draw the run as it is, however much happens in it.
 *
 * ```
 * event ──▶ recent │ the last 2,048, as they came        ──▶ one who was here a moment ago
 *      └──▶ kept   │ what still counts, in their order   ──▶ one who comes, or was away for long
 * ```
 *
 * 1. `kept` grows with the steps of the workflow, not with time: of each step the first attempts and the last ones, of what came of steps
 *    what is under way and the last that ended, the latest progress, the latest messages.
 * 2. What was kept is in the order of `seq`, so that a timeline can be folded from it.
 * 3. An event is written as JSON once, when somebody is first sent it, and of what users gave only so much.
 */
import type { ProgressEvent } from '../observe/progress-event.ts';
import { eventText } from './event-text.ts';

/** How much is kept. */
export interface Kept {
  readonly recent: number;
  /** Attempts of each step, besides the first. */
  readonly attempts: number;
  /** Of what came of steps: so many that are under way, that have ended, and that have failed. */
  readonly underWay: number;
  readonly ended: number;
  readonly failed: number;
  readonly logs: number;
  readonly warnings: number;
  readonly changes: number;
}

const usual: Kept = {
  recent: 2_048,
  attempts: 3,
  underWay: 4_000,
  ended: 1_000,
  failed: 300,
  logs: 1_000,
  warnings: 300,
  changes: 200,
};

class Entry {
  readonly number: number;
  /** Whether a later one says all that it said. */
  isStale = false;
  #event: ProgressEvent | undefined;
  #json: string | undefined;

  constructor(number: number, event: ProgressEvent) {
    this.number = number;
    // What users gave may be large, and may change: it isn't held until somebody comes.
    if (hasValues(event)) this.#json = eventText(event);
    else this.#event = event;
  }

  get json(): string {
    if (this.#json === undefined) {
      this.#json = eventText(this.#event as ProgressEvent);
      this.#event = undefined;
    }
    return this.#json;
  }
}

function hasValues({ type }: ProgressEvent): boolean {
  return (
    type === 'log' ||
    type === 'warning' ||
    type === 'step-retrying' ||
    type === 'step-failed' ||
    type === 'run-failed' ||
    type === 'run-cancelled'
  );
}

/** The attempts of one step, each the events that belong to it. */
type Attempts = Entry[][];

/** A start, an end, a thread, and what it holds from then on, a few times. */
const eventsOfAttempt = 8;

export class RunLog {
  readonly #most: Kept;
  readonly #isOwn: (stepId: string) => boolean;
  /** By number, and so in their order. */
  readonly #kept = new Map<number, Entry>();
  readonly #recent: Entry[] = [];
  readonly #attempts = new Map<string, Attempts>();
  readonly #progress = new Map<string, Entry>();
  /** What came of steps and is under way. */
  readonly #underWay = new Map<string, Entry[]>();
  readonly #ended: Entry[][] = [];
  readonly #failed: Entry[][] = [];
  readonly #logs: Entry[] = [];
  readonly #warnings: Entry[] = [];
  readonly #changes: Entry[] = [];
  /** The number of the last event that isn't among the recent ones any more. */
  #recentAfter = 0;
  #forgotten = 0;

  /** @param isOwn - whether a step is one of the workflow's own */
  constructor(isOwn: (stepId: string) => boolean, most: Partial<Kept> = {}) {
    this.#isOwn = isOwn;
    this.#most = { ...usual, ...most };
  }

  /** How many messages aren't kept any more. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** How many events are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /** @param number - above that of the one before */
  add(number: number, event: ProgressEvent): void {
    const entry = new Entry(number, event);
    this.#recent.push(entry);
    // In blocks, since taking the first of a list moves all others.
    if (this.#recent.length > 2 * this.#most.recent) {
      const old = this.#recent.splice(0, this.#recent.length - this.#most.recent);
      this.#recentAfter = old.at(-1)?.number ?? 0;
    }
    this.#kept.set(number, entry);
    this.#file(entry, event);
  }

  /** The events after that number, as a list in JSON, for one who was sent all up to it; `undefined` where they aren't there any more. */
  since(number: number): string | undefined {
    if (number < this.#recentAfter) return undefined;
    let from = this.#recent.length;
    while (from > 0 && (this.#recent[from - 1] as Entry).number > number) from--;
    return listOf(this.#recent.slice(from));
  }

  /** All that is kept, as a list in JSON. */
  all(): string {
    return listOf([...this.#kept.values()]);
  }

  #file(entry: Entry, event: ProgressEvent): void {
    switch (event.type) {
      case 'run-waiting':
      case 'run-started':
      case 'run-completed':
      case 'run-failed':
      case 'run-cancelled':
        return;
      case 'run-paused':
      case 'run-resumed':
      case 'limits-changed':
        this.#queue(this.#changes, entry, this.#most.changes);
        return;
      case 'log':
        if (this.#queue(this.#logs, entry, this.#most.logs)) this.#forgotten++;
        return;
      case 'warning':
        if (this.#queue(this.#warnings, entry, this.#most.warnings)) this.#forgotten++;
        return;
      case 'step-progress':
        this.#settleProgress(event.stepId);
        this.#progress.set(event.stepId, entry);
        return;
      default:
        if (this.#isOwn(event.stepId)) this.#fileOwn(entry, event);
        else this.#fileChild(entry, event);
    }
  }

  #fileOwn(entry: Entry, event: StepEvent): void {
    const attempts = this.#attempts.get(event.stepId);
    if (attempts === undefined) this.#attempts.set(event.stepId, [[entry]]);
    else if (event.type === 'step-started') {
      attempts.push([entry]);
      if (attempts.length > 1 + this.#most.attempts) for (const old of attempts.splice(1, 1)) this.#drop(old);
    } else this.#join(attempts.at(-1) ?? [], entry, eventsOfAttempt);
    if (isEnd(event)) this.#settleProgress(event.stepId);
  }

  #fileChild(entry: Entry, event: StepEvent): void {
    const { stepId } = event;
    const group = this.#underWay.get(stepId);
    if (group === undefined) {
      // Of one whose coming wasn't kept nothing is, but that it failed.
      if (event.type === 'step-failed') this.#end(this.#failed, [entry], this.#most.failed);
      else if (event.type === 'step-added' && this.#underWay.size < this.#most.underWay)
        this.#underWay.set(stepId, [entry]);
      else this.#kept.delete(entry.number);
      if (isEnd(event)) this.#settleProgress(stepId);
      return;
    }
    // Tried again and again, how it came is kept, and its latest attempts.
    this.#join(group, entry, eventsOfAttempt * this.#most.attempts);
    if (!isEnd(event)) return;
    this.#settleProgress(stepId);
    if (event.type === 'step-retrying') return;
    this.#underWay.delete(stepId);
    if (event.type === 'step-failed') this.#end(this.#failed, group, this.#most.failed);
    else this.#end(this.#ended, group, this.#most.ended);
  }

  /** Adds to what belongs together; what there is no room for goes, but for the first. */
  #join(group: Entry[], entry: Entry, most: number): void {
    group.push(entry);
    if (group.length > most) this.#drop(group.splice(1, group.length - most));
  }

  #end(queue: Entry[][], group: Entry[], most: number): void {
    queue.push(group);
    if (queue.length > most) this.#drop(queue.shift() ?? []);
  }

  /** Gives whether the oldest had to go. */
  #queue(queue: Entry[], entry: Entry, most: number): boolean {
    queue.push(entry);
    if (queue.length <= most) return false;
    this.#drop([queue.shift() as Entry]);
    return true;
  }

  #settleProgress(stepId: string): void {
    const before = this.#progress.get(stepId);
    if (before === undefined) return;
    before.isStale = true;
    this.#progress.delete(stepId);
    this.#kept.delete(before.number);
  }

  #drop(entries: readonly Entry[]): void {
    for (const { number } of entries) this.#kept.delete(number);
  }
}

type StepEvent = Exclude<
  ProgressEvent,
  { readonly type: `run-${string}` | 'limits-changed' | 'log' | 'warning' | 'step-progress' }
>;

function isEnd({ type }: StepEvent): boolean {
  return (
    type === 'step-completed' ||
    type === 'step-failed' ||
    type === 'step-cancelled' ||
    type === 'step-skipped' ||
    type === 'step-retrying'
  );
}

function listOf(entries: readonly Entry[]): string {
  return `[${entries
    .filter(({ isStale }) => !isStale)
    .map(({ json }) => json)
    .join()}]`;
}
