import { threadPool } from 'millrace/workers';
import { firstValueFrom } from 'rxjs';
import type { tasks } from './workers-millrace.worker.ts';
import { poolSize } from './workers-pools.ts';
import { interleaved, medianOf, ratioOf } from './workers-rounds.ts';
import { plainTasks } from './workers-tasks.ts';

const rounds = 15;
const calls = 64;
const microseconds = [5, 10, 20, 50, 100, 200] as const;
const ways = ['here', 'one by one', 'all at once'] as const;

/** How many turns of `compute` take a microsecond here. */
function turnsPerMicrosecond(): number {
  const turns = 2_000_000;
  const start = (): number => {
    const before = performance.now();
    plainTasks.compute(turns);
    return performance.now() - before;
  };
  const times = Array.from({ length: 9 }, start).sort((left, right) => left - right);
  return turns / ((times[4] as number) * 1000);
}

/**
 * From which length on a task is better off in a thread: its own time on the main thread beside that of the way to a
 * thread and back, with one call at a time, and with many at once on the pool's two threads.
 */
export async function inlineRows(): Promise<[title: string, rows: string[][]]> {
  const url = new URL('./workers-millrace.worker.js', import.meta.url);
  const pool = threadPool<typeof tasks>(url, { size: poolSize, tasks: plainTasks });
  await pool.prewarm();
  const perMicrosecond = turnsPerMicrosecond();
  const rows: string[][] = [];
  for (const length of microseconds) {
    const turns = Math.round(length * perMicrosecond);
    const call = (inline: 'always' | 'never') => () => firstValueFrom(pool.run('compute', turns, { inline }));
    const measured = {
      here: () => oneByOne(call('always')),
      'one by one': () => oneByOne(call('never')),
      'all at once': () => Promise.all(Array.from({ length: calls }, call('never'))),
    };
    for (const way of ways) for (let warmUp = 0; warmUp < 20; warmUp++) await measured[way]();
    const figures = await interleaved(ways, rounds, async (way) => {
      const start = performance.now();
      await measured[way]();
      return ((performance.now() - start) * 1000) / calls;
    });
    rows.push([
      `${String(length)} µs`,
      ...ways.map((way) => medianOf(figures, way).toFixed(1)),
      ratioOf(figures, 'one by one', 'here').toFixed(2),
      ratioOf(figures, 'all at once', 'here').toFixed(2),
    ]);
  }
  await pool.close();
  return [
    'µs a task of a given length, on the main thread and in a thread',
    [['task', ...ways, 'one by one / here', 'all at once / here'], ...rows],
  ];
}

async function oneByOne(call: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < calls; done++) await call();
}
