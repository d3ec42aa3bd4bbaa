import type { Observable } from 'rxjs';
import type { StepContext } from '../definition/step-context.ts';
import type { Task, TaskInput, TaskOutput } from '../worker/task-record.ts';

/**
 * A task as the body of a step, with or without dependencies; made by `pool.task`.
 *
 * The step demands `{ 'heavy-cpu': 1 }` unless it says otherwise.
 */
export interface TaskBody<in Inputs, out Out> {
  /** The body of a step without dependencies. */
  (ctx: StepContext): Observable<Out>;
  // The last signature is the one that types are inferred from.
  /** The body of a step with dependencies. */
  (inputs: Inputs, ctx: StepContext): Observable<Out>;
}

/** The body of a step whose dependencies are themselves what the task takes. */
export type DirectTaskBody<One extends Task> =
  object extends TaskInput<One>
    ? TaskBody<TaskInput<One>, TaskOutput<One>>
    : (inputs: TaskInput<One>, ctx: StepContext) => Observable<TaskOutput<One>>;
