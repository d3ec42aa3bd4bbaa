import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { forEachStep, input, step, stream, type, workflow } from 'millrace';
import { entryOf } from './digest.ts';

const folder = input('folder', type<string>());

/** Tells of each file as it is found, so that the first are read while others are still looked for. */
const files = step('files', { folder }, (inputs) => filesIn(inputs.folder));

const entries = forEachStep(
  'file',
  { items: stream(files, { capacity: 64 }), folder },
  (path, inputs) => entryOf(inputs.folder, path),
  { key: (path) => path, resource: 'heavy-io' },
);

/** What is known of every file below a folder. */
export const inventory = workflow('inventory', { entries });

/** The files of a folder, in any depth. Links aren't followed. */
async function* filesIn(root: string, below = ''): AsyncGenerator<string> {
  for await (const entry of await opendir(join(root, below))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* filesIn(root, path);
    else if (entry.isFile()) yield path;
  }
}
