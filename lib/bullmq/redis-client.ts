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

/** After so many commands those that were gathered leave, so that Redis does them while the next ones are made. */
const mostGathered = 4;

/**
 * A client whose commands of one turn of the event loop leave together, some a write.
 *
 * ioredis's own pipelines do so, too, but make an object with a method for each command that there is, and wait for one another.
 */
class GatheringRedis extends Redis {
  #held: Redis['stream'] | undefined;
  #gathered = 0;

  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    if (this.#held === undefined && this.status === 'ready') this.#hold(this.stream);
    const reply = super.sendCommand(command, stream);
    if (++this.#gathered >= mostGathered) this.#letGo();
    return reply;
  }

  #hold(stream: Redis['stream']): void {
    this.#held = stream;
    stream.cork();
    macrotask(() => {
      this.#held = undefined;
      stream.uncork();
    });
  }

  #letGo(): void {
    this.#gathered = 0;
    this.#held?.uncork();
    this.#held?.cork();
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
