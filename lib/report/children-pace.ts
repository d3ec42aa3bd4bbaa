import type { ProgressEvent } from '../observe/progress-event.ts';

/** So many fan-outs are followed, and so many children must have completed before anything is said of the others. */
const mostFanOuts = 100;
const fewest = 5;

/** How long the children of each fan-out take on average. */
export class ChildrenPace {
  readonly #sums = new Map<string, { count: number; ms: number }>();

  add(event: ProgressEvent): void {
    if (event.type !== 'step-completed' || event.attempt === 0) return;
    const fanOut = fanOutOf(event.stepId);
    if (fanOut === undefined) return;
    const sum = this.#sums.get(fanOut);
    if (sum !== undefined) {
      sum.count++;
      sum.ms += event.durationMs;
    } else if (this.#sums.size < mostFanOuts) this.#sums.set(fanOut, { count: 1, ms: event.durationMs });
  }

  /** The mean in ms by the path of the fan-out, of those of which enough is known. */
  get means(): Record<string, number> {
    return Object.fromEntries(
      [...this.#sums]
        .filter(([, { count }]) => count >= fewest)
        .map(([id, { count, ms }]) => [id, ms / count]),
    );
  }
}

/** The path of the fan-out that a step is a child of: keys stand in brackets, and what they have of these is escaped. */
export function fanOutOf(stepId: string): string | undefined {
  return stepId.endsWith(']') ? stepId.slice(0, stepId.lastIndexOf('[')) : undefined;
}
