import { input, memory, type RunSnapshot, type Step, step, type, type Workflow, workflow } from 'millrace';
import {
  type Budget,
  mergeMapWithin,
  offload,
  retryWithBackoff,
  takeUntilCancelled,
} from 'millrace/operators';
import { exposeTasks } from 'millrace/worker';
import { type ThreadPool, threadPool } from 'millrace/workers';
import { from, type Observable } from 'rxjs';
import type { tasks } from './tasks.js';

const count = input('count', type<number>());
const numbers = step(
  'numbers',
  { count },
  ({ count }) => Array.from({ length: count }, (_, index) => index),
  { resource: memory('1MiB') },
);
const pool: ThreadPool<typeof tasks> = threadPool<typeof tasks>(new URL('./tasks.js', import.meta.url));
const doubled = step(
  'doubled',
  { numbers },
  pool.task('double', ({ numbers }) => numbers.length),
);
const flow = workflow('flow', { doubled, numbers });

const typed: Workflow<{ readonly doubled: number; readonly numbers: number[] }, readonly ['count', number]> =
  flow;
const handle: Step<number, readonly ['count', number]> = doubled;
// A workflow that a function returns is run in its place.
const nested: Step<{ readonly one: number }, never> = step('nested', () =>
  workflow('inner', { one: step('one', () => 1) }),
);
const run = typed.run({ inputs: { count: 3 } });
const snapshots: Observable<RunSnapshot> = run.snapshot$;
const output: Observable<number> = run.output$(handle);
// @ts-expect-error: the input is missing
flow.run();
// @ts-expect-error: the input is of another type
flow.run({ inputs: { count: '3' } });

const budget: Budget<number> = { limits: { db: 2 } };
const results: Observable<number> = from([1, 2]).pipe(
  mergeMapWithin(budget, (value) => [value]),
  offload(pool, 'double'),
  retryWithBackoff(2),
  takeUntilCancelled(run.token),
);
export const exposed = exposeTasks({ length: (text: string) => text.length });
export { nested, output, results, snapshots };
