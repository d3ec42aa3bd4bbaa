/*
 * Builds a site from a folder of Markdown, with its code highlighted and every link within it checked. With `--watch` it
 * goes on: a change cancels the build under way and starts another.
 *
 *   npm run example:site -- [folder] [--out <dir>] [--watch]
 *
 * Without a folder it builds that of this repository.
 *
 * Exit codes: 0, 1 for dead links or an error, 2 for wrong arguments, 130 for Ctrl-C.
 */
import { watch } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { renderProgress } from 'millrace/node';
import { threadPool } from 'millrace/workers';
import {
  catchError,
  concatMap,
  debounceTime,
  defer,
  EMPTY,
  filter,
  fromEvent,
  lastValueFrom,
  merge,
  Observable,
  of,
  switchMap,
  takeUntil,
  tap,
} from 'rxjs';
import type { tasks } from './render.tasks.ts';
import { markdownFiles, type Site, siteWorkflow } from './site.ts';

const usage = `usage: npm run example:site -- [folder] [--out <dir>] [--watch]

  --out <dir>  where the site goes  [out/site]
  --watch      builds anew at each change, until Ctrl-C`;
const { values, positionals } = readArguments();
const folder = resolve(positionals[0] ?? fileURLToPath(new URL('../../', import.meta.url)));
const out = resolve(values.out);
const interrupted$ = merge(fromEvent(process, 'SIGINT'), fromEvent(process, 'SIGTERM')).pipe(
  tap(() => {
    process.exitCode = 130;
  }),
);

await using pool = threadPool<typeof tasks>(new URL('./render.worker.js', import.meta.url));

/** One build at each subscription; unsubscribing cancels it, down to the threads. */
const build$ = defer(() => markdownFiles(folder)).pipe(
  switchMap((files) => {
    const run = siteWorkflow(folder, out, files, pool).run();
    const display = renderProgress(run, { title: 'site' });
    return run.result$.pipe(
      // The display is over a little later, and what is told would be drawn over.
      concatMap(async ({ site }) => {
        await display.done;
        tell(site, run.metrics().totalMs);
      }),
    );
  }),
  catchError((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
    return EMPTY;
  }),
);

const changes$ = new Observable<string>((subscriber) => {
  const watcher = watch(folder, { recursive: true }, (_, path) => {
    subscriber.next(path ?? '');
  });
  watcher.on('error', (error) => {
    subscriber.error(error);
  });
  return () => {
    watcher.close();
  };
}).pipe(
  filter((path) => path.endsWith('.md')),
  debounceTime(50),
);

const builds$ = values.watch ? merge(of('the first'), changes$).pipe(switchMap(() => build$)) : build$;
await lastValueFrom(builds$.pipe(takeUntil(interrupted$)), { defaultValue: undefined });

function tell({ files, dead }: Site, ms: number): void {
  console.log(`${String(files.length)} pages in ${out}, ${ms.toFixed(0)} ms`);
  for (const { file, line, href, why } of dead) console.log(`${file}:${String(line)}: ${href}: ${why}`);
  process.exitCode = dead.length > 0 ? 1 : 0;
}

function readArguments() {
  if (process.argv.includes('--help')) {
    console.log(usage);
    process.exit();
  }
  try {
    return parseArgs({
      allowPositionals: true,
      options: { out: { type: 'string', default: 'out/site' }, watch: { type: 'boolean', default: false } },
    });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}
