import { type BenchPool, type Contestant, contestants, warmPool } from './workers-pools.ts';
import { interleaved, medianOf, ratioOf } from './workers-rounds.ts';

const rounds = 15;
const megabyte = 2 ** 20;

interface Load {
  readonly title: string;
  readonly count: number;
  readonly send: (pool: BenchPool) => Promise<unknown>;
}

const object = Object.fromEntries(
  Array.from({ length: 24 }, (_, index) => [
    `field${String(index)}`,
    index % 3 === 0 ? 'x'.repeat(64) : index / 7,
  ]),
);
const numbers = new Float64Array(megabyte / 8).fill(0.5);
const shared = new Float64Array(new SharedArrayBuffer(64 * megabyte));
let travelling = new ArrayBuffer(64 * megabyte);

const loads: readonly Load[] = [
  { title: '1 KB object', count: 100, send: (pool) => pool.run('echo', object) },
  { title: '1 MB copied', count: 20, send: (pool) => pool.run('sizeOf', numbers) },
  {
    title: '64 MB moved',
    count: 50,
    send: async (pool) => {
      await pool.run('sizeOf', travelling, [travelling]);
      if (travelling.byteLength > 0) throw new Error('it was not moved');
      travelling = fresh.pop() ?? new ArrayBuffer(64 * megabyte);
    },
  },
  { title: 'shared 64 MB', count: 100, send: (pool) => pool.run('sizeOf', shared) },
];

/** Buffers that were made before the clock started. They aren't touched, so they cost no memory. */
let fresh: ArrayBuffer[] = [];

/** What data costs on its way, one task at a time. */
export async function dataRows(): Promise<[title: string, rows: string[][]]> {
  const names = Object.keys(contestants) as Contestant[];
  const pools = new Map<Contestant, BenchPool>();
  for (const name of names) pools.set(name, await warmPool(name));
  const rows = names.map((name): string[] => [name]);
  for (const { title, count, send } of loads) {
    const figures = await interleaved(names, rounds, async (name) => {
      const pool = pools.get(name) as BenchPool;
      if (title === '64 MB moved') {
        fresh = Array.from({ length: count }, () => new ArrayBuffer(64 * megabyte));
      }
      const start = performance.now();
      for (let done = 0; done < count; done++) await send(pool);
      return ((performance.now() - start) / count) * 1000;
    });
    for (const [place, name] of names.entries()) {
      rows[place]?.push(
        medianOf(figures, name).toFixed(0),
        ratioOf(figures, name, 'raw messages').toFixed(2),
      );
    }
  }
  for (const pool of pools.values()) await pool.close();
  return [
    'µs a task, one at a time; ratios to raw messages',
    [['pool', ...loads.flatMap(({ title }) => [title, 'ratio'])], ...rows],
  ];
}
