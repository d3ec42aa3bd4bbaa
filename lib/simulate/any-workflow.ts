import { InvalidOptionsError } from '../base/errors.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import { Workflow } from '../workflow.ts';

/** A workflow, whatever its inputs and outputs are. */
export type AnyWorkflow = Pick<Workflow, 'name' | 'graph' | 'steps'>;

/** @throws InvalidOptionsError where it isn't a workflow of this copy of millrace */
export function blueprintOf(owner: string, workflow: AnyWorkflow): Blueprint {
  if (workflow instanceof Workflow) return workflow.blueprint;
  throw new InvalidOptionsError(owner, [
    {
      option: 'the workflow',
      expected: 'made by workflow() or defineWorkflow() of this copy of millrace',
      value: workflow,
    },
  ]);
}
