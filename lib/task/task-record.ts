import type { Output } from '../definition/output.ts';
import type { Transferred } from '../wire/transfer.ts';
import type { TaskContext } from './task-context.ts';

/**
 * A function that runs in a worker: one input, and the context of this call.
 *
 * It returns a plain value, a Promise, an Observable or an AsyncIterable; the output is that value, or the last
 * one of the stream.
 */
export type Task = (input: never, ctx: TaskContext) => unknown;

/** The tasks of a worker module, by name. */
export type Tasks = Readonly<Record<string, Task>>;

/** The names of tasks. */
export type TaskName<All extends Tasks> = keyof All & string;

/** What a task takes; `unknown` where it takes nothing. */
export type TaskInput<One extends Task> =
  Parameters<One> extends readonly [infer Input, ...unknown[]] ? Input : unknown;

/** What a task gives in the end: `Output` of what it returns, out of its `transfer`. */
export type TaskOutput<One extends Task> = Unwrapped<Output<ReturnType<One>>>;

type Unwrapped<Value> = Value extends Transferred<infer Inner> ? Inner : Value;
