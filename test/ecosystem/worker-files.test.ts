import { describe, expect, test } from 'vitest';
import { installProject } from './support/project.ts';

const fixtures = 'test/ecosystem/fixtures';

describe('a project of a user finds its worker files', () => {
  test('in JavaScript, by URL, as .js and as .mjs, and a thread loads little of RxJS', async () => {
    const { node } = installProject(`${fixtures}/plain-javascript`);
    expect(await node('main.js')).toBe('20\nfew modules of RxJS');
  });

  test('in a package built with tsup, the worker an entry of its own', async () => {
    const { node } = installProject(`${fixtures}/tsup-package`, ['tsup', 'typescript']);
    await node('node_modules/tsup/dist/cli-default.js');
    expect(await node('user.js')).toBe('{"letters":11}');
  });

  test('in a bundle with threads.js in it, but for a message that names the remedy', async () => {
    const { node } = installProject(`${fixtures}/tsup-package`, ['tsup', 'typescript']);
    await node('node_modules/tsup/dist/cli-default.js', '--config', 'bundled.config.ts');
    await expect(node('user.js')).rejects.toThrow(/Dynamic require of .*keep 'threads' external/);
  });

  test('under vitest, in a thread and as plain functions', async () => {
    const { node } = installProject(`${fixtures}/vitest-project`, ['vitest']);
    expect(await node('node_modules/vitest/vitest.mjs', 'run')).toMatch(/Tests +2 passed/);
  });

  test('in TypeScript under tsx, through a worker file that registers it', async () => {
    const { node } = installProject(`${fixtures}/tsx-development`, ['tsx']);
    expect(await node('node_modules/tsx/dist/cli.mjs', 'main.ts')).toBe('9');
  });

  // Later versions of Node load it as it is.
  test.skipIf('typescript' in process.features)(
    'in TypeScript by its own URL, but for a message that names the remedy',
    async () => {
      const { node } = installProject(`${fixtures}/tsx-development`, ['tsx']);
      await expect(node('node_modules/tsx/dist/cli.mjs', 'direct.ts')).rejects.toThrow(
        /tasks\.ts failed to start.*give the URL of its build/,
      );
    },
  );
});
