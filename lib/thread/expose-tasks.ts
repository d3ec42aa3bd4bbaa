import { OptionChecker } from '../base/option-checker.ts';
import type { Tasks } from '../task/task-record.ts';
import { controlWord, unreadable } from '../wire/control.ts';
import type { Handshake } from '../wire/messages.ts';
import { TaskRunner } from './task-runner.ts';
import { announceEnds, type HostPort, ifPoolThread, listen, runnerPort } from './thread-host.ts';

let isExposed = false;

/**
 * Declares what a worker module can do, and gives the same record back for the types of the main side.
 *
 * Call it once, at the top level of the module whose URL the pool gets. Elsewhere (on the main thread, in a test)
 * it only checks the record, so tasks can be tested as the plain functions they are.
 *
 * @throws InvalidOptionsError where the record is empty, holds something other than functions, or is the second
 * @example
 * ```ts
 * // flights.worker.ts
 * import { exposeTasks } from 'millrace/worker';
 *
 * export const tasks = exposeTasks({
 *   delaysByAirport(table: Table, { token, progress }) {
 *     // …
 *   },
 * });
 * ```
 * @see `threadPool` of `millrace/workers`
 */
export function exposeTasks<const All extends Tasks>(tasks: All): All {
  const checker = new OptionChecker();
  if (checker.record('tasks', tasks)) {
    if (Object.keys(tasks).length === 0) checker.fail('tasks', 'a record of at least one function', tasks);
    for (const [name, task] of Object.entries(tasks)) checker.function(`tasks.${name}`, task);
  }
  if (isExposed) checker.fail('exposeTasks', 'called once in a thread', 'a second call');
  checker.throwIfAny('exposeTasks');
  ifPoolThread(() => {
    if (isExposed) return;
    isExposed = true;
    void expose(tasks);
  });
  return tasks;
}

/** Waits for the main side to hand its port over. A failure is an unhandled rejection, which ends the thread. */
async function expose(tasks: Tasks): Promise<void> {
  const library = await import('threads/worker');
  announceEnds();
  library.expose({ ...handshake(tasks) });
}

/** @internal What is exposed through threads.js: only used to start. */
export function handshake(tasks: Tasks): Handshake<HostPort> {
  return {
    connect(port, control) {
      const runner = new TaskRunner(tasks, runnerPort(port), control);
      listen(
        port,
        (message) => {
          runner.handle(message);
        },
        () => {
          Atomics.store(control, controlWord.started, unreadable);
        },
      );
      return Object.keys(tasks);
    },
  };
}
