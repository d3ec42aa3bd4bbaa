import { Buffer } from 'node:buffer';
import type { Redis } from 'ioredis';
import type { BlobStore, Register } from './transport.ts';

const daySeconds = 86_400;
/** Redis's own limit of a value is 512 MB. */
const largestBlob = 512 * 1024 * 1024 - 1;

/** Large values in Redis itself, each for a day at most. */
export function redisBlobs(client: () => Redis): BlobStore {
  const key = (name: string): string => `millrace:blob:${name}`;
  return {
    async put(name, bytes) {
      if (bytes.byteLength > largestBlob) {
        throw new RangeError(
          `a value of ${String(bytes.byteLength)} bytes is more than Redis keeps; give coordinator and workers \`blobs: folderBlobs(…)\``,
        );
      }
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      await client().set(key(name), buffer, 'EX', daySeconds);
    },
    get: async (name) => (await client().getBuffer(key(name))) ?? undefined,
    async drop(name) {
      await client().unlink(key(name));
    },
  };
}

/** What was sent, in Redis, for a day at most. */
export function redisRegister(client: () => Redis): Register {
  const key = (name: string): string => `millrace:sent:${name}`;
  return {
    async note(_, name, text) {
      await client().set(key(name), text, 'EX', daySeconds);
    },
    async find(name) {
      const text = await client().get(key(name));
      return text === null ? [] : [text];
    },
    async forget(names) {
      await client().unlink(...names.map(key));
    },
  };
}
