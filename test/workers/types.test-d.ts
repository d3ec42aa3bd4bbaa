import type { Observable } from 'rxjs';
import { expectTypeOf } from 'vitest';
import type { CancellationToken } from '../../lib/base/cancellation.ts';
import type { Step } from '../../lib/definition/handle.ts';
import { step } from '../../lib/definition/step.ts';
import type { StepContext } from '../../lib/definition/step-context.ts';
import type { NoInputs } from '../../lib/pool/task-body.ts';
import type { TaskStream } from '../../lib/pool/task-stream.ts';
import { threadPool } from '../../lib/pool/thread-pool.ts';
import type { ThreadPoolStats } from '../../lib/pool/thread-pool-stats.ts';
import { exposeTasks } from '../../lib/thread/expose-tasks.ts';
import { transfer } from '../../lib/wire/transfer.ts';
import { offload } from '../../operators/offload.ts';

interface Table {
  readonly rows: readonly number[];
}

export const tasks = exposeTasks({
  // `ctx` needs no annotation.
  delaysByAirport: (table: Table, ctx) => {
    expectTypeOf(ctx.token).toEqualTypeOf<CancellationToken>();
    return new Map([['JFK', table.rows.length]]);
  },
  later: async (text: string) => await Promise.resolve(text.length),
  numbers: async function* () {
    yield await Promise.resolve(1);
  },
  moved: (length: number) => {
    const column = new Float64Array(length);
    return transfer(column, [column.buffer]);
  },
  now: () => 'now',
  perhaps: (value?: number) => value,
});

const pool = threadPool<typeof tasks>(new URL('file:///flights.worker.js'));
declare const table: Step<Table, readonly ['path', string]>;
declare const rows: Step<readonly number[], never>;
declare const texts$: Observable<string>;

// One call.
expectTypeOf(pool.run('later', 'text')).toEqualTypeOf<Observable<number>>();
expectTypeOf(pool.run('delaysByAirport', { rows: [] })).toEqualTypeOf<Observable<Map<string, number>>>();
expectTypeOf(pool.run('delaysByAirport', transfer({ rows: [] }, []))).toEqualTypeOf<
  Observable<Map<string, number>>
>();
expectTypeOf(pool.run('moved', 8, { transfer: (length) => [new Array<number>(length)] })).toEqualTypeOf<
  Observable<Float64Array<ArrayBuffer>>
>();
expectTypeOf(pool.run('now')).toEqualTypeOf<Observable<string>>();
expectTypeOf(pool.run('numbers')).toEqualTypeOf<Observable<number>>();
expectTypeOf(pool.run('perhaps')).toEqualTypeOf<Observable<number | undefined>>();
expectTypeOf(pool.run('perhaps', 1)).toEqualTypeOf<Observable<number | undefined>>();
// @ts-expect-error the input is missing
void pool.run('later');
// @ts-expect-error the input has another type
void pool.run('later', 7);
// @ts-expect-error there is no such task
void pool.run('latter', 'text');

// A stream of what a task emits.
expectTypeOf(pool.stream('numbers')).toEqualTypeOf<TaskStream<number>>();
expectTypeOf(pool.stream('later', 'text', { capacity: 4 })).toEqualTypeOf<TaskStream<number>>();
expectTypeOf(pool.stream('moved', 8)).toEqualTypeOf<TaskStream<Float64Array<ArrayBuffer>>>();
for await (const number of pool.stream('numbers')) expectTypeOf(number).toEqualTypeOf<number>();
// @ts-expect-error the input is missing
pool.stream('later');
// @ts-expect-error there is no such policy
pool.stream('numbers', undefined, { overflow: 'drop' });
// @ts-expect-error a stream comes from a thread
pool.stream('numbers', undefined, { inline: 'auto' });

// A step with dependencies: no type arguments, no annotations.
const delays = step(
  'delays',
  { table },
  pool.task('delaysByAirport', ({ table: data }) => {
    expectTypeOf(data).toEqualTypeOf<Table>();
    return data;
  }),
  { retry: 3 },
);
expectTypeOf(delays).toEqualTypeOf<Step<Map<string, number>, readonly ['path', string]>>();
const direct = pool.task('delaysByAirport');
expectTypeOf(step('direct', { rows }, direct)).toEqualTypeOf<Step<Map<string, number>, never>>();
// @ts-expect-error the task takes a table
step('wrong', { delays }, direct);
// @ts-expect-error the task takes a text
pool.task('later', (inputs: { table: Table }) => inputs.table);
step(
  'moved',
  { rows },
  pool.task('moved', (inputs) => transfer(inputs.rows.length, []), { transfer: (length) => [[length]] }),
);

