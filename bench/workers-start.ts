import { type Contestant, contestants, poolSize } from './workers-pools.ts';
import { interleaved, medianOf, ratioOf } from './workers-rounds.ts';

const rounds = 7;

async function startAndWork(name: Contestant): Promise<{ readonly ms: number; readonly megabytes: number }> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const start = performance.now();
  const pool = contestants[name]();
  await Promise.all(Array.from({ length: poolSize }, () => pool.run('compute', 1000)));
  const ms = performance.now() - start;
  const megabytes = (process.memoryUsage.rss() - before) / 2 ** 20 / poolSize;
  await pool.close();
  return { ms, megabytes };
}

/** What it takes until a pool's threads have done a first task each, and what memory they keep. */
export async function startRows(): Promise<[title: string, rows: string[][]]> {
  const names = Object.keys(contestants) as Contestant[];
  const times = await interleaved(names, rounds, async (name) => (await startAndWork(name)).ms);
  const memory = await interleaved(names, rounds, async (name) => (await startAndWork(name)).megabytes);
  return [
    `ms until ${String(poolSize)} threads have worked, MB of resident memory a thread; ratios to piscina`,
    [
      ['pool', 'start', 'ratio', 'memory'],
      ...names.map((name) => [
        name,
        medianOf(times, name).toFixed(0),
        ratioOf(times, name, 'piscina').toFixed(2),
        medianOf(memory, name).toFixed(1),
      ]),
    ],
  ];
}
