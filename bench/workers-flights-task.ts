import { aggregateFlights } from '../examples/flights/aggregate/flights-aggregate.ts';
import { readRowGroup } from '../examples/flights/parquet/read-row-group.ts';
import type { RowGroup } from '../examples/flights/parquet/row-group.ts';

/** One row group of the flights file: its bytes, decoded and aggregated. Gives how many flights there were. */
export async function aggregate({
  path,
  rowGroup,
}: {
  readonly path: string;
  readonly rowGroup: RowGroup;
}): Promise<number> {
  aggregateFlights(await readRowGroup(path, rowGroup, () => undefined));
  return rowGroup.rows;
}
