/*
 * A server: a run a request, and limits over all of them. The database has so many connections whatever comes in, requests wait for
 * their turn, one too many is answered with 503, a client that has gone cancels its run, and one page shows the runs.
 *
 *   npm run example:server -- [--port 8080] [--dashboard 8081] [--connections 5] [--runs 20] [--waiting 100]
 *   curl 'http://127.0.0.1:8080/report?city=Lisbon'; curl http://127.0.0.1:8080/usage
 *
 * Ctrl-C answers what has come in, and ends with 0; a second one ends that, too.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { startServer } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    dashboard: { type: 'string', default: '8081' },
    connections: { type: 'string', default: '5' },
    runs: { type: 'string', default: '20' },
    waiting: { type: 'string', default: '100' },
    latency: { type: 'string', default: '20' },
  },
});
const server = await startServer({
  port: Number(values.port),
  dashboardPort: Number(values.dashboard),
  connections: Number(values.connections),
  runs: Number(values.runs),
  maxWaiting: Number(values.waiting),
  threads: availableParallelism(),
  latencyMs: Number(values.latency),
});
console.log(`reports at ${server.url}/report?city=Lisbon, usage at ${server.url}/usage`);
console.log(`the runs at ${server.dashboardUrl}`);

let interruptions = 0;
const stop = (): void => {
  interruptions++;
  if (interruptions > 1) {
    console.log('ending what is under way');
    server.abort();
    return;
  }
  console.log('answering what has come in');
  void server.close().then(() => {
    console.log(
      `done: ${String(server.database.queries)} queries, ${String(server.database.peak)} at once at most`,
    );
  });
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
