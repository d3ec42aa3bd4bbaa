import { MillraceError } from '../base/errors.ts';

/**
 * A step demands more of a resource than there can ever be.
 *
 * Thrown by `run()`, before anything starts; or the cause of a step's failure, where an abandoned body holds for
 * good what the step would need.
 */
export class ResourceLimitError extends MillraceError {
  override readonly name = 'ResourceLimitError';
  override readonly code = 'RESOURCE_LIMIT';
  /** The step that demands too much. */
  readonly stepId: string;
  /** The resource class, or `'concurrency'`. */
  readonly resource: string;
  /** How much of it the step demands. */
  readonly demand: number;
  /** How much of it there can be at the most. */
  readonly limit: number;

  constructor(
    stepId: string,
    resource: string,
    demand: number,
    limit: number,
    heldByAbandoned = 0,
    perMs?: number,
    sharedBy?: string,
  ) {
    const held =
      heldByAbandoned > 0 ? `, of which abandoned steps hold ${String(heldByAbandoned)} for good` : '';
    const of = sharedBy === undefined ? '' : ` of the ${sharedBy}`;
    const [what, option] =
      perMs === undefined
        ? [`the limit${of} is ${String(limit)}`, `limits['${resource}']`]
        : [
            `${of === '' ? 'its rate' : `the rate${of}`} is ${String(limit)} in ${String(perMs)} ms`,
            `limits['${resource}'].rate.limit`,
          ];
    const problem = `step '${stepId}' demands ${String(demand)} of '${resource}', but ${what}${held}`;
    const raise =
      sharedBy !== undefined
        ? 'raise it there'
        : resource === 'concurrency'
          ? "raise the run's concurrency"
          : `raise ${option}`;
    // Every step takes one of the concurrency: there is nothing to lower.
    const remedy = resource === 'concurrency' ? raise : `${raise} or lower the step's demand`;
    super(`${problem}; ${remedy}`);
    this.stepId = stepId;
    this.resource = resource;
    this.demand = demand;
    this.limit = limit;
  }
}
