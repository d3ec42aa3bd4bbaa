import { Worker } from 'bullmq';
import { serveTasks } from 'millrace/bullmq';
import { tasks } from './bullmq-tasks.worker.js';

/** A worker process of `bullmq.bench`: ours, with tasks in threads or inline, or one of BullMQ alone. */
const [kind, port = '0', slots = '1', lease = '10000'] = process.argv.slice(2);
if (kind !== 'bare') {
  const connection = { port: Number(port) };
  const module = new URL('./bullmq-tasks.worker.js', import.meta.url);
  await serveTasks(module, {
    connection,
    queue: kind ?? '',
    slots: Number(slots),
    lease: Number(lease),
    inline: kind === 'inline' ? 'always' : 'never',
    tasks,
  });
} else {
  const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
  const keep = { age: 3600, count: 1000 };
  const worker = new Worker('bare', ({ data }) => Promise.resolve(data as unknown), {
    connection,
    concurrency: Number(slots),
    removeOnComplete: keep,
    removeOnFail: keep,
  });
  await worker.waitUntilReady();
}
process.send?.('ready');
