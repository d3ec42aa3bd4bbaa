import type { ProgressEvent } from '../observe/progress-event.ts';
import { fanOutOf } from './children-pace.ts';

/** An attempt that is under way. */
export interface UnderWay {
  readonly stepId: string;
  readonly attempt: number;
  /** When it started, in ms of the run's clock. */
  readonly from: number;
  thread: string | undefined;
  fraction: number | undefined;
  message: string | undefined;
}

/** What is under way, of whatever origin: folded from the events of a run, and bounded by what runs at once. */
export class UnderWayFold {
  readonly #running = new Map<string, UnderWay>();

  get all(): Iterable<UnderWay> {
    return this.#running.values();
  }

  get size(): number {
    return this.#running.size;
  }

  get(stepId: string): UnderWay | undefined {
    return this.#running.get(stepId);
  }

  add(event: ProgressEvent): void {
    switch (event.type) {
      case 'step-started':
        this.begin(event.stepId, event.attempt, event.at);
        break;
      case 'step-offloaded':
        this.#change(event.stepId, { thread: event.thread });
        break;
      case 'step-progress':
        this.#change(event.stepId, { fraction: event.fraction, message: event.message });
        break;
      case 'step-retrying':
      case 'step-completed':
      case 'step-failed':
      case 'step-cancelled':
      case 'step-skipped':
        this.#running.delete(event.stepId);
        break;
      case 'run-completed':
      case 'run-failed':
      case 'run-cancelled':
        this.#running.clear();
        break;
      default:
    }
  }

  /** One is under way since some time. */
  begin(stepId: string, attempt: number, from: number): void {
    // Anew, so that the latest is the last.
    this.#running.delete(stepId);
    this.#running.set(stepId, {
      stepId,
      attempt,
      from,
      thread: undefined,
      fraction: undefined,
      message: undefined,
    });
  }

  #change(stepId: string, change: Partial<UnderWay>): void {
    const running = this.#running.get(stepId);
    if (running !== undefined) Object.assign(running, change);
  }
}

/** By what an attempt was expected to take so long. */
export interface Expected {
  readonly ms: number;
  readonly by: 'history' | 'estimate' | 'siblings';
}

/** What is known of how long steps take. */
export interface Known {
  /** By earlier runs, in ms. */
  readonly measured: Readonly<Record<string, number>>;
  readonly estimateOf: (stepId: string) => number | undefined;
  /** By the path of a fan-out. */
  readonly pace: Readonly<Record<string, number>>;
}

/** How long a step is expected to take; `undefined` where nobody knows. */
export function expectedOf(stepId: string, { measured, estimateOf, pace }: Known): Expected | undefined {
  const ms = measured[stepId];
  if (ms !== undefined) return { ms, by: 'history' };
  const siblings = pace[fanOutOf(stepId) ?? ''];
  if (siblings !== undefined) return { ms: siblings, by: 'siblings' };
  const estimate = estimateOf(stepId);
  return estimate === undefined ? undefined : { ms: estimate, by: 'estimate' };
}

/** Less than this beyond what was expected isn't worth a word, in ms. */
const leastBeyond = 500;
/** Children of a fan-out differ by nature. */
const factors = { history: 1.5, estimate: 1.5, siblings: 3 } as const;

/** How many times what was expected an attempt has taken; `undefined` where it isn't slow. */
export function slowness(elapsed: number, expected: Expected | undefined): number | undefined {
  if (expected === undefined || expected.ms <= 0) return undefined;
  const times = elapsed / expected.ms;
  return times > factors[expected.by] && elapsed - expected.ms > leastBeyond ? times : undefined;
}
