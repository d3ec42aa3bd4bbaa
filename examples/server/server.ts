import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CancellationToken, OverloadedError, type Run, type SharedLimits, sharedLimits } from 'millrace';
import { serveDashboard } from 'millrace/report';
import { threadPool } from 'millrace/workers';
import { Subject } from 'rxjs';
import { Database } from './database.ts';
import type { tasks } from './rank.tasks.ts';
import { reportWorkflow } from './report.ts';

/** What the server may use, and where it listens; 0 is any port that is free. */
export interface ServerOptions {
  readonly port: number;
  readonly dashboardPort: number;
  /** How many connections the database has. */
  readonly connections: number;
  /** How many requests are worked on at once, and how many may wait. */
  readonly runs: number;
  readonly maxWaiting: number;
  readonly threads: number;
  /** How long a query takes, in ms. */
  readonly latencyMs: number;
}

/** A server that listens. */
export interface Server {
  readonly url: string;
  readonly dashboardUrl: string;
  readonly shared: SharedLimits;
  readonly database: Database;
  /** Takes no more requests, and is done when all that it has are answered. */
  close(): Promise<void>;
  /** Ends the requests that are worked on. */
  abort(): void;
}

/** Starts a server that makes a report for each request to `/report?city=…`. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const database = new Database(options.latencyMs);
  // What the process has only once is made once: the threads, and the limits over all requests.
  const pool = threadPool<typeof tasks>(new URL('./rank.worker.js', import.meta.url), {
    size: options.threads,
  });
  const shared = sharedLimits(
    { db: options.connections, 'heavy-cpu': options.threads, runs: options.runs },
    { maxWaiting: options.maxWaiting, name: 'server' },
  );
  const reports = reportWorkflow(database, pool);
  const runs$ = new Subject<Run>();
  const stopped = new CancellationToken();
  const dashboard = await serveDashboard(runs$, { port: options.dashboardPort });

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server');
    if (pathname === '/report') void report(searchParams.get('city') ?? 'Berlin', request, response);
    else if (pathname === '/usage') send(response, 200, shared.usage());
    else send(response, 404, { error: 'there are /report?city=… and /usage' });
  });

  /** A run a request: it ends with the client, and waits for its turn among the others. */
  async function report(city: string, { headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort('the client has gone');
    });
    const run = reports.run({
      inputs: { city },
      shared,
      priority: headers['x-priority'] === 'high' ? 1 : 0,
      signal: gone.signal,
      token: stopped,
      timeout: '10s',
    });
    runs$.next(run);
    try {
      send(response, 200, (await run.result()).report);
    } catch (error) {
      if (error instanceof OverloadedError)
        send(response, 503, { error: error.message }, { 'retry-after': '1' });
      else if (stopped.isCancelled) send(response, 503, { error: 'the server stops' });
      // Whoever has gone gets nothing.
      else if (!gone.signal.aborted) send(response, 500, { error: String(error) });
    }
  }

  await new Promise<void>((resolve) => {
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    dashboardUrl: dashboard.url,
    shared,
    database,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      await dashboard.close();
      await pool.close();
    },
    abort: () => {
      stopped.cancel('the server stops');
    },
  };
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(`${JSON.stringify(body)}\n`);
}
