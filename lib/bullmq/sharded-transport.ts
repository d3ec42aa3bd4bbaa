import { nameOf, shardOf } from './lanes.ts';
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

/**
 * Several servers as one: each worker is on one of them, and the lanes of all are the coordinator's to choose from.
 *
 * 1. A job, its values and what is written down of it lie on the server of its lane.
 */
export class ShardedTransport implements Transport {
  readonly size: number;
  readonly register: Register;
  readonly #shards: readonly Transport[];

  constructor(shards: readonly Transport[]) {
    this.size = shards.length;
    this.#shards = shards;
    this.register = {
      note: (lane, name, text) => this.#shard(lane).register.note(nameOf(lane), name, text),
      find: async (name) => (await Promise.all(shards.map(({ register }) => register.find(name)))).flat(),
      forget: async (names) => {
        await Promise.all(shards.map(({ register }) => register.forget(names)));
      },
    };
  }

  addressOf(shard: number): string {
    return this.#shards[shard]?.addressOf(0) ?? '';
  }

  blobsOf(lane: string): BlobStore {
    return this.#shard(lane).blobsOf(nameOf(lane));
  }

  async open(channels: readonly string[], hearing: Hearing): Promise<void> {
    const opened = this.#shards.map((each, shard) =>
      each.open(channels, {
        heard: (message) => {
          hearing.heard(message, shard);
        },
        changed: (isUp) => {
          hearing.changed(isUp, shard);
        },
      }),
    );
    try {
      await Promise.all(opened);
    } catch (error) {
      await Promise.allSettled(opened);
      await this.close();
      throw error;
    }
  }

  async tell(channel: string, message: string): Promise<void> {
    // Who listens is on one of them.
    await Promise.all(this.#shards.map((shard) => shard.tell(channel, message)));
  }

  send(lane: string, job: Job): Promise<void> {
    return this.#shard(lane).send(nameOf(lane), job);
  }

  withdraw(lane: string, id: string): Promise<boolean> {
    return this.#shard(lane).withdraw(nameOf(lane), id);
  }

  look(lane: string, id: string): Promise<JobState> {
    return this.#shard(lane).look(nameOf(lane), id);
  }

  serve(terms: ServingTerms): Promise<Serving> {
    return this.#shard(terms.lane).serve({ ...terms, lane: nameOf(terms.lane) });
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.close()));
  }

  #shard(lane: string): Transport {
    return this.#shards[shardOf(lane)] as Transport;
  }
}
