/** A process of its own that shares no code with any pool: does its part of the work and tells how long it took. */
import { randomFillSync } from 'node:crypto';
import { plainTasks } from './workers-tasks.ts';

process.on('message', ([task, count, amount]: [task: 'compute' | 'gzip', count: number, amount: number]) => {
  const bytes = task === 'gzip' ? randomFillSync(new Uint8Array(amount)).map((byte) => byte & 15) : undefined;
  const start = performance.now();
  for (let done = 0; done < count; done++) {
    if (bytes === undefined) plainTasks.compute(amount);
    else plainTasks.gzip(bytes);
  }
  process.send?.(performance.now() - start);
});
process.send?.('ready');
