import { Redis, type RedisOptions } from 'ioredis';
import { clockOf } from '../base/clock.ts';
import { macrotask } from '../base/host.ts';
import { textOf } from '../base/inspect.ts';
import { QueueUnavailableError } from './queue-unavailable-error.ts';
import type { RedisParts } from './redis-connection.ts';

const connectTimeout = 900;

/** How long a connection that was lost is tried to be made anew, in ms: soon, and again and again. */
const retryStrategy = (times: number): number => Math.min(50 * times, 1000);

/** The options of a client. */
export function optionsOf({ host, port, username, password, db, tls }: RedisParts): RedisOptions {
  return {
    host,
    port,
    db,
    lazyConnect: true,
    maxRetriesPerRequest: null,
    enableReadyCheck: true,
    connectTimeout,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls }),
  };
}

/**
 * A client whose commands of one turn of the event loop leave as one write.
 *
 * ioredis's own pipelines do so, too, but make an object with a method for each command that there is, and wait for one another.
 */
class GatheringRedis extends Redis {
  #isGathering = false;

  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    this.#gather();
    return super.sendCommand(command, stream);
  }

  #gather(): void {
    if (this.#isGathering || this.status !== 'ready') return;
    const { stream } = this;
    this.#isGathering = true;
    stream.cork();
    macrotask(() => {
      this.#isGathering = false;
      stream.uncork();
    });
  }
}

/**
 * Connects to a Redis. Nobody there at first is an error at once; nobody there any more is waited for.
 *
 * **Errors:** `QueueUnavailableError` within a second.
 */
export async function connectTo(address: string, options: RedisOptions): Promise<Redis> {
  let isOpen = false;
  let why: unknown;
  const client = new GatheringRedis({
    ...options,
    retryStrategy: (times) => (isOpen ? retryStrategy(times) : null),
  });
  client.on('error', (error: unknown) => {
    why = error;
  });
  let stopTimer: (() => void) | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    stopTimer = clockOf(undefined).after(connectTimeout, () => {
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
    throw new QueueUnavailableError(address, textOf(cause), { cause });
  } finally {
    stopTimer?.();
  }
}
