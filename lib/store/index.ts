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
export { fileStore } from './file-store.ts';
export { memoryStore } from './memory-store.ts';
export { type ResumeDifference, ResumeMismatchError } from './resume-mismatch-error.ts';
export { Store } from './store.ts';
export { RunHeldError, StoreError, StoreFormatError } from './store-errors.ts';
export { file, type StoredFile } from './stored-file.ts';
export type { StoredRunInfo } from './stored-runs.ts';
