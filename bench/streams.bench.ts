/**
 * What a stream between steps costs an element, beside `for await` and Node's `pipeline` over the same generators; what a child of a
 * fan-out costs; and that a stream far larger than memory takes none.
 *
 *     npm run bench streams.bench                      # throughput and fan-out
 *     npm run bench streams.bench large 10             # so many GB through three steps, one in a worker
 */
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { forEachStep, step, stream, workflow } from 'millrace';
import { threadPool } from 'millrace/workers';
import { firstValueFrom } from 'rxjs';
import { median, table } from './statistics.ts';
import type { tasks } from './streams.worker.ts';

const [mode = 'throughput', amount = '10'] = process.argv.slice(2);
if (mode === 'large') await large(Number(amount));
else await throughput();

async function throughput(): Promise<void> {
  const elements = 100_000;
  const rounds = 21;

  async function* numbers(): AsyncGenerator<number> {
    for (let number = 0; number < elements; number++) yield number;
  }
  async function* doubled(source: AsyncIterable<number>): AsyncGenerator<number> {
    for await (const number of source) yield number * 2;
  }
  async function sumOf(source: AsyncIterable<number>): Promise<number> {
    let sum = 0;
    for await (const number of source) sum += number;
    return sum;
  }
  const flow = (capacity: number) => {
    const source = step('numbers', numbers);
    const twice = step('doubled', { source: stream(source, { capacity }) }, (inputs) =>
      doubled(inputs.source),
    );
    return workflow('streams', {
      sum: step('sum', { twice: stream(twice, { capacity }) }, (inputs) => sumOf(inputs.twice)),
    });
  };
  const flows = { 1: flow(1), 16: flow(16), 256: flow(256) };
  const contestants: Readonly<Record<string, () => Promise<unknown>>> = {
    'for await': () => sumOf(doubled(numbers())),
    pipeline: async () => {
      let sum = 0;
      await pipeline(
        Readable.from(numbers()),
        doubled,
        new Writable({
          objectMode: true,
          write(number: number, _, done) {
            sum += number;
            done();
          },
        }),
      );
      return sum;
    },
    'millrace, capacity 1': () => flows[1].run().result(),
    'millrace, capacity 16': () => flows[16].run().result(),
    'millrace, capacity 256': () => flows[256].run().result(),
  };
  const times = await interleaved(contestants, rounds, elements);
  const base = times.get('for await') ?? [];
  const node = times.get('pipeline') ?? [];
  console.log(
    `${String(elements)} numbers through three stages; medians of ${String(rounds)} interleaved rounds\n`,
  );
  console.log(
    table(
      ['', 'µs an element', 'ratio to for await', 'ratio to pipeline'],
      [...times].map(([name, each]) => [name, median(each).toFixed(2), ratio(each, base), ratio(each, node)]),
    ),
  );
  await fanOut();
}

async function fanOut(): Promise<void> {
  const items = Array.from({ length: 20_000 }, (_, place) => place);
  const child = async (item: number): Promise<number> => item;
  const list = workflow('list', { list: forEachStep('list', { items }, child) });
  const fold = workflow('fold', {
    fold: forEachStep('fold', { items }, child, { reduce: (sum: number, item) => sum + item, initial: 0 }),
  });
  const times = await interleaved(
    {
      'Promise.all': () => Promise.all(items.map(child)),
      forEachStep: () => list.run().result(),
      'forEachStep, reduced': () => fold.run().result(),
    },
    21,
    items.length,
  );
  const base = times.get('Promise.all') ?? [];
  console.log(`\n${String(items.length)} asynchronous children of one fan-out\n`);
  console.log(
    table(
      ['', 'µs a child', 'ratio to Promise.all'],
      [...times].map(([name, each]) => [name, median(each).toFixed(2), ratio(each, base)]),
    ),
  );
}

async function interleaved(
  contestants: Readonly<Record<string, () => Promise<unknown>>>,
  rounds: number,
  elements: number,
): Promise<Map<string, number[]>> {
  const times = new Map(Object.keys(contestants).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds + 3; round++) {
    for (const [name, run] of Object.entries(contestants)) {
      const start = performance.now();
      await run();
      if (round >= 3) times.get(name)?.push(((performance.now() - start) * 1000) / elements);
    }
  }
  return times;
}

function ratio(each: readonly number[], base: readonly number[]): string {
  return median(each.map((time, round) => time / (base[round] ?? Number.NaN))).toFixed(2);
}

async function large(gigabytes: number): Promise<void> {
  await using pool = threadPool<typeof tasks>(new URL('./streams.worker.js', import.meta.url), { size: 1 });
  const size = 1 << 20;
  const count = Math.round((gigabytes * 2 ** 30) / size);
  const chunks = step('chunks', async function* () {
    for (let number = 0; number < count; number++) yield new Uint8Array(size).fill(number);
  });
  const measured = step(
    'measured',
    { chunks: stream(chunks, { capacity: 8 }) },
    async function* (inputs, { token }) {
      for await (const chunk of inputs.chunks)
        yield await firstValueFrom(pool.run('measure', chunk, { token, transfer: ({ buffer }) => [buffer] }));
    },
  );
  const total = step('total', { measured: stream(measured, { capacity: 8 }) }, async (inputs) => {
    let bytes = 0;
    let isSound = true;
    for await (const each of inputs.measured) {
      isSound &&= each.first === ((bytes / size) & 255) && each.last === each.first;
      bytes += each.bytes;
    }
    return { bytes, isSound };
  });
  const memory: number[] = [];
  const timer = setInterval(() => memory.push(process.memoryUsage().rss / 2 ** 20), 50);
  const start = performance.now();
  const { total: result } = await workflow('large', { total }).run().result();
  const seconds = (performance.now() - start) / 1000;
  clearInterval(timer);
  const half = memory.length >> 1;
  const peak = (values: readonly number[]): string => Math.max(...values).toFixed(0);
  console.log(
    `${(result.bytes / 2 ** 30).toFixed(1)} GiB through three steps in ${seconds.toFixed(1)} s, in order: ${String(result.isSound)}`,
  );
  console.log(
    `resident memory in MiB: median ${median(memory).toFixed(0)}, peak of the first half ${peak(memory.slice(0, half))}, of the second ${peak(memory.slice(half))}`,
  );
}
