/*
 * Makes pages of a folder of Markdown, and only of what has changed since the last time: run it twice, then change a file.
 *
 *   npm run example:incremental -- [folder] [--out <dir>]
 *
 * What was found out is kept in `<dir>/.millrace`. Stopped in the middle, it does the rest the next time. Exit codes: 0, 1 for an
 * error, 2 for wrong arguments, 130 for Ctrl-C.
 */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CancelledError } from 'millrace';
import { renderProgress } from 'millrace/node';
import { fileStore } from 'millrace/store';
import { incremental } from './pages.ts';

const usage = 'usage: npm run example:incremental -- [folder] [--out <dir>]';

process.exitCode = await main();

async function main(): Promise<number> {
  const folders = readArguments();
  if (folders === undefined) return 2;
  const interrupted = new AbortController();
  process.once('SIGINT', () => {
    interrupted.abort('Ctrl-C');
  });
  await using store = fileStore(join(folders.out, '.millrace'));
  const run = incremental.run({ inputs: folders, store, signal: interrupted.signal });
  const made: string[] = [];
  let kept = 0;
  run.progress$.subscribe({
    next: (event) => {
      if (event.type !== 'step-completed' || !/^pages\[|^contents$/.test(event.stepId)) return;
      if (event.cached === true) kept++;
      else made.push(event.stepId);
    },
    error: console.error,
  });
  const display = renderProgress(run);
  try {
    const { contents } = await run.result();
    await display.done;
    for (const stepId of made) console.log(`made ${stepId}`);
    console.log(`${String(made.length)} made, ${String(kept)} as they were: ${contents.path}`);
    return 0;
  } catch (error) {
    await display.done;
    console.error(error instanceof Error ? error.message : error);
    return error instanceof CancelledError ? 130 : 1;
  }
}

function readArguments(): { folder: string; out: string } | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { out: { type: 'string', default: 'out/incremental' } },
    });
    if (positionals.length > 1) throw new Error('there is more than one folder');
    const folder = resolve(positionals[0] ?? fileURLToPath(new URL('../../docs/', import.meta.url)));
    return { folder, out: resolve(values.out) };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return undefined;
  }
}
