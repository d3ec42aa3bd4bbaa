import { existsSync } from 'node:fs';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** The files whose code is in the bundle of a program. */
async function filesIn(program: string): Promise<readonly string[]> {
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    metafile: true,
    logLevel: 'error',
  });
  const [output] = Object.values(metafile.outputs);
  return Object.entries(output?.inputs ?? {}).flatMap(([file, { bytesInOutput }]) =>
    bytesInOutput > 0 ? [file] : [],
  );
}

/** What only some programs need, by the file that stands for it. */
const machinery = {
  'the children of fan-outs': 'lib/engine/fan-out-scope.ts',
  joins: 'lib/engine/joins.ts',
  streams: 'lib/engine/groups.ts',
  channels: 'lib/channel/channel.ts',
  'shared limits': 'lib/sharing/share.ts',
  'what is kept': 'lib/engine/keeping.ts',
  'what is restored': 'lib/engine/kept-outputs.ts',
  'subflows as steps': 'lib/subflow.ts',
  'reading inputs': 'lib/definition/input.ts',
  'graphs from data': 'lib/definition/blueprint-of-definitions.ts',
  Immer: 'node_modules/immer/dist/immer.mjs',
};

const imported = "import * as millrace from './lib/index.ts';";
const least = "console.log(millrace.step('a', () => 1), millrace.workflow);";

test.each([
  { program: least, brings: [] },
  { program: `${least} console.log(millrace.forEachStep);`, brings: ['the children of fan-outs'] },
  { program: `${least} console.log(millrace.choose);`, brings: ['joins'] },
  { program: `${least} console.log(millrace.firstOf);`, brings: ['joins'] },
  { program: `${least} console.log(millrace.fallback);`, brings: ['joins'] },
  { program: `${least} console.log(millrace.optional);`, brings: [] },
  { program: `${least} console.log(millrace.stream);`, brings: ['streams', 'channels'] },
  { program: `${least} console.log(millrace.sharedLimits);`, brings: ['shared limits'] },
  { program: `${least} console.log(millrace.subflow);`, brings: ['subflows as steps'] },
  { program: `${least} console.log(millrace.input);`, brings: ['reading inputs'] },
  { program: `${least} console.log(millrace.defineWorkflow);`, brings: ['graphs from data'] },
])('a program has of the engine what it uses: $program', async ({ program, brings }) => {
  const files = await filesIn(imported + program);
  const found = Object.entries(machinery).flatMap(([name, file]) => (files.includes(file) ? [name] : []));
  expect(found).toStrictEqual(brings);
});

test('what is looked for is there', () => {
  expect(Object.values(machinery).filter((file) => !existsSync(file))).toStrictEqual([]);
});
