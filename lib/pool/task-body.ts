import type { Observable } from 'rxjs';
import type { StepContext } from '../definition/step-context.ts';
import type { Task, TaskInput, TaskOutput } from '../task/task-record.ts';

/** What a task's `toInput` gets in a step without dependencies: a record without anything in it. */
export type NoInputs = Readonly<Record<never, never>>;

/**
 * What `toInput` gets.
 *
 * A step without dependencies calls its body with the context alone, so that is what the compiler infers there as
 * the inputs; at run time they are `{}`.
 */
export type InputsGiven<Inputs> = [Inputs] extends [StepContext] ? NoInputs : Inputs;

/** The item among the inputs of a task that does the children of a fan-out. */
export type ItemGiven<Inputs> = 'item' extends keyof Inputs ? Inputs['item'] : never;

/**
 * A task as the body of a step, with or without dependencies; made by `pool.task`.
 *
 * Without dependencies it can only be used where `toInput` asks for no inputs. The step demands
 * `{ 'heavy-cpu': 1 }` unless it says otherwise. As the function of a fan-out, `toInput` gets the item among its inputs.
 */
export interface TaskBody<Inputs, out Out> {
  /** The function of a fan-out. */
  (item: ItemGiven<Inputs>, inputs: Omit<Inputs, 'item'>, ctx: StepContext): Observable<Out>;
  /** The body of a step without dependencies. */
  (ctx: NoInputs extends InputsGiven<Inputs> ? StepContext : never): Observable<Out>;
  // The last signature is the one that types are inferred from.
  /** The body of a step with dependencies. */
  (inputs: Inputs, ctx: StepContext): Observable<Out>;
}

/** The body of a step whose dependencies are themselves what the task takes. */
export type DirectTaskBody<One extends Task> =
  object extends TaskInput<One>
    ? TaskBody<TaskInput<One>, TaskOutput<One>>
    : (inputs: TaskInput<One>, ctx: StepContext) => Observable<TaskOutput<One>>;
