/*
 * Crawls sites from where it is told to begin: at most two requests at once and twenty a second to each host, however many
 * hosts there are. Without arguments it crawls a small site of its own.
 *
 *   npm run example:crawl -- [url …] [--most pages]
 *
 * Exit codes: 0, 2 for wrong arguments or an error, 130 for Ctrl-C.
 */
import { parseArgs } from 'node:util';
import { CancelledError } from 'millrace';
import { renderProgress } from 'millrace/node';
import { crawling } from './crawl.ts';
import { serveSite } from './own-site.ts';

const usage = 'usage: npm run example:crawl -- [url …] [--most <pages>]';

process.exitCode = await main();

async function main(): Promise<number> {
  const given = readArguments();
  if (given === undefined) return 2;
  await using site = given.urls.length === 0 ? await serveSite() : undefined;
  const { workflow, limits } = crawling(site?.urls ?? given.urls, given.most);
  const run = workflow.run({ limits });
  // The first Ctrl-C ends the run in good order, the second one the process.
  process.once('SIGINT', () => {
    run.cancel('Ctrl-C');
  });
  const display = renderProgress(run);
  try {
    const { pages } = await run.result();
    await display.done;
    for (const page of pages) {
      if (page.status === 'fulfilled') console.log(`${page.value.url} "${page.value.title}"`);
      else console.log(`failed: ${rootOf(page.reason).message}`);
    }
    if (site !== undefined) console.log(`at most ${String(site.most())} requests at once to a host`);
    return 0;
  } catch (error) {
    await display.done;
    console.error(rootOf(error).message);
    return error instanceof CancelledError ? 130 : 2;
  }
}

function rootOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}

function readArguments(): { urls: readonly URL[]; most: number } | undefined {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { most: { type: 'string', default: '100' } },
    });
    const most = Number(values.most);
    if (!Number.isInteger(most) || most < 1)
      throw new Error(`expected a number of pages, got '${values.most}'`);
    return { urls: positionals.map((url) => new URL(url)), most };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return undefined;
  }
}
