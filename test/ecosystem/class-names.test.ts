import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, inject, test } from 'vitest';
import { entries } from '../../scripts/entries.js';

/** What the package exports, as an entry's users get it. */
async function exportsOf(entry: string): Promise<readonly [name: string, value: unknown][]> {
  const url = pathToFileURL(join(inject('packageFolder'), 'dist', `${entry}.js`));
  return Object.entries((await import(url.href)) as object);
}

// What the entry for a test runner does is all done by loading it.
const names = entries.map(({ name }) => name).filter((name) => name !== 'testing-vitest');

test.each(names)('every function and class of %s is called as it is exported', async (entry) => {
  const named = await exportsOf(entry);
  const callable = named.filter(([, value]) => typeof value === 'function');
  expect(callable).not.toEqual([]);
  expect(callable.map(([, value]) => (value as () => void).name)).toEqual(callable.map(([name]) => name));
});

test('an error is printed as its class', async () => {
  const { defineWorkflow } = Object.fromEntries(
    await exportsOf('index'),
  ) as unknown as typeof import('millrace');
  const bad = defineWorkflow('bad', [
    {
      id: 'fails',
      run: () => {
        throw new Error('no');
      },
    },
  ]);
  const error: unknown = await bad
    .run()
    .result()
    .catch((failure: unknown) => failure);
  expect((error as Error).constructor.name).toBe('StepFailedError');
});
