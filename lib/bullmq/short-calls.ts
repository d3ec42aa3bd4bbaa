import type { RemoteRequest } from './remote-call.ts';

/** How long the calls of a job take together at most, as far as that can be foreseen, in ms. */
const mostMs = 20;

/** How long calls take, by task: short ones may share a job, which costs as much as one alone. */
export class ShortCalls {
  readonly #most: number;
  readonly #means = new Map<string, number>();

  /** @param most - how many share a job at most; 1 where none do */
  constructor(most: number) {
    this.#most = most;
  }

  note(taskName: string, ms: number): void {
    const mean = this.#means.get(taskName);
    this.#means.set(taskName, mean === undefined ? ms : mean + (ms - mean) / 8);
  }

  /** How many calls of its task may share a job: 1 where it isn't known to be short. */
  together({ taskName, batch, isolation }: RemoteRequest): number {
    const most = batch ?? this.#most;
    if (most === 1 || isolation !== undefined) return 1;
    const mean = this.#means.get(taskName);
    if (mean === undefined) return batch === undefined ? 1 : most;
    return Math.max(1, Math.min(most, Math.floor(mostMs / mean)));
  }
}
