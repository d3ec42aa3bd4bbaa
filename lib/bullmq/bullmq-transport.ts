// Long because it is all that is known of BullMQ and Redis.
/**
 * BullMQ and Redis behind the seam. Nothing else imports them.
 *
 * 1. A process has three connections at most: one for commands, one that listens, and, where jobs are worked off, the one on which
 *    BullMQ's Worker waits.
 * 2. BullMQ never tries a job twice: `attempts: 1`, `maxStalledCount: 0`. What became of it is known to whoever has sent it.
 * 3. What is kept is bounded: events by number, jobs that are over by number and age, blobs by age.
 */
import { Buffer } from 'node:buffer';
import { Job as BullJob, Queue, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { clockOf } from '../base/clock.ts';
import { textOf } from '../base/inspect.ts';
import { QueueUnavailableError } from './queue-unavailable-error.ts';
import { addressOf, type RedisParts } from './redis-connection.ts';
import type { BlobStore, Hearing, Job, JobState, Serving, ServingTerms, Transport } from './transport.ts';

/** How a job's data lie in Redis. */
interface JobData {
  readonly shown: Job['shown'];
  readonly body: string;
}

// Of the host, as connections are.
const clock = clockOf(undefined);
const connectTimeout = 900;
const step = 100;
const blobTtlSeconds = 86_400;
/** Redis's own limit of a value is 512 MB. */
const largestBlob = 512 * 1024 * 1024 - 1;
const kept = { age: 3600, count: 1000 };
const events = { maxLen: 1000 };
const stalled = 'job stalled more than';

/** How long a connection that was lost is tried to be made anew, in ms: soon, and again and again. */
const retryStrategy = (times: number): number => Math.min(50 * times, 1000);

export class BullTransport implements Transport {
  readonly address: string;
  readonly blobs: BlobStore;
  readonly #options: RedisOptions;
  readonly #queues = new Map<string, Queue<JobData>>();
  #commands: Redis | undefined;
  #listener: Redis | undefined;
  #worker: Worker<JobData> | undefined;

  /** @param blobs - where large values lie; Redis itself where none is given */
  constructor(parts: RedisParts, blobs: BlobStore | undefined) {
    const { host, port, username, password, db, tls } = parts;
    this.address = addressOf(parts);
    this.#options = {
      host,
      port,
      db,
      lazyConnect: true,
      maxRetriesPerRequest: null,
      enableReadyCheck: true,
      connectTimeout,
      retryStrategy,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(tls !== undefined && { tls }),
    };
    this.blobs = blobs ?? this.#redisBlobs();
  }

  async open(channels: readonly string[], hearing: Hearing): Promise<void> {
    this.#commands = await this.#connect({ enableAutoPipelining: true });
    const listener = await this.#connect({});
    this.#listener = listener;
    let isUp = true;
    const setUp = (now: boolean): void => {
      if (isUp === now) return;
      isUp = now;
      hearing.changed(now);
    };
    listener.on('messageBuffer', (_: Buffer, message: Buffer) => {
      hearing.heard(message);
    });
    listener.on('close', () => {
      setUp(false);
    });
    // A connection made anew subscribes again, before anything else is done on it.
    listener.on('ready', () => {
      listener.ping().then(
        () => {
          setUp(true);
        },
        () => undefined,
      );
    });
    await listener.subscribe(...channels);
  }

  async tell(channel: string, message: Uint8Array): Promise<void> {
    await this.#client.publish(channel, Buffer.from(message.buffer, message.byteOffset, message.byteLength));
  }

  async send(lane: string, { id, name, shown, body }: Job): Promise<void> {
    await this.#queue(lane).add(name, { shown, body: toText(body) }, { jobId: id });
  }

  async withdraw(lane: string, id: string): Promise<boolean> {
    const job = await BullJob.fromId(this.#queue(lane), id);
    if (job === undefined || !(await job.isWaiting())) return false;
    try {
      await job.remove();
      return true;
    } catch {
      // Somebody has just taken it.
      return false;
    }
  }

  async look(lane: string, id: string): Promise<JobState> {
    const job = await BullJob.fromId<JobData, string>(this.#queue(lane), id);
    if (job === undefined) return { kind: 'unknown' };
    const state = await job.getState();
    switch (state) {
      case 'completed': {
        // It may have ended between the two questions.
        const ended = await BullJob.fromId<JobData, string>(this.#queue(lane), id);
        return ended === undefined
          ? { kind: 'unknown' }
          : { kind: 'answered', answer: fromText(ended.returnvalue) };
      }
      case 'failed': {
        const ended = await BullJob.fromId(this.#queue(lane), id);
        const reason = ended?.failedReason;
        return { kind: 'failed', reason: reason?.startsWith(stalled) === true ? undefined : reason };
      }
      case 'active':
        return { kind: 'active' };
      case 'unknown':
        return { kind: 'unknown' };
      default:
        return { kind: 'waiting' };
    }
  }

  async serve({ lane, slots, name, leaseMs, work }: ServingTerms): Promise<Serving> {
    const worker = new Worker<JobData, string>(
      lane,
      async ({ id = '', name: task, data: { shown, body } }) =>
        toText(await work({ id, name: task, shown, body: fromText(body) })),
      {
        connection: this.#client,
        concurrency: slots,
        name,
        lockDuration: leaseMs,
        stalledInterval: leaseMs,
        maxStalledCount: 0,
        removeOnComplete: kept,
        removeOnFail: kept,
      },
    );
    // A lock that was lost, or a connection: the job's coordinator notices by itself.
    worker.on('error', () => undefined);
    this.#worker = worker;
    await worker.waitUntilReady();
    return {
      stop: () => this.#unlessLost(worker.close(this.#commands?.status !== 'ready')),
    };
  }

  async close(): Promise<void> {
    const parts = [...(this.#worker === undefined ? [] : [this.#worker]), ...this.#queues.values()];
    await this.#unlessLost(Promise.allSettled(parts.map((part) => part.close())));
    for (const connection of [this.#listener, this.#commands]) await this.#unlessLost(end(connection));
    for (const connection of [this.#listener, this.#commands]) connection?.disconnect();
  }

  /** Waits for work, but no longer than a second without a connection. */
  async #unlessLost(work: Promise<unknown>): Promise<void> {
    let stopTimer: (() => void) | undefined;
    const lost = new Promise<void>((resolve) => {
      let waited = 0;
      const look = (): void => {
        waited = this.#commands?.status === 'ready' ? 0 : waited + step;
        if (waited >= 1000) resolve();
        else stopTimer = clock.after(step, look);
      };
      look();
    });
    try {
      await Promise.race([work, lost]);
    } finally {
      stopTimer?.();
    }
  }

  get #client(): Redis {
    if (this.#commands === undefined)
      throw new QueueUnavailableError(this.address, 'it has not been connected to');
    return this.#commands;
  }

  #queue(lane: string): Queue<JobData> {
    let queue = this.#queues.get(lane);
    if (queue === undefined) {
      queue = new Queue<JobData>(lane, {
        connection: this.#client,
        streams: { events },
        defaultJobOptions: { attempts: 1, removeOnComplete: kept, removeOnFail: kept },
      });
      queue.on('error', () => undefined);
      this.#queues.set(lane, queue);
    }
    return queue;
  }

  async #connect(options: RedisOptions): Promise<Redis> {
    let isOpen = false;
    let why: unknown;
    const client = new Redis({
      ...this.#options,
      ...options,
      // Nobody there at first is an error at once; nobody there any more is waited for.
      retryStrategy: (times) => (isOpen ? retryStrategy(times) : null),
    });
    client.on('error', (error: unknown) => {
      why = error;
    });
    let stopTimer: (() => void) | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      stopTimer = clock.after(connectTimeout, () => {
        reject(new Error(`no answer within ${String(connectTimeout)} ms`));
      });
    });
    try {
      await Promise.race([client.connect(), tooLate]);
      isOpen = true;
      return client;
    } catch (error) {
      client.disconnect();
      const cause = why ?? error;
      throw new QueueUnavailableError(this.address, textOf(cause), { cause });
    } finally {
      stopTimer?.();
    }
  }

  #redisBlobs(): BlobStore {
    const key = (name: string): string => `millrace:blob:${name}`;
    return {
      put: async (name, bytes) => {
        if (bytes.byteLength > largestBlob) {
          throw new RangeError(
            `a value of ${String(bytes.byteLength)} bytes is more than Redis keeps; give coordinator and workers \`blobs: folderBlobs(…)\``,
          );
        }
        const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        await this.#client.set(key(name), buffer, 'EX', blobTtlSeconds);
      },
      get: async (name) => (await this.#client.getBuffer(key(name))) ?? undefined,
      drop: async (name) => {
        await this.#client.unlink(key(name));
      },
    };
  }
}

async function end(connection: Redis | undefined): Promise<void> {
  if (connection?.status === 'ready') await connection.quit().catch(() => undefined);
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function fromText(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}
