import { exposeTasks } from 'millrace/worker';

export const tasks = exposeTasks({
  /** The number of bytes, and the first and the last of them. */
  measure(chunk: Uint8Array) {
    return { bytes: chunk.length, first: chunk[0] ?? 0, last: chunk[chunk.length - 1] ?? 0 };
  },
});
