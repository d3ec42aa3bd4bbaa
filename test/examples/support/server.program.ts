/* The server of the example in a process of its own, which tells what a test can't see from outside. */
import { startServer } from '../../../examples/server/server.ts';

/** What the process tells when it is asked. */
export interface ServerStats {
  readonly heapBytes: number;
  /** How many queries the database works on, the most it ever did, and how many there were. */
  readonly connected: number;
  readonly peak: number;
  readonly queries: number;
  readonly usage: ReturnType<Awaited<ReturnType<typeof startServer>>['shared']['usage']>;
}

const server = await startServer({
  port: 0,
  dashboardPort: 0,
  connections: 8,
  runs: 40,
  maxWaiting: 16,
  threads: 1,
  latencyMs: 1,
});

process.on('message', (asked) => {
  if (asked === 'close') {
    void server.close().then(() => {
      process.disconnect();
    });
    return;
  }
  globalThis.gc?.();
  const { connected, peak, queries } = server.database;
  const { heapUsed, external } = process.memoryUsage();
  const stats: ServerStats = {
    heapBytes: heapUsed + external,
    connected,
    peak,
    queries,
    usage: server.shared.usage(),
  };
  process.send?.(stats);
});
process.send?.({ url: server.url });
