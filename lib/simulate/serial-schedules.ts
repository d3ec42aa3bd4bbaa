import { type Problem, reversed } from './problem.ts';
import { Profile } from './profile.ts';

/** When each step starts, by index, and the end of the last. */
export interface Starts {
  readonly starts: Float64Array;
  readonly makespan: number;
}

/**
 * Schedules made by placing one step after the other, each where it fits first.
 *
 * Improved forwards and backwards: all steps are shifted as late as they can be, latest first, and then as early, which
 * never makes a schedule longer and often shorter (Li and Willis 1992; Valls, Ballestín and Quintanilla 2005).
 */
export class SerialSchedules {
  /** How many have been made. */
  made = 0;
  readonly #forward: Problem;
  readonly #backward: Problem;
  readonly #profile: Profile;

  constructor(problem: Problem) {
    this.#forward = problem;
    this.#backward = reversed(problem);
    this.#profile = new Profile(problem);
  }

  /** Places the steps by their keys, the lowest first, but none before what it depends on. */
  byKeys(keys: Float64Array): Starts {
    return this.#place(this.#forward, keys);
  }

  /** A schedule that is no longer than the given one. */
  improved({ starts, makespan }: Starts): Starts {
    const { durations } = this.#forward;
    // Time runs backwards: what ends last comes first.
    const late = this.#place(
      this.#backward,
      starts.map((start, index) => makespan - start - (durations[index] as number)),
    );
    return this.#place(
      this.#forward,
      late.starts.map((start, index) => late.makespan - start - (durations[index] as number)),
    );
  }

  #place(problem: Problem, keys: Float64Array): Starts {
    this.made++;
    this.#profile.clear();
    const { durations, dependencies, order, placeOf, size } = problem;
    const starts = new Float64Array(size);
    let makespan = 0;
    for (const index of inOrder(problem, keys)) {
      let earliest = 0;
      const end = dependencies.starts[index + 1] as number;
      for (let at = dependencies.starts[index] as number; at < end; at++) {
        const needed = dependencies.values[at] as number;
        earliest = Math.max(earliest, (starts[needed] as number) + (durations[needed] as number));
      }
      const start = this.#profile.place(index, earliest);
      starts[index] = start;
      makespan = Math.max(makespan, start + (durations[index] as number));
    }
    return { starts, makespan };

    function inOrder({ dependents }: Problem, given: Float64Array): Uint32Array {
      const lifted = given.slice();
      for (const index of order) {
        const end = dependents.starts[index + 1] as number;
        for (let at = dependents.starts[index] as number; at < end; at++) {
          const dependent = dependents.values[at] as number;
          if ((lifted[dependent] as number) < (lifted[index] as number))
            lifted[dependent] = lifted[index] as number;
        }
      }
      return order.toSorted(
        (left, right) =>
          (lifted[left] as number) - (lifted[right] as number) ||
          (placeOf[left] as number) - (placeOf[right] as number),
      );
    }
  }
}
