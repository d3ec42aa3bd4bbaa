import { type BenchPool, type Contestant, contestants, warmPool } from './workers-pools.ts';
import { interleaved, medianOf, ratioOf } from './workers-rounds.ts';

const names = Object.keys(contestants) as Contestant[];
const rounds = 15;

/** Runs `count` empty tasks, `inFlight` at a time. */
async function runEmpty(pool: BenchPool, count: number, inFlight: number): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await pool.run('empty');
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

async function measured(
  title: string,
  columns: readonly (readonly [name: string, count: number, inFlight: number])[],
): Promise<[title: string, rows: string[][]]> {
  const pools = new Map<Contestant, BenchPool>();
  for (const name of names) pools.set(name, await warmPool(name));
  const rows = names.map((name): string[] => [name]);
  for (const [, count, inFlight] of columns) {
    const figures = await interleaved(names, rounds, async (name) => {
      const pool = pools.get(name) as BenchPool;
      const start = performance.now();
      // Its cost grows with the square of its queue: at 10,000 a single round would take minutes.
      const amount = name === 'threads Pool' ? Math.min(count, 500) : count;
      await runEmpty(pool, amount, inFlight);
      return ((performance.now() - start) / amount) * 1000;
    });
    for (const [place, name] of names.entries()) {
      rows[place]?.push(medianOf(figures, name).toFixed(1), ratioOf(figures, name, 'piscina').toFixed(2));
    }
  }
  for (const pool of pools.values()) await pool.close();
  return [title, [['pool', ...columns.flatMap(([name]) => [name, 'ratio'])], ...rows]];
}

/** What an empty task costs from its call to its output. */
export function latencyRows(): Promise<[title: string, rows: string[][]]> {
  return measured('µs an empty task; ratios to piscina', [
    ['alone', 200, 1],
    ['2 in flight', 400, 2],
    ['8 in flight', 800, 8],
    ['64 in flight', 1280, 64],
  ]);
}

/** What 10,000 tasks cost that are called at once. */
export function throughputRows(): Promise<[title: string, rows: string[][]]> {
  return measured('µs a task of 10,000 called at once (threads Pool: of 500); ratios to piscina', [
    ['10,000', 10_000, 10_000],
  ]);
}
