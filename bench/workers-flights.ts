import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { threadPool } from 'millrace/workers';
import { Piscina } from 'piscina';
import { firstValueFrom } from 'rxjs';
import { dataset } from '../examples/flights/datasets.ts';
import { openFlightsFile } from '../examples/flights/parquet/flights-file.ts';
import type { tasks } from './workers-flights-millrace.worker.ts';
import { poolSize } from './workers-pools.ts';
import { interleaved, medianOf, ratioOf } from './workers-rounds.ts';

const rounds = 9;
const names = ['millrace', 'piscina', '2 processes', '1 process'] as const;

function workerUrl(name: string): URL {
  return new URL(`./workers-flights-${name}.worker.js`, import.meta.url);
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('message', resolve));
}

async function startProcess(): Promise<ChildProcess> {
  const child = fork(workerUrl('process'));
  await answer(child);
  return child;
}

/** What the flights job takes, every row group once, beside processes that share nothing with the pools. */
export async function flightsRows(): Promise<[title: string, rows: string[][]]> {
  const path = fileURLToPath(dataset('flights-3m.parquet'));
  const { rowGroups } = await openFlightsFile(path);
  const work = rowGroups.map((rowGroup) => ({ path, rowGroup }));
  const pool = threadPool<typeof tasks>(workerUrl('millrace'), { size: poolSize });
  const piscina = new Piscina<(typeof work)[number]>({
    filename: workerUrl('piscina').href,
    minThreads: poolSize,
    maxThreads: poolSize,
  });
  const children = await Promise.all(Array.from({ length: poolSize }, startProcess));

  const inProcesses = async (count: number): Promise<number> => {
    const times = children.slice(0, count).map((child, place) => {
      child.send(work.filter((_, index) => index % count === place));
      return answer(child) as Promise<number>;
    });
    return Math.max(...(await Promise.all(times)));
  };
  const inPool = async (run: (input: (typeof work)[number]) => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await Promise.all(work.map(run));
    return performance.now() - start;
  };
  const ways = {
    millrace: () => inPool((input) => firstValueFrom(pool.run('aggregate', input))),
    piscina: () => inPool((input) => piscina.run(input)),
    '2 processes': () => inProcesses(poolSize),
    '1 process': () => inProcesses(1),
  };
  // What each has to compile is compiled before the clock counts.
  for (const name of names) for (let warmUp = 0; warmUp < 4; warmUp++) await ways[name]();
  const figures = await interleaved(names, rounds, (name) => ways[name]());
  await pool.close();
  await piscina.destroy();
  for (const child of children) child.kill();
  return [
    `ms for ${String(work.length)} row groups of three million flights`,
    [
      ['where', 'ms', 'speed-up', 'of ceiling'],
      ...names.map((name) => [
        name,
        medianOf(figures, name).toFixed(0),
        ratioOf(figures, '1 process', name).toFixed(2),
        `${(ratioOf(figures, '2 processes', name) * 100).toFixed(1)} %`,
      ]),
    ],
  ];
}
