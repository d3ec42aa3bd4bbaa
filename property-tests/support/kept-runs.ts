import { parseRecord, type SingleRecord, singly } from '../../lib/store/journal-record.ts';
import { type MemoryBackend, memoryBackend } from '../../lib/store/memory-backend.ts';

/** Under this id the properties keep their runs. */
export const keptRunId = 'kept';

/** A store in memory in which a run has written these lines, and then its process was gone. */
export function storeWith(lines: readonly string[]): MemoryBackend {
  const backend = memoryBackend();
  const opened = backend.openRun(keptRunId, { cancelRequested: doNothing, displaced: doNothing });
  opened.append(lines);
  opened.close();
  return backend;
}

/** What the lines of a run say. */
export function recordsOf(lines: readonly string[]): SingleRecord[] {
  const records = lines.map((line) => {
    const record = parseRecord(line);
    if (record === undefined) throw new Error(`a line says nothing that is known: ${line}`);
    return record;
  });
  return [...singly(records)];
}

function doNothing(): void {
  // Nobody takes it meanwhile.
}
