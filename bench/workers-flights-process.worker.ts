/** A process of its own that shares no code with any pool: does its part of the work and tells how long it took. */
import type { RowGroup } from '../examples/flights/parquet/row-group.ts';
import { aggregate } from './workers-flights-task.ts';

process.on('message', (work: readonly { readonly path: string; readonly rowGroup: RowGroup }[]) => {
  const start = performance.now();
  const done = async (): Promise<void> => {
    for (const input of work) await aggregate(input);
    process.send?.(performance.now() - start);
  };
  void done();
});
process.send?.('ready');
