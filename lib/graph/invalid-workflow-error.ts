import { MillraceError } from '../base/errors.ts';
import { inspectValue } from '../base/inspect.ts';

/** One thing that is wrong with a workflow's definition. */
export type WorkflowFault =
  | {
      /** There are no steps. */
      readonly kind: 'empty';
    }
  | {
      /** Something isn't what it should be. */
      readonly kind: 'bad-definition';
      /** The path to it. */
      readonly where: string;
      /** What would have been right. */
      readonly expected: string;
      /** What was given. */
      readonly value: unknown;
    }
  | {
      /** Two steps have one id. */
      readonly kind: 'duplicate-step';
      /** The id. */
      readonly stepId: string;
    }
  | {
      /** Two input handles have one name. */
      readonly kind: 'duplicate-input';
      /** The name. */
      readonly input: string;
    }
  | {
      /** A step and an input are called the same. */
      readonly kind: 'name-clash';
      /** What they are called. */
      readonly name: string;
    }
  | {
      /** A step depends on itself. */
      readonly kind: 'self-dependency';
      /** The id of the step. */
      readonly stepId: string;
    }
  | {
      /** A step depends on what doesn't exist. */
      readonly kind: 'unknown-dependency';
      /** The id of the step. */
      readonly stepId: string;
      /** What it names. */
      readonly dependency: string;
      /** What it may have meant. */
      readonly nearest: string | undefined;
    }
  | {
      /** An output is named that isn't a step. */
      readonly kind: 'unknown-output';
      /** What was named. */
      readonly output: string;
      /** What may have been meant. */
      readonly nearest: string | undefined;
    }
  | {
      /** Steps need each other. */
      readonly kind: 'cycle';
      /** The ids along the way, the first one again at the end. */
      readonly path: readonly string[];
    };

/**
 * A workflow that can't be built. The message names every fault found, in one line.
 *
 * @example
 * ```ts
 * try {
 *   defineWorkflow('build', [{ id: 'a', dependsOn: ['b'], run: () => 1 }, { id: 'b', dependsOn: ['a'], run: () => 2 }]);
 * } catch (error) {
 *   if (error instanceof InvalidWorkflowError) console.error(error.faults); // [{ kind: 'cycle', path: ['a', 'b', 'a'] }]
 * }
 * ```
 */
export class InvalidWorkflowError extends MillraceError {
  override readonly name = 'InvalidWorkflowError';
  override readonly code = 'INVALID_WORKFLOW';
  /** The name of the workflow. */
  readonly workflow: string;
  /** Every fault found. */
  readonly faults: readonly WorkflowFault[];

  constructor(workflow: string, faults: readonly WorkflowFault[]) {
    const list = faults.map(describe);
    const numbered = list.length === 1 ? list : list.map((text, index) => `(${String(index + 1)}) ${text}`);
    super(`workflow '${workflow}' can't be built: ${numbered.join('; ')}`);
    this.workflow = workflow;
    this.faults = faults;
  }
}

function describe(fault: WorkflowFault): string {
  switch (fault.kind) {
    case 'empty':
      return 'it has no steps; give it at least one';
    case 'bad-definition':
      return `expected ${fault.where} to be ${fault.expected}, got ${inspectValue(fault.value)}`;
    case 'duplicate-step':
      return `two steps have the id '${fault.stepId}'; ids are unique within a workflow`;
    case 'duplicate-input':
      return `two input handles have the name '${fault.input}'; make the handle once and share it`;
    case 'name-clash':
      return `'${fault.name}' is the id of a step and the name of an input; rename one of them`;
    case 'self-dependency':
      return `step '${fault.stepId}' depends on itself; take that dependency away`;
    case 'unknown-dependency':
      return `step '${fault.stepId}' depends on '${fault.dependency}', which doesn't exist${suggest(fault.nearest)}`;
    case 'unknown-output':
      return `the output '${fault.output}' isn't a step${suggest(fault.nearest)}`;
    case 'cycle':
      return `a cycle: ${fault.path.join(' → ')}; take one of these dependencies away`;
  }
}

function suggest(nearest: string | undefined): string {
  return nearest === undefined ? '' : `; did you mean '${nearest}'?`;
}
