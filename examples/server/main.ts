/*
 * A server: a run a request, and limits over all of them. The database has so many connections whatever comes in, requests wait for
 * their turn, one too many is answered with 503, a client that has gone cancels its run, and one page shows the runs.
 *
 *   npm run example:server -- [--port 8080] [--dashboard 8081] [--connections 5] [--runs 20] [--waiting 100]
 *   curl 'http://127.0.0.1:8080/report?city=Lisbon'; curl http://127.0.0.1:8080/usage
 *
 * Ctrl-C answers what has come in, and ends with 0; a second one ends that, too. Wrong arguments: 2.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { startServer } from './server.ts';

const defaults = { port: 8080, dashboard: 8081, connections: 5, runs: 20, waiting: 100, latency: 20 };
const { port, dashboard, connections, runs, waiting, latency } = readArguments();
const server = await startServer({
  port,
  dashboardPort: dashboard,
  connections,
  runs,
  maxWaiting: waiting,
  threads: availableParallelism(),
  latencyMs: latency,
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

function readArguments(): typeof defaults {
  try {
    const names = Object.keys(defaults) as (keyof typeof defaults)[];
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
    const { values } = parseArgs({ options });
    const given = { ...defaults };
    for (const name of names) {
      const text = values[name];
      if (text === undefined) continue;
      given[name] = Number(text);
      if (!Number.isInteger(given[name]) || given[name] < 0)
        throw new Error(`expected --${name} to be a whole number, got '${text}'`);
    }
    return given;
  } catch (error) {
    const options = Object.entries(defaults).map(([name, value]) => `[--${name} ${String(value)}]`);
    console.error(
      `${error instanceof Error ? error.message : String(error)}\nusage: npm run example:server -- ${options.join(' ')}`,
    );
    process.exit(2);
  }
}
