import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import process from 'node:process';
import { clockOf } from '../base/clock.ts';
import { availableParallelism, macrotask } from '../base/host.ts';
import { uniqueId } from '../base/unique-id.ts';
import type { Inline } from '../pool/call-options.ts';
import { type ClosePoolOptions, parseDrain } from '../pool/close-pool-options.ts';
import { Pool } from '../pool/pool.ts';
import { parsePoolOptions } from '../pool/pool-options.ts';
import type { Tasks } from '../task/task-record.ts';
import { BullTransport } from './bullmq-transport.ts';
import { protocol } from './messages.ts';
import { digestOf } from './parcel.ts';
import type { RedisParts } from './redis-connection.ts';
import { parseServeOptions, type ServeTasksOptions } from './remote-options.ts';
import { type ServedTasks, TaskServer as Server } from './task-server.ts';

/** A process that does tasks of others. Made by {@link serveTasks}. */
export interface TaskServer extends AsyncDisposable {
  /** What coordinators call it: its host, process and a tag. */
  readonly id: string;
  /** How many tasks it does at once. */
  readonly slots: number;
  /** The names of its tasks. */
  readonly tasks: readonly string[];
  /** BullMQ's name of the queue that it takes its jobs from: for dashboards. */
  readonly bullQueue: string;
  /** How many tasks it is at. */
  readonly running: number;
  /** Resolves once it is closed, whoever has closed it. */
  readonly closed: Promise<void>;
  /**
   * Takes no further tasks; those that run are stopped, and their steps tried again elsewhere. With `{ pending: 'drain' }` they may
   * finish. Resolves when connections and threads are gone.
   *
   * @throws InvalidOptionsError at once
   */
  close(options?: ClosePoolOptions): Promise<void>;
}

/**
 * Does the tasks of a worker module for coordinators on other machines, as many at once as there are `slots`, each in a thread unless
 * `inline` says otherwise: a task that keeps its thread busy doesn't keep this process from saying that it is alive. Resolves when it has begun.
 *
 * Nothing that arrives is evaluated: a job names a task of this module, and its input is plain data. The process lives until it is closed, or SIGTERM comes.
 *
 * **Errors:** `QueueUnavailableError` where Redis can't be reached within a second, `WorkerStartError` where the module can't be loaded.
 *
 * @param module - the built worker module, which calls `exposeTasks` of `millrace/worker`
 * @throws InvalidOptionsError naming every option that can't be used
 * @example
 * ```ts
 * import { serveTasks } from 'millrace/bullmq';
 *
 * await serveTasks(new URL('./flights.worker.js', import.meta.url), { connection: 'redis://queue.internal:6379', queue: 'flights', slots: 8 });
 * ```
 * @see `remoteTasks`
 */
export async function serveTasks(module: URL | string, options: ServeTasksOptions): Promise<TaskServer> {
  const settings = parseServeOptions(options);
  const slots = settings.slots ?? availableParallelism();
  const { servers, blobs, inline, tasks: own } = settings;
  const pool = new Pool<Tasks>(
    {
      ...parsePoolOptions(module, {
        size: slots,
        name: settings.queue,
        idleTimeout: longestIdle,
        tasks: own,
      }),
      wakesFew: true,
    },
    // What comes in was just read from a message, and what goes out is written into one at once.
    { most: slots, areValuesOwn: true },
  );
  const id = `${hostname()}-${String(process.pid)}-${uniqueId()}`;
  const shard = Number.parseInt(digestOf(id).slice(0, 8), 16) % servers.length;
  const transport = new BullTransport(servers[shard] as RedisParts, blobs);
  try {
    const tasks = inline === 'always' ? Object.keys(own as Tasks).sort() : await pool.taskNames();
    const lane = laneOf(settings.queue, tasks, settings.version);
    const terms = { ...settings, id, lane, slots, clock: clockOf(undefined), soon: macrotask };
    const server = new Server(transport, servedBy(pool, tasks, inline), terms);
    await server.open();
    return new OpenServer({ server, pool, id, slots, tasks, lane, onSigterm: settings.onSigterm });
  } catch (error) {
    await Promise.allSettled([pool.close(), transport.close()]);
    throw error;
  }
}

/** Threads are kept, as tasks may come at any time: in ms, the longest that a timer takes. */
const longestIdle = 2 ** 31 - 1;

/** One lane for all who have the same tasks, so that nobody is given one that it lacks. */
function laneOf(queue: string, tasks: readonly string[], version: string | undefined): string {
  const manifest = JSON.stringify([protocol, tasks, version ?? null]);
  return `${queue}.${createHash('sha256').update(manifest).digest('hex').slice(0, 8)}`;
}

function servedBy(pool: Pool<Tasks>, names: readonly string[], inline: Inline): ServedTasks {
  const bodies = new Map<string, ReturnType<ServedTasks['body']>>();
  return {
    names,
    body: (name, isIsolated) => {
      const key = `${isIsolated ? 'isolated' : 'shared'} ${name}`;
      let body = bodies.get(key);
      if (body === undefined) {
        body = pool.task(name, isIsolated ? { isolate: true } : { inline });
        bodies.set(key, body);
      }
      return body;
    },
  };
}

interface ServerParts {
  readonly server: Server;
  readonly pool: Pool<Tasks>;
  readonly id: string;
  readonly slots: number;
  readonly tasks: readonly string[];
  readonly lane: string;
  readonly onSigterm: 'drain' | 'cancel' | 'ignore';
}

class OpenServer implements TaskServer {
  readonly id: string;
  readonly slots: number;
  readonly tasks: readonly string[];
  readonly bullQueue: string;
  readonly closed: Promise<void>;
  readonly #server: Server;
  readonly #pool: Pool<Tasks>;
  #resolveClosed!: () => void;
  readonly #onSigterm: (() => void) | undefined;

  constructor({ server, pool, id, slots, tasks, lane, onSigterm }: ServerParts) {
    this.id = id;
    this.slots = slots;
    this.tasks = tasks;
    this.bullQueue = lane;
    this.#server = server;
    this.#pool = pool;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    if (onSigterm === 'ignore') return;
    this.#onSigterm = () => {
      void this.close({ pending: onSigterm });
    };
    process.on('SIGTERM', this.#onSigterm);
  }

  get running(): number {
    return this.#server.running;
  }

  async close(options: ClosePoolOptions = {}): Promise<void> {
    const drain = parseDrain(options);
    await this.#server.close(drain);
    await this.#pool.close();
    if (this.#onSigterm !== undefined) process.off('SIGTERM', this.#onSigterm);
    this.#resolveClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
