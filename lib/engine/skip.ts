import type { SkipReason } from '../observe/progress-event.ts';
import type { Row } from './step-table.ts';

/** Why a step didn't run. */
export interface Skip {
  /** The id of the step that is to blame. */
  readonly because: string;
  readonly reason: SkipReason;
  /** The row by whose end, or decision, that came about. */
  readonly by: Row;
}
