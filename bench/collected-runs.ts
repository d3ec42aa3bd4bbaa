import { define } from './contestants.ts';
import { benchGraph } from './graphs.ts';
import { median } from './statistics.ts';

/** Medians of a run, in ms. */
export interface CollectedTimes {
  readonly size: number;
  /** One run after the other. */
  readonly steady: number;
  /** Each after a major collection. */
  readonly collected: number;
}

const blocks = 3;
const runsEach = 15;
const warmUp = 20;

/**
 * Runs a layered graph of synchronous steps time and again, with and without a major collection before each.
 *
 * Both come in blocks: a collection is felt in the runs after the next one too, which are the warm-up of the steady ones.
 */
export async function collectedTimes(size: number): Promise<CollectedTimes> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('run with node --expose-gc');
  const flow = define(benchGraph('layered', size), 'sync');
  const timed = async (): Promise<number> => {
    const start = performance.now();
    await flow.run().result();
    return performance.now() - start;
  };
  const steady: number[] = [];
  const collected: number[] = [];
  for (let block = 0; block < blocks; block++) {
    for (let run = 0; run < warmUp; run++) await timed();
    for (let run = 0; run < runsEach; run++) steady.push(await timed());
    for (let run = 0; run < runsEach; run++) {
      gc();
      collected.push(await timed());
    }
  }
  return { size, steady: median(steady), collected: median(collected) };
}