// A step without dependencies.
expectTypeOf(step('now', pool.task('now'))).toEqualTypeOf<Step<string, never>>();
const length = step(
  'length',
  pool.task('later', () => 'text'),
  { retry: 1 },
);
expectTypeOf(length).toEqualTypeOf<Step<number, never>>();
step(
  'length',
  pool.task('later', (inputs) => {
    expectTypeOf(inputs).toEqualTypeOf<NoInputs>();
    return String(inputs);
  }),
);
step(
  'length',
  pool.task('moved', (inputs) => Object.keys(inputs).length, { transfer: (length) => [[length]] }),
  { timeout: '1s' },
);
step(
  'wrong',
  // @ts-expect-error there is no context at run time
  pool.task('later', (ctx) => ctx.stepId),
);
step(
  'wrong',
  // @ts-expect-error nor can it be asked for
  pool.task('later', (ctx: StepContext) => ctx.stepId),
);
step(
  'wrong',
  // @ts-expect-error there are no inputs
  pool.task('delaysByAirport', ({ table }) => table),
);
step(
  'wrong',
  // @ts-expect-error nor can they be asked for
  pool.task('delaysByAirport', (inputs: { readonly table: Table }) => inputs.table),
);
const later = pool.task('later');
// @ts-expect-error the task takes a text
step('wrong', later);
// @ts-expect-error there is no such task
pool.task('latter');

// A body that is made apart from its step knows what it was told.
const named = pool.task('delaysByAirport', (inputs: { readonly table: Table }) => inputs.table);
expectTypeOf(step('named', { table }, named)).toEqualTypeOf<
  Step<Map<string, number>, readonly ['path', string]>
>();
// @ts-expect-error the step has no dependencies
step('wrong', named);
// @ts-expect-error the step has others
step('wrong', { rows }, named);
const constant = pool.task('later', () => 'text');
expectTypeOf(step('constant', constant)).toEqualTypeOf<Step<number, never>>();
expectTypeOf(step('constant', { rows }, constant)).toEqualTypeOf<Step<number, never>>();
const optional = pool.task('later', (inputs: { readonly text?: string }) => inputs.text ?? '');
expectTypeOf(step('optional', optional)).toEqualTypeOf<Step<number, never>>();
pool.task('later', (inputs) => {
  expectTypeOf(inputs).toBeUnknown();
  return 'text';
});

// The operator.
expectTypeOf(texts$.pipe(offload(pool, 'later', { concurrency: 2 }))).toEqualTypeOf<Observable<number>>();
// @ts-expect-error the task takes a table
void texts$.pipe(offload(pool, 'delaysByAirport'));
// @ts-expect-error there is no such task
void texts$.pipe(offload(pool, 'latter'));

// @ts-expect-error a task is a function
exposeTasks({ wrong: 1 });

// What runs on the main thread: the tasks must be those of the module.
threadPool<typeof tasks>(new URL('file:///flights.worker.js'), { tasks });
const inferred = threadPool(new URL('file:///flights.worker.js'), { tasks });
expectTypeOf(inferred.run('later', 'text', { inline: 'auto' })).toEqualTypeOf<Observable<number>>();
// @ts-expect-error these are others
threadPool<typeof tasks>(new URL('file:///flights.worker.js'), { tasks: { now: () => 'now' } });
expectTypeOf(step('now', pool.task('now', { inline: 'always' }))).toEqualTypeOf<Step<string, never>>();
// @ts-expect-error there is no such mode
pool.task('now', { inline: true });
void pool.run('later', 'text', { isolate: true, memory: '512MB' });
// @ts-expect-error a step's memory is its demand
pool.task('now', { isolate: true, memory: '512MB' });
// @ts-expect-error no amount of memory
void pool.run('later', 'text', { isolate: true, memory: '512 apples' });
expectTypeOf(pool.stats$).toEqualTypeOf<Observable<ThreadPoolStats>>();
void pool.close({ pending: 'drain' });
// @ts-expect-error there is no such end
void pool.close({ pending: 'wait' });
