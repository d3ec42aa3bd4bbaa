import { checkStore } from 'millrace/testing';
import { describe, test } from 'vitest';
import type { StoreBackend } from '../../lib/store/backend.ts';
import { fileBackend } from '../../lib/store/file-backend.ts';
import { every, pause } from '../../lib/store/host-time.ts';
import { type MemoryBackend, MemoryPlace, memoryBackend } from '../../lib/store/memory-backend.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { World } from './support/world.ts';

describe('every law of stores is kept', { timeout: 60_000 }, () => {
  test('in memory', async () => {
    const place = new MemoryPlace();
    await checkStore(() => memoryBackend(place), {
      abandon: (backend) => {
        (backend as MemoryBackend).abandon();
      },
      sequences: 300,
    });
  });

  test('in a folder', async () => {
    const folder = temporaryFolder();
    const world = new World();
    const kills = new Map<StoreBackend, () => void>();
    await checkStore(
      () => {
        const { machine, kill } = world.process();
        // What it waits for comes by the real clock.
        const backend = fileBackend(folder, { machine: { ...machine, every, pause }, heartbeatMs: 10 });
        kills.set(backend, kill);
        return backend;
      },
      { abandon: (backend) => kills.get(backend)?.(), sequences: 25 },
    );
  });

  test('in a folder, by one process', async () => {
    const folder = temporaryFolder();
    await checkStore(() => fileBackend(folder, { heartbeatMs: 10 }), { sequences: 10 });
  });
});
