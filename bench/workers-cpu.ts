import { type ChildProcess, fork } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { type BenchPool, type Contestant, contestants, poolSize, warmPool } from './workers-pools.ts';
import { interleaved, medianOf, ratioOf } from './workers-rounds.ts';

const processes = '2 processes';
const alone = '1 process';
type Name = Contestant | typeof processes | typeof alone;

const taskCount = 16;
const rounds = 7;
const targetMs = 100;
const bytesOfGzip = 8 * 2 ** 20;

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('message', resolve));
}

async function startProcess(): Promise<ChildProcess> {
  const child = fork(new URL('./workers-process.worker.js', import.meta.url));
  await answer(child);
  return child;
}

/** How many turns of `compute` take about 100 ms here. */
async function calibrated(child: ChildProcess): Promise<number> {
  const turns = 20_000_000;
  for (let warmUp = 0; warmUp < 2; warmUp++) {
    child.send(['compute', 4, turns]);
    await answer(child);
  }
  child.send(['compute', 4, turns]);
  return Math.round((turns * targetMs * 4) / ((await answer(child)) as number));
}

/** What 16 tasks of real work take, beside processes that share nothing with the pools. */
export async function cpuRows(): Promise<[title: string, rows: string[][]]> {
  const children = await Promise.all(Array.from({ length: poolSize }, startProcess));
  const turns = await calibrated(children[0] as ChildProcess);
  const pools = new Map<Contestant, BenchPool>();
  for (const name of Object.keys(contestants) as Contestant[]) pools.set(name, await warmPool(name));
  const names: Name[] = [...pools.keys(), processes, alone];
  const bytes = randomFillSync(new Uint8Array(bytesOfGzip)).map((byte) => byte & 15);

  const inProcesses = async (count: number, task: 'compute' | 'gzip', amount: number): Promise<number> => {
    // Each tells its own time, without the making of its input.
    const times = await Promise.all(
      children.slice(0, count).map((child) => {
        child.send([task, taskCount / count, amount]);
        return answer(child) as Promise<number>;
      }),
    );
    return Math.max(...times);
  };
  const inPool = async (pool: BenchPool, task: 'compute' | 'gzip'): Promise<number> => {
    // Copied before the clock starts and moved after: a copy is no part of the work.
    const inputs = Array.from({ length: taskCount }, () => (task === 'compute' ? turns : bytes.slice()));
    const start = performance.now();
    await Promise.all(
      inputs.map((input) =>
        typeof input === 'number' ? pool.run(task, input) : pool.run(task, input, [input.buffer]),
      ),
    );
    return performance.now() - start;
  };

  const rows = names.map((name): string[] => [name]);
  for (const task of ['compute', 'gzip'] as const) {
    const amount = task === 'compute' ? turns : bytesOfGzip;
    const figures = await interleaved(names, rounds, (name) => {
      if (name === processes) return inProcesses(poolSize, task, amount);
      if (name === alone) return inProcesses(1, task, amount);
      return inPool(pools.get(name) as BenchPool, task);
    });
    for (const [place, name] of names.entries()) {
      rows[place]?.push(
        medianOf(figures, name).toFixed(0),
        ratioOf(figures, alone, name).toFixed(2),
        `${(ratioOf(figures, processes, name) * 100).toFixed(1)} %`,
      );
    }
  }
  for (const pool of pools.values()) await pool.close();
  for (const child of children) child.kill();
  return [
    `ms for ${String(taskCount)} tasks of about ${String(targetMs)} ms of JavaScript, and of gzip of 8 MB`,
    [['where', 'JavaScript', 'speed-up', 'of ceiling', 'gzip', 'speed-up', 'of ceiling'], ...rows],
  ];
}
