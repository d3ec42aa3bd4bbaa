/**
 * The pool of threads beside its peers, 2 threads each, in one run.
 *
 * Rounds of all contestants are interleaved, each round in another order; a figure is the median over rounds, a ratio
 * the median of a round's ratios to piscina (or to raw messages, or to two processes, where a table says so).
 * Arguments: sections, by default all: latency throughput cpu flights inline data start.
 */
import { availableParallelism, cpus, loadavg } from 'node:os';
import { table } from './statistics.ts';
import { cpuRows } from './workers-cpu.ts';
import { dataRows } from './workers-data.ts';
import { flightsRows } from './workers-flights.ts';
import { inlineRows } from './workers-inline.ts';
import { latencyRows, throughputRows } from './workers-latency.ts';
import { startRows } from './workers-start.ts';

const sections: Readonly<Record<string, () => Promise<[title: string, rows: string[][]]>>> = {
  latency: latencyRows,
  throughput: throughputRows,
  cpu: cpuRows,
  flights: flightsRows,
  inline: inlineRows,
  data: dataRows,
  start: startRows,
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in sections));
if (unknown.length > 0) {
  throw new Error(`no section ${unknown.join(', ')}; there are ${Object.keys(sections).join(', ')}`);
}
console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${String(availableParallelism())} cores`,
);
for (const name of chosen.length > 0 ? chosen : Object.keys(sections)) {
  const load = loadavg()[0]?.toFixed(2) ?? '?';
  const [title, [header = [], ...rows]] = (await sections[name]?.()) ?? ['', []];
  console.log(`\n${name}: ${title} (load before: ${load})\n`);
  console.log(table(header, rows));
}
process.exit();
