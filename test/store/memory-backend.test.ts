import { expect, test, vi } from 'vitest';
import { MemoryPlace, memoryBackend } from '../../lib/store/memory-backend.ts';
import { RunHeldError, StoreError } from '../../lib/store/store-errors.ts';
import { unwatched } from './support/unwatched.ts';

test('everything that is done in memory is done at once', () => {
  const backend = memoryBackend();
  const cancelRequested = vi.fn<(reason: string) => void>();
  const run = backend.openRun('nightly', { ...unwatched, cancelRequested });
  run.append(['one']);
  run.appendEvents(['event']);
  expect(run).toMatchObject({ epoch: 1, problems: [] });
  expect([...run.takeLines()]).toStrictEqual([]);
  expect([backend.readLines('nightly'), backend.readEvents('nightly')]).toStrictEqual([['one'], ['event']]);
  expect(backend.requestCancel('nightly', 'enough')).toBe(true);
  expect(cancelRequested.mock.calls).toStrictEqual([['enough']]);
  expect(() => backend.openRun('nightly', unwatched)).toThrow(RunHeldError);
  backend.putObject('blob', 'a', Uint8Array.of(1));
  expect(backend.getObject('blob', 'a')).toStrictEqual(Uint8Array.of(1));
  run.close();
  expect(backend.listRuns()).toMatchObject([{ runId: 'nightly', heldBy: undefined }]);
  backend.removeRun('nightly');
  expect(backend.listRuns()).toStrictEqual([]);
});

test('what one backend leaves in a place, another finds there', () => {
  const place = new MemoryPlace();
  const first = memoryBackend(place);
  const displaced = vi.fn<(by: string) => void>();
  const run = first.openRun('nightly', { ...unwatched, displaced });
  run.append(['one']);
  const second = memoryBackend(place);
  expect(() => second.openRun('nightly', unwatched)).toThrow(RunHeldError);
  // As after a crash.
  first.abandon();
  const taken = second.openRun('nightly', unwatched);
  expect([taken.epoch, ...taken.takeLines()]).toStrictEqual([2, 'one']);
  expect(displaced).toHaveBeenCalledTimes(1);
  expect(() => {
    run.append(['late']);
  }).toThrow(StoreError);
  expect(memoryBackend().listRuns()).toStrictEqual([]);
});
