import type { OpenedRun, StoreBackend } from '../../../lib/store/backend.ts';

/** The same backend, one that answers as a disk does: some turns of the event loop later, and in any order. */
export function eventually(backend: StoreBackend): StoreBackend {
  let calls = 0;
  const later = async <Value>(call: () => Value | PromiseLike<Value>): Promise<Value> => {
    for (let turns = 1 + (calls++ % 3); turns > 0; turns--) await new Promise(setImmediate);
    return call();
  };
  return {
    name: backend.name,
    openRun: async (runId, watcher) => {
      const opened = await later(() => backend.openRun(runId, watcher));
      return {
        epoch: opened.epoch,
        takeLines: () => opened.takeLines(),
        problems: opened.problems,
        append: (lines) => later(() => opened.append(lines)),
        appendEvents: (lines) => later(() => opened.appendEvents(lines)),
        close: () => later(() => opened.close()),
      } satisfies OpenedRun;
    },
    listRuns: () => later(() => backend.listRuns()),
    readLines: (runId) => later(() => backend.readLines(runId)),
    readEvents: (runId) => later(() => backend.readEvents(runId)),
    removeRun: (runId) => later(() => backend.removeRun(runId)),
    requestCancel: (runId, reason) => later(() => backend.requestCancel(runId, reason)),
    getObject: (kind, name) => later(() => backend.getObject(kind, name)),
    putObject: (kind, name, bytes) => later(() => backend.putObject(kind, name, bytes)),
    listObjects: (kind) => later(() => backend.listObjects(kind)),
    removeObject: (kind, name) => later(() => backend.removeObject(kind, name)),
    close: () => later(() => backend.close()),
  };
}
