// Long because it is a list: each address that the server answers, with who may ask.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isObservable, type Observable, of } from 'rxjs';
import { clockOf } from '../base/clock.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { isWatchable } from '../base/watchable.ts';
import { isHistory, type RunHistory } from '../observe/history.ts';
import { DashboardClient } from './dashboard-client.ts';
import { DashboardError } from './dashboard-error.ts';
import type { WatchedRun } from './dashboard-run.ts';
import { DashboardRuns } from './dashboard-runs.ts';
import { hostNames } from './host-names.ts';
import { nodeModules } from './node-modules.ts';
import { reportPage } from './report-page.ts';
import { isAction, steer } from './steering.ts';

/** Where a dashboard is served. */
export interface DashboardOptions {
  /** The port; 0 is any that is free. @defaultValue 0 */
  readonly port?: number | undefined;
  /**
   * The address or name to listen on. Any but a loopback one shows the runs to the network; `0.0.0.0` and `::` are every
   * address of the machine.
   * @defaultValue '127.0.0.1'
   */
  readonly host?: string | undefined;
  /** How many runs are kept; beyond that the oldest that is over is forgotten. @defaultValue 20 */
  readonly keep?: number | undefined;
  /**
   * What earlier runs measured, of one workflow or several: what takes longer than that is shown as slow, and what is left is told by it.
   * @defaultValue none: the steps' estimates tell
   */
  readonly history?: RunHistory | readonly RunHistory[] | undefined;
  /** Is told the URL with the token, once it is served. @defaultValue nobody is told */
  readonly log?: ((line: string) => void) | undefined;
}

/** A dashboard that is served. */
export interface Dashboard extends AsyncDisposable {
  /** The page, where runs can be watched and, since the token is in it, steered. */
  readonly url: string;
  /** What allows to steer runs. */
  readonly token: string;
  /** Stops serving; the runs go on. Done when the port is free. */
  close(): Promise<void>;
}

/**
 * Serves the report as a live page: it follows runs as they happen, says what runs, what waits and for what, and how long it may go
 * on; and can pause, resume and cancel them, stop a step and change limits. Needs Node.
 *
 * Watching neither starts nor holds a run. Every browser has its own pace, and is told what is new four times a second at most; one that is
 * slow or away sees the run as it is when it comes back. Who knows the URL but not its token can watch, and nothing else. What is kept in
 * memory grows with the steps of the workflows, and not with what happens; a run with the id of another is shown beside it, as `id (2)`.
 * An open dashboard keeps the process alive until it is closed.
 *
 * Rejects with a `DashboardError` where the port is taken or the address can't be listened on.
 *
 * @throws InvalidOptionsError where an option can't be used, or there is neither a run nor an Observable of runs
 * @throws DashboardError with `DASHBOARD_NEEDS_NODE` where there is no Node
 * @example
 * ```ts
 * const run = flights.run({ inputs: { path: 'flights.parquet' } });
 * await using dashboard = await serveDashboard(run, { log: console.log });
 * await run.result();
 * ```
 */
export function serveDashboard(
  runs: WatchedRun | Observable<WatchedRun>,
  options: DashboardOptions = {},
): Promise<Dashboard> {
  checkOptions(runs, options);
  const { port = 0, host = '127.0.0.1', keep = 20, history = [], log } = options;
  const server = new DashboardServer(keep, [history].flat());
  return server.listen(port, host).then((served) => {
    server.watch(isObservable(runs) ? runs : of(runs));
    log?.(served.url);
    return served;
  });
}

function checkOptions(runs: unknown, options: DashboardOptions): void {
  const checker = new OptionChecker();
  if (!isObservable(runs) && !isWatchable(runs)) checker.fail('the runs', aRun, runs);
  if (checker.record('the options', options)) {
    checker.knownKeys('', options, ['port', 'host', 'keep', 'history', 'log']);
    if (checker.count('port', options.port, 0) !== undefined) checker.number('port', options.port, 0, 65_535);
    if (checker.text('host', options.host) === '') checker.fail('host', 'an address or a name', '');
    checker.count('keep', options.keep, 1);
    for (const history of [options.history ?? []].flat())
      if (checker.record('history', history) && Object.keys(history).length > 0 && !isHistory(history))
        checker.fail('history', 'what runs have noted in `run({ history })`', history);
    checker.function('log', options.log);
  }
  checker.throwIfAny('serveDashboard');
}

const aRun = 'a run, or an Observable of runs';
const mostBodyBytes = 65_536;
const staleToken =
  "the token of this page isn't that of this dashboard, which has been started anew since: open the URL that it told when it started";

/** The least time between two messages to a browser, in ms. */
const frameMs = 250;
/** Runs that go on are told of even if nothing happens: their time passes. */
const idleMs = 1_000;

