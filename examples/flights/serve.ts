import { serveTasks } from 'millrace/bullmq';

/** A worker process of `--remote`: does the tasks of the pipeline until it is told to end, or nobody is there who could. */
const [connection = '', queue = '', slots = '1'] = process.argv.slice(2);
process.on('disconnect', () => process.exit());
const workerUrl = new URL('./flights.worker.js', import.meta.url);
try {
  const server = await serveTasks(workerUrl, { connection, queue, slots: Number(slots) });
  process.send?.('ready');
  await server.closed;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
process.exit();
