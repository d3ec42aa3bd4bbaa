/** How often a task has given an output, and how long it takes. */
export interface TaskStats {
  /** How many calls have given an output. */
  readonly completed: number;
  /**
   * The mean time of a call in its task, in ms, without the wait for a thread and the way there and back: of all calls
   * at first, then a moving one of about the last 32, so that a task that has changed is soon known again.
   */
  readonly meanMs: number;
}

/** Below this mean, in ms, the way to a thread and back costs more than the task. */
const shortest = 0.05;

/** So many calls the mean looks back at. */
const memory = 32;

/** What the calls of a pool's tasks have taken. */
export class TaskTimes {
  readonly #tasks = new Map<string, { completed: number; meanMs: number }>();
  #completed = 0;

  /** How many calls have given an output. */
  get completed(): number {
    return this.#completed;
  }

  /** A call of a task has given an output, after so many ms. */
  add(taskName: string, ms: number): void {
    this.#completed++;
    const task = this.#tasks.get(taskName);
    if (task === undefined) {
      this.#tasks.set(taskName, { completed: 1, meanMs: ms });
      return;
    }
    task.completed++;
    task.meanMs += (ms - task.meanMs) / Math.min(task.completed, memory);
  }

  /** The mean time of a task's calls, in ms; Infinity before the first. */
  meanOf(taskName: string): number {
    return this.#tasks.get(taskName)?.meanMs ?? Number.POSITIVE_INFINITY;
  }

  /** Whether a task's calls are known to take less than the way to a thread and back. */
  isShort(taskName: string): boolean {
    return this.meanOf(taskName) < shortest;
  }

  /** Each task that has given an output. */
  byTask(): Readonly<Record<string, TaskStats>> {
    return Object.fromEntries([...this.#tasks].map(([name, task]) => [name, { ...task }]));
  }
}
