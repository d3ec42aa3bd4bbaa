import { InvalidWorkflowError, type WorkflowFault } from 'millrace';
import { expect } from 'vitest';
import { thrownBy } from '../../run/support/thrown-by.ts';

export function faultsOf(make: () => unknown): readonly WorkflowFault[] {
  const error = thrownBy(make);
  expect(error).toBeInstanceOf(InvalidWorkflowError);
  return (error as InvalidWorkflowError).faults;
}
