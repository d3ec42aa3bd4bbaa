/**
 * What a process pays before it is warm: importing millrace, then defining and running a layered graph for the first time,
 * beside the same of `Promise.all` and p-graph. Each measurement is a process of its own.
 *
 * Measures the built package: build it first (`npx tsup --no-dts`). Ratios are of definition and run together, medians of a round's
 * ratios. Arguments: sizes, by default 100 1000 10000.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ColdTimes } from './cold.worker.ts';
import type { Mode } from './contestants.ts';
import { median, table } from './statistics.ts';

const sizes = process.argv.slice(2).map(Number);
if (sizes.length === 0) sizes.push(100, 1000, 10_000);
const rounds = 9;

// Where scripts/bench.mjs puts this file, the package lies three folders up.
const entry = new URL('../../../dist/index.js', import.meta.url);
if (!existsSync(entry)) throw new Error("there is no built package: run 'npx tsup --no-dts' first");

const contestants = ['Promise.all', 'p-graph', 'millrace'] as const;
type Contestant = (typeof contestants)[number];

function cold(contestant: Contestant, size: number, mode: Mode): ColdTimes {
  const worker = fileURLToPath(new URL('cold.worker.js', import.meta.url));
  const printed = execFileSync(process.execPath, [worker, contestant, entry.href, String(size), mode], {
    encoding: 'utf8',
  });
  return JSON.parse(printed) as ColdTimes;
}

/** One process of each contestant, each round beginning with another one. */
function round(turn: number, size: number, mode: Mode): Record<Contestant, ColdTimes> {
  const times = new Map<Contestant, ColdTimes>();
  for (let at = 0; at < contestants.length; at++) {
    const contestant = contestants[(turn + at) % contestants.length] as Contestant;
    times.set(contestant, cold(contestant, size, mode));
  }
  const outputs = new Set([...times.values()].map(({ output }) => output));
  if (outputs.size > 1)
    throw new Error(`the contestants disagree on ${String(size)} steps: ${[...outputs].join(', ')}`);
  return Object.fromEntries(times) as Record<Contestant, ColdTimes>;
}

// So that nobody pays for reading files into the system's cache.
for (const contestant of contestants) cold(contestant, 10, 'sync');

const imports = Array.from({ length: rounds }, () => cold('millrace', 0, 'sync').imported);
console.log(
  `Node ${process.version}; import 'millrace' alone: ${median(imports).toFixed(0)} ms (${Math.min(...imports).toFixed(0)} to ${Math.max(...imports).toFixed(0)})`,
);

const rows: string[][] = [];
for (const size of sizes) {
  for (const mode of ['sync', 'async'] as const) {
    const all = Array.from({ length: rounds }, (_, turn) => round(turn, size, mode));
    for (const contestant of contestants) {
      const middle = (pick: (times: ColdTimes) => number): string =>
        median(all.map((one) => pick(one[contestant]))).toFixed(1);
      const work = ({ defined, run }: ColdTimes): number => defined + run;
      rows.push([
        String(size),
        mode,
        contestant,
        middle(({ imported }) => imported),
        middle(({ defined }) => defined),
        middle(({ run }) => run),
        middle(work),
        median(all.map((one) => work(one[contestant]) / work(one['Promise.all']))).toFixed(1),
      ]);
    }
  }
}
console.log(`ms, medians of ${String(rounds)} processes that take turns; ratios to Promise.all\n`);
console.log(
  table(['steps', 'mode', 'contestant', 'import', 'definition', 'first run', 'both', 'ratio of both'], rows),
);
