import { memoryBackend } from './memory-backend.ts';
import { Store } from './store.ts';

/**
 * A store in memory, for tests, also in virtual time: it answers at once. It has what was written to it as long as the process.
 *
 * @example
 * ```ts
 * const store = memoryStore();
 * await expect(failing.run({ store, runId: 'r' }).result()).rejects.toThrow();
 * await failing.run({ store, runId: 'r' }).result();
 * ```
 */
export function memoryStore(): Store {
  return new Store(memoryBackend());
}
