import { CancelledError } from '../base/errors.ts';
import { UnclonableValueError } from '../pool/unclonable-value-error.ts';
import { UnknownTaskError } from '../pool/unknown-task-error.ts';
import { WorkerCrashedError } from '../pool/worker-crashed-error.ts';
import { WorkerStartError } from '../pool/worker-start-error.ts';
import { errorClasses } from '../wire/error-classes.ts';
import { MissingBlobError } from './missing-blob-error.ts';

/** Has the errors that a worker's own pool comes to arrive as what they are. */
export function reviveRemoteErrors(): void {
  errorClasses.add('CancelledError', CancelledError);
  errorClasses.add('UnclonableValueError', UnclonableValueError);
  errorClasses.add('UnknownTaskError', UnknownTaskError);
  errorClasses.add('WorkerCrashedError', WorkerCrashedError);
  errorClasses.add('WorkerStartError', WorkerStartError);
  errorClasses.add('MissingBlobError', MissingBlobError);
}
