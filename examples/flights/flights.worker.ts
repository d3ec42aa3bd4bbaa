import { exposeTasks } from 'millrace/worker';
import { aggregateFlights, type FlightsAggregate } from './aggregate/flights-aggregate.ts';
import { mergeAggregates } from './aggregate/merge-aggregates.ts';
import { readRowGroup } from './parquet/read-row-group.ts';
import type { RowGroup } from './parquet/row-group.ts';

/** What the task `aggregate` takes: plain data, a few kB. */
interface AggregateInput {
  readonly path: string;
  readonly rowGroup: RowGroup;
}

/** What runs in the threads. */
export const tasks = exposeTasks({
  /** From the bytes of a row group to an aggregate of some 200 kB. */
  async aggregate({ path, rowGroup }: AggregateInput, { token, progress }): Promise<FlightsAggregate> {
    const columns = await readRowGroup(path, rowGroup, (done, total) => {
      // A column takes about 10 ms to decode, so that a cancelled task stops soon enough to keep its thread.
      token.throwIfCancelled();
      progress({ done, total });
    });
    return aggregateFlights(columns);
  },

  /** Some tens of ms for a file, which is long for an event loop. */
  merge(parts: readonly FlightsAggregate[]): FlightsAggregate {
    return mergeAggregates(parts);
  },
});
