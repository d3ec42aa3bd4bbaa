import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { choose, fallback, type Step, step, stream } from 'millrace';

/** What is known of a file: its size in bytes and its SHA-256, where it can be read. */
export interface Entry {
  /** Its path below the folder, with `/`. */
  readonly path: string;
  readonly size: number | undefined;
  readonly digest: string | undefined;
}

/** From this size on, in bytes, a file isn't held in memory as a whole. */
const large = 16 * 1024;

/** The step that finds out about one file. It fails for none: a file that can't be read is an entry as well. */
export function entryOf(folder: string, path: string): Step<Entry> {
  const file = join(folder, path);
  const size = step('size', async () => (await stat(file)).size);

  const whole = step(
    'whole',
    async () =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    {
      resource: 'heavy-io',
    },
  );

  // The file is read as fast as it is hashed: no more than four chunks wait.
  const chunks = step('chunks', () => createReadStream(file), { resource: 'heavy-io' });
  const inChunks = step('in chunks', { chunks: stream(chunks, { capacity: 4 }) }, async (inputs) => {
    const hash = createHash('sha256');
    for await (const chunk of inputs.chunks) hash.update(chunk as Buffer);
    return hash.digest('hex');
  });

  const digest = choose('digest', { size }, (inputs) => (inputs.size < large ? 'small' : 'large'), {
    small: whole,
    large: inChunks,
  });
  const entry = step('entry', { size, digest }, (inputs): Entry => ({ path, ...inputs }));
  const unreadable = step(
    'unreadable',
    (): Entry => ({
      path,
      size: undefined,
      digest: undefined,
    }),
  );
  return fallback('entry or error', entry, unreadable);
}
