import { fileBackend } from './file-backend.ts';
import { Store } from './store.ts';

/**
 * A store in a folder, of plain files: a journal a run, and what is too long for it by digest. Made where there is none.
 *
 * What a run writes at once is one write and one `fdatasync`. One process at a time is at a run; another one that wants it is told who has it,
 * or takes it over where that one is dead. Inputs, outputs and errors lie there as they are, for the user alone to read (0600).
 *
 * @throws InvalidOptionsError where the folder is neither a path nor a `file:` URL
 * @example
 * ```ts
 * const store = fileStore('.millrace');
 * const { report } = await flights.run({ inputs: { path }, store, runId: 'nightly' }).result();
 * ```
 */
export function fileStore(folder: string | URL): Store {
  return new Store(fileBackend(folder));
}