class DashboardServer {
  readonly #node = nodeModules();
  readonly #token = this.#node.crypto.randomBytes(24).toString('base64url');
  readonly #instance = this.#node.crypto.randomBytes(6).toString('hex');
  readonly #clock = clockOf(undefined);
  readonly #clients = new Set<DashboardClient>();
  readonly #runs: DashboardRuns;
  readonly #server: Server;
  #isServed: (host: string) => boolean = () => false;
  #toldAt = -Infinity;
  /** When it is told next, and how to prevent it. */
  #next: { readonly at: number; readonly cancel: () => void } | undefined;
  #closing: Promise<void> | undefined;

  constructor(keep: number, histories: readonly RunHistory[]) {
    this.#runs = new DashboardRuns(keep, histories, () => {
      this.#tellAt(this.#toldAt + frameMs);
    });
    this.#server = this.#node.http.createServer((request, response) => {
      this.#answer(request, response);
    });
  }

  listen(port: number, given: string): Promise<Dashboard> {
    // As it stands in a URL, an address of IPv6 is in brackets.
    const host = given.replace(/^\[(.*)\]$/, '$1');
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        reject(listenError(error, host, port));
      });
      this.#server.listen(port, host, () => {
        const { port: bound, address } = this.#server.address() as AddressInfo;
        const { name, isServed } = hostNames(host, address, this.#node);
        this.#isServed = isServed;
        resolve({
          url: `http://${name}:${String(bound)}/#token=${this.#token}`,
          token: this.#token,
          close: () => this.#close(),
          [Symbol.asyncDispose]: () => this.#close(),
        });
      });
    });
  }

  watch(runs$: Observable<WatchedRun>): void {
    this.#runs.watch(runs$);
  }

  /** Sends what is new at some time, many events at once; or before, where that is due already. */
  #tellAt(at: number): void {
    if (this.#clients.size === 0 || (this.#next !== undefined && this.#next.at <= at)) return;
    this.#next?.cancel();
    const cancel = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#next = undefined;
      this.#tell();
    });
    this.#next = { at, cancel };
  }

  #tell(): void {
    this.#toldAt = this.#clock.now();
    this.#runs.look();
    for (const client of this.#clients) client.pump();
    if ([...this.#runs.all].some(({ isUnderWay }) => isUnderWay)) this.#tellAt(this.#toldAt + idleMs);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method, url, headers } = request;
    const { origin, host = '' } = headers;
    if (!this.#isServed(host)) {
      say(response, 403, 'This host name is not served.');
      return;
    }
    if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
      say(response, 403, 'Requests from other pages are not served.');
      return;
    }
    const path = (url ?? '/').split('?')[0] ?? '';
    if (path === '/' && method === 'GET') {
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
      response.end(reportPage('millrace', { eventsPath: 'events' }));
    } else if (path === '/events' && method === 'GET') {
      const chosen = new URL(url ?? '/', 'http://dashboard').searchParams.get('run') ?? '';
      const lastEventId = String(headers['last-event-id'] ?? '');
      this.#runs.look();
      const client = new DashboardClient(this.#runs, response, this.#instance, chosen, lastEventId);
      this.#clients.add(client);
      response.on('close', () => this.#clients.delete(client));
      this.#tellAt(this.#clock.now() + idleMs);
    } else if (isAction(path) && method === 'POST') this.#steer(path, request, response);
    else say(response, 404, 'There is nothing here.');
  }

  #steer(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (!this.#isAllowed(request.headers.authorization ?? '')) {
      say(response, 401, staleToken);
      return;
    }
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
      if (body.length > mostBodyBytes) request.destroy();
    });
    request.on('end', () => {
      void steer(this.#runs, path, body).then(({ status, text }) => {
        say(response, status, text);
      });
    });
  }

  /** Whether the token is right, in a time that tells nothing of how much of it was. */
  #isAllowed(authorization: string): boolean {
    const { createHash, timingSafeEqual } = this.#node.crypto;
    const digest = (text: string) => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(authorization), digest(`Bearer ${this.#token}`));
  }

  #close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#runs.leave();
      this.#next?.cancel();
      for (const client of this.#clients) client.close();
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
    return this.#closing;
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): DashboardError {
  if (error.code === 'EADDRINUSE') {
    return new DashboardError(
      'DASHBOARD_PORT_IN_USE',
      `port ${String(port)} of ${host} is in use: give another, or 0 for any that is free`,
      { cause: error },
    );
  }
  return new DashboardError(
    'DASHBOARD_NOT_LISTENING',
    `the dashboard can't listen on ${host}, port ${String(port)}: ${error.message}`,
    { cause: error },
  );
}

function say(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(why);
}
