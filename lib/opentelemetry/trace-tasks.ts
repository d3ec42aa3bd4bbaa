import { context, propagation } from '@opentelemetry/api';
import { isObservable, Observable } from 'rxjs';
import { OptionChecker } from '../base/option-checker.ts';
import type { TaskContext } from '../task/task-context.ts';
import type { Tasks } from '../task/task-record.ts';

/**
 * Tasks that run in the trace of the step that calls them: what they trace is below the span of its attempt, in a thread or on another
 * machine. For the worker module, which sets OpenTelemetry up for itself: each thread has its own.
 *
 * The step's run is traced by `traceRun`. Where it isn't, or no propagator is registered, a task runs as without.
 *
 * @throws InvalidOptionsError naming what is no function
 * @example
 * ```ts
 * export const tasks = exposeTasks(
 *   traceTasks({
 *     fetchText: async (url: string) => (await fetch(url)).text(),
 *   }),
 * );
 * ```
 */
export function traceTasks<All extends Tasks>(tasks: All): All {
  const checker = new OptionChecker();
  if (checker.record('the tasks', tasks, 'a record of functions'))
    for (const [name, task] of Object.entries(tasks)) checker.function(`the task '${name}'`, task);
  checker.throwIfAny('traceTasks');
  const traced = Object.entries(tasks).map(([name, task]) => {
    const within = (input: never, ctx: TaskContext): unknown => {
      const active = propagation.extract(context.active(), ctx.carrier);
      const enter: Enter = (work) => context.with(active, work);
      return bound(
        enter(() => task(input, ctx)),
        enter,
      );
    };
    return [name, within] as const;
  });
  return Object.fromEntries(traced) as unknown as All;
}

type Enter = <Result>(work: () => Result) => Result;

/** What a task has returned, so that what of it runs later does so in the same context. */
function bound(returned: unknown, enter: Enter): unknown {
  if (returned instanceof Promise) return returned.then((value: unknown) => bound(value, enter));
  if (isObservable(returned))
    return new Observable((subscriber) => enter(() => returned.subscribe(subscriber)));
  if (!isAsyncIterable(returned)) return returned;
  return {
    [Symbol.asyncIterator]: (): AsyncIterator<unknown> => {
      const iterator = enter(() => returned[Symbol.asyncIterator]());
      return {
        next: () => enter(() => iterator.next()),
        return: (value) =>
          enter(() => iterator.return?.(value)) ?? Promise.resolve({ done: true, value: undefined }),
      };
    },
  };
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
