/**
 * How much memory a run takes that is kept in files, and how large its journal is: a fan-out whose children are folded to one number, as it is
 * kept, gone on with once all but one of them are done, and with each child's result in the cache: as they are looked for in vain, and found.
 *
 * Live bytes are asked for ten times in a run, after a collection; the most counts. Needs `--expose-gc`. Arguments: how many children, by default
 * 1000000 1000000; the second number is for the cache, of which each result is a file.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forEachStep, step, type Workflow, workflow } from 'millrace';
import { fileStore } from '../lib/store/index.ts';
import { table } from './statistics.ts';

const [keptChildren = 1_000_000, cachedChildren = keptChildren] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'millrace-kept-memory-'));
const store = fileStore(folder);
const samples = 10;

function liveBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with node --expose-gc');
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

let peak = 0;
let mayFail = true;

function folded(children: number, isCached: boolean): Workflow<{ readonly total: number }, never> {
  function* items(): Iterable<number> {
    const apart = Math.ceil(children / samples);
    for (let item = 0; item < children; item++) {
      // Not with the first ones: then all that is kept has been read, and nothing of it used.
      if (item % apart === 1) peak = Math.max(peak, liveBytes());
      yield item;
    }
  }
  const last = children - 1;
  const each = forEachStep(
    'each',
    { items: () => items() },
    (item) => {
      if (item === last && mayFail && !isCached) throw new Error('the last one');
      return item % 1000;
    },
    {
      reduce: (sum: number, output: number) => sum + output,
      initial: 0,
      concurrency: 256,
      ...(isCached ? { cache: { version: 1 } } : {}),
    },
  );
  return workflow(isCached ? 'cached' : 'kept', { total: step('total', { each }, ({ each }) => each) });
}

const rows: string[][] = [];

async function measure(what: string, flow: Workflow<unknown, never>, runId: string): Promise<void> {
  const before = liveBytes();
  peak = before;
  const start = performance.now();
  await flow
    .run({ store, runId })
    .result()
    .catch(() => undefined);
  const seconds = (performance.now() - start) / 1000;
  const size = (await store.backend.listRuns()).find((run) => run.runId === runId)?.size ?? 0;
  rows.push([
    what,
    seconds.toFixed(1),
    ((peak - before) / 1e6).toFixed(1),
    (size / 1e6).toFixed(1),
    (process.resourceUsage().maxRSS / 1e3).toFixed(0),
  ]);
  console.error(rows.at(-1)?.join('  '));
}

const kept = folded(keptChildren, false);
await measure('kept', kept, 'kept');
mayFail = false;
await measure('all but one restored', kept, 'kept');
const cached = folded(cachedChildren, true);
await measure('looked for in vain', cached, 'first');
await measure('found in the cache', cached, 'second');
await store[Symbol.asyncDispose]();
rmSync(folder, { recursive: true });
console.log(
  `${String(keptChildren)} children kept, ${String(cachedChildren)} cached; Node ${process.version}\n`,
);
console.log(table(['children', 's', 'live at most, MB', 'run on disk, MB', 'resident until then, MB'], rows));
