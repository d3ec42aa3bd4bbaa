import type { ChildCounts } from './child-counts.ts';
import type { ProgressEvent } from './progress-event.ts';

type Counts = { -readonly [Name in keyof ChildCounts]: number };

const none: ChildCounts = {
  added: 0,
  running: 0,
  retrying: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  skipped: 0,
};

/**
 * Which of a workflow's own steps everything came of that came while the run was under way, and how that fares: folded
 * from the events of the run, each in constant time.
 *
 * Only what isn't settled is kept by name. A step that is tried again begins anew with what comes of its next attempt.
 */
export class Descent {
  readonly #origins = new Map<string, string>();
  readonly #running = new Set<string>();
  /** Those that have failed and are about to be tried again. */
  readonly #retrying = new Set<string>();
  readonly #counts = new Map<string, Counts>();
  /** Those of the workflow's own whose numbers are of an earlier attempt. */
  readonly #stale = new Set<string>();

  /** Which of the workflow's own a step came of; `undefined` for these, and once it is settled. */
  originOf(stepId: string): string | undefined {
    return this.#origins.get(stepId);
  }

  /** How that fares which came of one of the workflow's own. */
  countsOf(originId: string): ChildCounts | undefined {
    return this.#counts.get(originId);
  }

  /** Takes in how that fared which came of a step before the first event. What it was isn't known by name. */
  begin(originId: string, counts: ChildCounts): void {
    this.#counts.set(originId, { ...counts });
  }

  /** How all of it fares; `undefined` where nothing has come. */
  get counts(): ChildCounts | undefined {
    if (this.#counts.size === 0) return undefined;
    const sum: Counts = { ...none };
    for (const counts of this.#counts.values())
      for (const name of Object.keys(none) as (keyof ChildCounts)[]) sum[name] += counts[name];
    return sum;
  }

  /** Takes in one event. Gives the one of the workflow's own whose numbers it has changed. */
  add(event: ProgressEvent): string | undefined {
    switch (event.type) {
      case 'step-added':
        return this.#come(event.stepId, event.parentId);
      case 'step-started':
        return this.#start(event.stepId);
      case 'step-retrying':
        return this.#count(event.stepId, undefined);
      case 'step-completed':
        return this.#count(event.stepId, 'completed');
      case 'step-failed':
        return this.#count(event.stepId, 'failed');
      case 'step-cancelled':
        return this.#count(event.stepId, 'cancelled');
      case 'step-skipped':
        return this.#count(event.stepId, 'skipped');
      default:
        return undefined;
    }
  }

  #come(stepId: string, parentId: string): string {
    const originId = this.#origins.get(parentId) ?? parentId;
    this.#origins.set(stepId, originId);
    const isFirst = this.#stale.delete(originId) || !this.#counts.has(originId);
    const counts = isFirst ? { ...none } : (this.#counts.get(originId) as Counts);
    this.#counts.set(originId, counts);
    counts.added++;
    return originId;
  }

  #start(stepId: string): string | undefined {
    const originId = this.#origins.get(stepId);
    if (originId === undefined) {
      if (this.#counts.has(stepId)) this.#stale.add(stepId);
      return undefined;
    }
    const counts = this.#counts.get(originId) as Counts;
    this.#running.add(stepId);
    counts.running++;
    if (this.#retrying.delete(stepId)) counts.retrying--;
    return originId;
  }

  #count(stepId: string, settled: keyof ChildCounts | undefined): string | undefined {
    const originId = this.#origins.get(stepId);
    if (originId === undefined) return undefined;
    const counts = this.#counts.get(originId) as Counts;
    if (this.#running.delete(stepId)) counts.running--;
    if (settled === undefined) {
      this.#retrying.add(stepId);
      counts.retrying++;
      return originId;
    }
    if (this.#retrying.delete(stepId)) counts.retrying--;
    counts[settled]++;
    this.#origins.delete(stepId);
    return originId;
  }
}

/** How many of them are settled. */
export function settledOf({ completed, failed, cancelled, skipped }: ChildCounts): number {
  return completed + failed + cancelled + skipped;
}
