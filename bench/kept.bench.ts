/**
 * What it costs to keep a run: layered synchronous steps without a store, beside one in memory (what keeping costs by itself) and one in
 * files (with its syncs), and the run of the same id again, of which all was done.
 *
 * Rounds are interleaved; medians of ratios to the run without a store within a round. Arguments: sizes, by default 1000 10000.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore, memoryStore, type Store } from '../lib/store/index.ts';
import { define } from './contestants.ts';
import { benchGraph } from './graphs.ts';
import { median, table } from './statistics.ts';

const sizes = process.argv.slice(2).map(Number);
if (sizes.length === 0) sizes.push(1000, 10_000);
const folder = mkdtempSync(join(tmpdir(), 'millrace-kept-'));
const files = fileStore(folder);
let runs = 0;

const rows: string[][] = [];
for (const size of sizes) {
  const flow = define(benchGraph('layered', size), 'sync');
  const timed = async (store: Store | undefined, runId = `run-${String(runs++)}`): Promise<number> => {
    const start = performance.now();
    await flow.run({ runId, store }).result();
    return performance.now() - start;
  };
  const taken: Record<string, number[]> = {};
  const rounds = Math.max(8, Math.min(30, Math.floor(200_000 / size)));
  for (let round = -3; round < rounds; round++) {
    const memory = memoryStore();
    const inFiles = `round-${String(size)}-${String(round)}`;
    const times = {
      'no store': await timed(undefined),
      'in memory': await timed(memory, 'once'),
      'in memory, again': await timed(memory, 'once'),
      'in files': await timed(files, inFiles),
      'in files, again': await timed(files, inFiles),
    };
    if (round < 0) continue;
    for (const [what, ms] of Object.entries(times)) taken[what] = [...(taken[what] ?? []), ms];
  }
  const bare = taken['no store'] ?? [];
  for (const [what, times] of Object.entries(taken))
    rows.push([
      String(size),
      what,
      median(times).toFixed(1),
      median(times.map((ms, round) => ms / (bare[round] ?? ms))).toFixed(1),
    ]);
}
await files[Symbol.asyncDispose]();
rmSync(folder, { recursive: true });
console.log(`Node ${process.version}; medians over interleaved rounds\n`);
console.log(table(['steps', 'kept', 'ms', 'to no store'], rows));
