// Long because it is all of BullMQ and Redis that there is: each thing the seam asks, in their terms.
/**
 * BullMQ behind the seam. Nothing else imports it.
 *
 * 1. A process has three connections at most: one for commands, one that listens, and, where jobs are worked off, the one on which
 *    BullMQ's Worker waits.
 * 2. BullMQ never tries a job twice: `attempts: 1`, `maxStalledCount: 0`. What became of it is known to whoever has sent it.
 * 3. What is kept is bounded: events by number, jobs that are over by number and age, blobs by age.
 */
import { Job as BullJob, Queue, Worker } from 'bullmq';
import type { Redis, RedisOptions } from 'ioredis';
import { clockOf } from '../base/clock.ts';
import { QueueUnavailableError } from './queue-unavailable-error.ts';
import { connectTo, optionsOf } from './redis-client.ts';
import { addressOf, type RedisParts } from './redis-connection.ts';
import { redisBlobs, redisRegister } from './redis-values.ts';
import type { QueueSettings } from './remote-options.ts';
import { ShardedTransport } from './sharded-transport.ts';
import type {
  BlobStore,
  Hearing,
  Job,
  JobState,
  Register,
  Serving,
  ServingTerms,
  Transport,
} from './transport.ts';

/** How a job's data lie in Redis. */
interface JobData {
  readonly shown: Job['shown'];
  readonly body: string;
  /** Of a job that counts as failed, what it has come to. */
  readonly answer?: string;
}

// Of the host, as connections are.
const clock = clockOf(undefined);
const step = 100;
const kept = { age: 3600, count: 1000 };
const events = { maxLen: 1000 };
const stalled = 'job stalled more than';

export class BullTransport implements Transport {
  readonly size = 1;
  readonly register: Register;
  readonly #address: string;
  readonly #blobs: BlobStore;
  readonly #options: RedisOptions;
  readonly #queues = new Map<string, Queue<JobData>>();
  #commands: Redis | undefined;
  #listener: Redis | undefined;
  #worker: Worker<JobData> | undefined;

  /** @param blobs - where large values lie; Redis itself where none is given */
  constructor(parts: RedisParts, blobs: BlobStore | undefined) {
    this.#address = addressOf(parts);
    this.#options = optionsOf(parts);
    const client = (): Redis => this.#client;
    this.#blobs = blobs ?? redisBlobs(client);
    this.register = redisRegister(client);
  }

  addressOf(): string {
    return this.#address;
  }

  blobsOf(): BlobStore {
    return this.#blobs;
  }

  async open(channels: readonly string[], hearing: Hearing): Promise<void> {
    this.#commands = await connectTo(this.#address, this.#options);
    const listener = await connectTo(this.#address, this.#options);
    this.#listener = listener;
    let isUp = true;
    const setUp = (now: boolean): void => {
      if (isUp === now) return;
      isUp = now;
      hearing.changed(now, 0);
    };
    listener.on('message', (_: string, message: string) => {
      hearing.heard(message, 0);
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

  async tell(channel: string, message: string): Promise<void> {
    await this.#client.publish(channel, message);
  }

  async send(lane: string, { id, name, shown, body }: Job): Promise<void> {
    await this.#queue(lane).add(name, { shown, body }, { jobId: id });
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
        return ended === undefined ? { kind: 'unknown' } : { kind: 'answered', answer: ended.returnvalue };
      }
      case 'failed': {
        const ended = await BullJob.fromId<JobData>(this.#queue(lane), id);
        if (ended?.data.answer !== undefined) return { kind: 'answered', answer: ended.data.answer };
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
      async (job) => {
        const { id = '', name: task, data } = job;
        const { answer, failure } = await work({
          id,
          name: task,
          shown: data.shown,
          body: data.body,
        });
        if (failure === undefined) return answer;
        await job.updateData({ ...data, answer });
        throw new Error(failure);
      },
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
      resize: (size) => {
        worker.concurrency = size;
      },
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
      throw new QueueUnavailableError(this.#address, 'it has not been connected to');
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
}

async function end(connection: Redis | undefined): Promise<void> {
  if (connection?.status === 'ready') await connection.quit().catch(() => undefined);
}

/** The transport of a coordinator: over all the servers that there are. */
export function transportOf({ servers, blobs }: QueueSettings): Transport {
  const shards = servers.map((parts) => new BullTransport(parts, blobs));
  const [only] = shards;
  return shards.length === 1 && only !== undefined ? only : new ShardedTransport(shards);
}
