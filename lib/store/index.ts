/**
 * Where runs are kept, so that they go on and do nothing twice.
 *
 * @module millrace/store
 */
export type { Version } from '../definition/cache-option.ts';
export type {
  Awaitable,
  ObjectKind,
  OpenedRun,
  RunWatcher,
  StoreBackend,
  StoredObject,
  StoredRun,
} from './backend.ts';
export type { ComparedRun, RunDifference, StepDifference } from './diff.ts';
export { fileStore } from './file-store.ts';
export type { GcOptions, GcReport } from './gc.ts';
export { memoryStore } from './memory-store.ts';
export { type ResumeDifference, ResumeMismatchError } from './resume-mismatch-error.ts';
export { sqliteStore } from './sqlite-store.ts';
export type { StepReason } from './step-reason.ts';
export { Store } from './store.ts';
export { RunHeldError, StoreError, StoreFormatError } from './store-errors.ts';
export { file, type StoredFile } from './stored-file.ts';
export type { StoredRunDetails } from './stored-run-details.ts';
export type { StoredRunInfo } from './stored-runs.ts';
export type { StoredOutput, StoredStep } from './stored-steps.ts';
export { UnknownRunError, UnknownStepError } from './unknown-names.ts';
export type { StepExplanation } from './why.ts';
