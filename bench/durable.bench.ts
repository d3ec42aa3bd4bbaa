/**
 * What it costs to make sure that a step's record stays: each alone, and in groups of 50 as a store syncs them.
 *
 * The measure is the least that a disk allows: one write to an open file, and one fdatasync. All take turns in every round; a figure is the
 * median of ratios to that within a round. SQLite is there where Node has it; better-sqlite3 isn't, as its installation fetches or compiles native
 * code, which classic-level brings along. Arguments: a folder on the disk to be measured.
 */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { builtinModule } from '../lib/base/host.ts';
import type { OpenedRun, RunWatcher } from '../lib/store/backend.ts';
import { fileBackend } from '../lib/store/file-backend.ts';
import { sqliteBackend } from '../lib/store/sqlite-backend.ts';
import { median, table } from './statistics.ts';

const rounds = 100;
const warmUp = 5;
/** How many groups of either size a round has of each. */
const groups = 4;
const sizes = [1, 50] as const;

/** Makes sure that some records stay. */
type Keep = (records: readonly string[]) => PromiseLike<void> | void;

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'millrace-durable-'));
const watcher: RunWatcher = { cancelRequested: () => undefined, displaced: () => undefined };
const record = JSON.stringify({ type: 'completed', step: 'table', value: 'x'.repeat(200) });

const bare = openSync(join(folder, 'bare.log'), 'a');
const floor = 'one write, one fdatasync';
const contestants: Record<string, Keep> = {
  [floor]: (records) => {
    writeSync(bare, `${records.join('\n')}\n`);
    fdatasyncSync(bare);
  },
  fileBackend: appender(await fileBackend(join(folder, 'store')).openRun('bench', watcher)),
};
if (builtinModule('node:sqlite') !== undefined)
  contestants['sqliteBackend'] = appender(
    await sqliteBackend(join(folder, 'store.db')).openRun('bench', watcher),
  );
const level = new ClassicLevel(join(folder, 'level'));
let puts = 0;
contestants['classic-level, a batch with sync'] = (records) =>
  level.batch(
    records.map((value) => ({ type: 'put', key: String(puts++).padStart(12, '0'), value })),
    { sync: true },
  );
let files = 0;
contestants['a file a step, fsync and rename'] = (records) => {
  for (const text of records) {
    const draft = join(folder, 'draft');
    const file = openSync(draft, 'w');
    writeSync(file, text);
    fsyncSync(file);
    closeSync(file);
    renameSync(draft, join(folder, `step-${String(files++)}`));
  }
};

function appender(run: OpenedRun): Keep {
  return (records) => run.append(records);
}

const names = Object.keys(contestants);
/** Microseconds a record, by contestant and size of group, a figure a round. */
const times = new Map(names.map((name) => [name, sizes.map((): number[] => [])]));
for (let round = 0; round < rounds + warmUp; round++) {
  // Whoever comes after another finds the disk as that has left it.
  const order = names.map((_, index) => names[(index + round) % names.length] as string);
  for (const name of order)
    for (const [index, size] of sizes.entries()) {
      const records = Array.from({ length: size }, () => record);
      const start = performance.now();
      for (let group = 0; group < groups; group++) await contestants[name]?.(records);
      const each = ((performance.now() - start) * 1000) / (groups * size);
      if (round >= warmUp) times.get(name)?.[index]?.push(each);
    }
}
await level.close();
rmSync(folder, { recursive: true });

console.log(
  `${String(rounds)} interleaved rounds of ${String(groups)} groups, records of ${String(record.length)} bytes, Node ${process.version}\n`,
);
const figures = (name: string, index: number): readonly number[] => times.get(name)?.[index] ?? [];
const ratio = (name: string, index: number): string =>
  median(figures(name, index).map((time, round) => time / (figures(floor, index)[round] as number))).toFixed(
    2,
  );
console.log(
  table(
    ['keeping', ...sizes.flatMap((size) => [`µs each, by ${String(size)}`, `× the least`])],
    names.map((name) => [
      name,
      ...sizes.flatMap((_, index) => [median(figures(name, index)).toFixed(0), ratio(name, index)]),
    ]),
  ),
);
console.log(
  "\nbetter-sqlite3 isn't among them: installing it fetches or compiles native code. It is the same SQLite as node:sqlite.",
);
