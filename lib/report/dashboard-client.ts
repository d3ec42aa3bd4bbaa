import type { ServerResponse } from 'node:http';
import type { DashboardLog } from './dashboard-log.ts';

/**
 * One browser that follows. It is a place in the log, and what it hasn't been sent isn't held for it: a slow one
 * falls behind, costs nothing, and catches up from the log when its socket takes more.
 */
export class DashboardClient {
  readonly #log: DashboardLog;
  readonly #response: ServerResponse;
  readonly #instance: string;
  #sent: number;
  #isFull = false;

  constructor(
    log: DashboardLog,
    response: ServerResponse,
    instance: string,
    lastEventId: string | undefined,
  ) {
    this.#log = log;
    this.#response = response;
    this.#instance = instance;
    const [before, number] = (lastEventId ?? '').split('-');
    const isOurs = before === instance && /^\d{1,15}$/.test(number ?? '');
    this.#sent = isOurs ? Math.min(Number(number), log.size) : 0;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.write(`retry: 500\n${isOurs ? '' : 'event: reset\ndata: \n'}\n`);
    response.on('drain', () => {
      this.#isFull = false;
      this.pump();
    });
    this.pump();
  }

  /** Sends what is new, as far as the socket takes it. */
  pump(): void {
    while (!this.#isFull && !this.#response.destroyed && this.#sent < this.#log.size) {
      const json = this.#log.read(++this.#sent);
      if (json === undefined) continue;
      const id = `${this.#instance}-${String(this.#sent)}`;
      this.#isFull = !this.#response.write(`id: ${id}\ndata: ${json}\n\n`);
    }
  }

  close(): void {
    this.#response.end();
  }
}
