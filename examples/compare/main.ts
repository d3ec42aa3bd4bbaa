/*
 * Compares two folders by the content of their files: how many there are is known only once they have been found, small
 * files are read at once and large ones in chunks, and one that can't be read stops nothing.
 *
 *   npm run example:compare -- [left] [right] [--json file] [--exit-code]
 *
 * Without folders it compares two builds of RxJS that are there anyway.
 *
 * Exit codes: 0 once they have been compared, with `--exit-code` 1 where they aren't equal; 2 for wrong arguments or an error, 130 for Ctrl-C.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CancelledError } from 'millrace';
import { renderProgress } from 'millrace/node';
import { type Comparison, comparing } from './compare.ts';

const usage = `usage: npm run example:compare -- [<left> <right>] [--json <file>] [--exit-code]

  --json <file>  writes all of the comparison there
  --exit-code    exits with 1 where the folders differ`;
/** So many paths of each kind are listed; all of them are in the file. */
const listed = 10;

process.exitCode = await main();

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    console.log(usage);
    return 0;
  }
  const given = await readArguments().catch((error: unknown) => {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  });
  if (given === undefined) return 2;
  const { tellsByCode, ...inputs } = given;
  console.log(`left: ${inputs.left}\nright: ${inputs.right}`);
  const interrupted = new AbortController();
  process.once('SIGINT', () => {
    interrupted.abort('Ctrl-C');
  });
  const run = comparing.run({ inputs, signal: interrupted.signal, limits: { 'heavy-io': 8 } });
  const display = renderProgress(run);
  try {
    const { comparison } = await run.result();
    await display.done;
    tell(comparison);
    const areEqual = isEqual(comparison);
    console.log(areEqual ? 'they are equal' : 'they differ');
    return tellsByCode && !areEqual ? 1 : 0;
  } catch (error) {
    await display.done;
    console.error(error instanceof Error ? error.message : error);
    return error instanceof CancelledError ? 130 : 2;
  }
}

interface Arguments {
  readonly left: string;
  readonly right: string;
  readonly file: string | undefined;
  /** Whether the exit code says that the folders differ, as that of `git diff --exit-code` does. */
  readonly tellsByCode: boolean;
}

async function readArguments(): Promise<Arguments> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'string' }, 'exit-code': { type: 'boolean', default: false } },
  });
  if (positionals.length !== 0 && positionals.length !== 2)
    throw new Error(`expected two folders, or none, got ${String(positionals.length)}`);
  const builds = ['esm', 'esm5'].map((build) =>
    fileURLToPath(new URL(`../../node_modules/rxjs/dist/${build}`, import.meta.url)),
  );
  const [left = '', right = ''] = builds.map((build, place) => resolve(positionals[place] ?? build));
  for (const folder of [left, right]) {
    const stats = await stat(folder).catch(() => undefined);
    if (stats?.isDirectory() !== true) throw new Error(`${folder} is no folder`);
  }
  return {
    left,
    right,
    file: values.json === undefined ? undefined : resolve(values.json),
    tellsByCode: values['exit-code'],
  };
}

function isEqual({ same: _, ...different }: Comparison): boolean {
  return Object.values(different).every((list: readonly unknown[]) => list.length === 0);
}

function tell({ same, changed, onlyLeft, onlyRight, moved, unreadable }: Comparison): void {
  console.log(`the same: ${String(same.length)}`);
  list('changed', changed);
  list(
    'moved',
    moved.map(({ from, to }) => `${from} → ${to}`),
  );
  list('only left', onlyLeft);
  list('only right', onlyRight);
  list('unreadable', unreadable);
}

function list(title: string, lines: readonly string[]): void {
  console.log(`${title}: ${String(lines.length)}`);
  for (const line of lines.slice(0, listed)) console.log(`  ${line}`);
  if (lines.length > listed) console.log(`  and ${String(lines.length - listed)} more`);
}
