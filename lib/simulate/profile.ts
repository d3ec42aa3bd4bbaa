import type { Problem } from './problem.ts';

/**
 * What is taken of each class over time, as steps are placed.
 *
 * 1. From `times[k]` to `times[k + 1]` what is taken is `taken[k * classes …]`; after the last, nothing is.
 * 2. Times rise strictly, and the first is 0.
 */
export class Profile {
  readonly #problem: Problem;
  readonly #times: Float64Array;
  readonly #taken: Float64Array;
  #size = 1;

  constructor(problem: Problem) {
    this.#problem = problem;
    // Each step adds at most its start and its end.
    this.#times = new Float64Array(2 * problem.size + 2);
    this.#taken = new Float64Array((2 * problem.size + 2) * problem.classes);
  }

  /** Forgets all steps. */
  clear(): void {
    this.#size = 1;
    this.#times[0] = 0;
    this.#taken.fill(0, 0, this.#problem.classes);
  }

  /** Places a step where it fits first, not before `earliest`; gives its start. */
  place(index: number, earliest: number): number {
    const duration = this.#problem.durations[index] as number;
    let at = this.#at(earliest);
    let start = earliest;
    for (let next = at; next < this.#size && (this.#times[next] as number) < start + duration; next++) {
      if (this.#fits(index, next)) continue;
      at = next + 1;
      start = this.#times[at] as number;
    }
    if (duration > 0) this.#take(index, at, start, start + duration);
    return start;
  }

  #fits(index: number, at: number): boolean {
    const { classes, amounts, ceilings } = this.#problem;
    for (let place = 0; place < classes; place++) {
      const amount = amounts[index * classes + place] as number;
      if (amount > 0 && (this.#taken[at * classes + place] as number) + amount > (ceilings[place] as number))
        return false;
    }
    return true;
  }

  #take(index: number, at: number, start: number, end: number): void {
    const { classes, amounts } = this.#problem;
    const first = this.#split(at, start);
    let last = first;
    while (last < this.#size && (this.#times[last] as number) < end) last++;
    if (last === this.#size || (this.#times[last] as number) > end) this.#split(last - 1, end);
    for (let interval = first; interval < last; interval++) {
      for (let place = 0; place < classes; place++) {
        const slot = interval * classes + place;
        this.#taken[slot] = (this.#taken[slot] as number) + (amounts[index * classes + place] as number);
      }
    }
  }

  /** Makes an interval begin at a time that lies in the one at `at`; gives its place. */
  #split(at: number, time: number): number {
    if (this.#times[at] === time) return at;
    const { classes } = this.#problem;
    this.#times.copyWithin(at + 2, at + 1, this.#size);
    this.#taken.copyWithin((at + 1) * classes, at * classes, this.#size * classes);
    this.#times[at + 1] = time;
    this.#size++;
    return at + 1;
  }

  /** The interval in which a time lies. */
  #at(time: number): number {
    let low = 0;
    let high = this.#size - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#times[middle] as number) <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
