import type { CallTable } from './call-table.ts';
import type { CoordinatorTerms } from './coordinator-terms.ts';
import { shardOf } from './lanes.ts';
import { channels, type ToWorkers } from './messages.ts';
import { QueueUnavailableError } from './queue-unavailable-error.ts';
import type { SentJob } from './remote-call.ts';
import type { Transport } from './transport.ts';

/** What becomes of calls while a server can't be reached: they wait for `connectionWait`, and fail then unless a worker is at them. */
export class Outages {
  readonly #transport: Transport;
  readonly #terms: CoordinatorTerms;
  readonly #table: CallTable;
  readonly #tell: (channel: string, message: ToWorkers) => void;
  readonly #isBack: () => void;
  readonly #stopTimers = new Map<number, () => void>();
  /** Jobs that were given up while nobody could be told so, and the names of their calls. */
  readonly #orphans = new Map<SentJob, string[]>();

  /** @param isBack - is called when a server can be reached again */
  constructor(
    parts: {
      readonly transport: Transport;
      readonly terms: CoordinatorTerms;
      readonly table: CallTable;
      readonly tell: (channel: string, message: ToWorkers) => void;
    },
    isBack: () => void,
  ) {
    this.#transport = parts.transport;
    this.#terms = parts.terms;
    this.#table = parts.table;
    this.#tell = parts.tell;
    this.#isBack = isBack;
  }

  changed(isUp: boolean, shard: number): void {
    this.#stopTimers.get(shard)?.();
    this.#stopTimers.delete(shard);
    if (isUp) {
      this.#tellOrphans(shard);
      this.#isBack();
      return;
    }
    const { clock, connectionWait } = this.#terms;
    const stopTimer = clock.after(connectionWait, () => {
      this.#stopTimers.delete(shard);
      this.#giveUp(shard);
    });
    this.#stopTimers.set(shard, stopTimer);
  }

  stop(): void {
    for (const stopTimer of this.#stopTimers.values()) stopTimer();
  }

  #giveUp(shard: number): void {
    const { connectionWait } = this.#terms;
    const why = `no connection for ${String(connectionWait)} ms`;
    const error = new QueueUnavailableError(this.#transport.addressOf(shard), why);
    for (const call of [...this.#table.all]) {
      const { sent } = call;
      // What runs is stopped by its worker, and given up here when its lease is out.
      if (sent?.worker !== undefined) continue;
      // What was sent nowhere yet waits for whoever is there.
      if (sent === undefined ? this.#transport.size > 1 : shardOf(sent.job.lane) !== shard) continue;
      if (sent !== undefined) this.#orphans.set(sent.job, [...(this.#orphans.get(sent.job) ?? []), sent.id]);
      this.#table.fail(call, error);
    }
  }

  #tellOrphans(shard: number): void {
    for (const [job, ids] of this.#orphans) {
      if (shardOf(job.lane) !== shard) continue;
      this.#orphans.delete(job);
      if (!job.isAdopted) this.#transport.withdraw(job.lane, job.id).catch(() => undefined);
      for (const id of ids) this.#tell(channels.workers(this.#terms.queue), ['cancel', id]);
    }
  }
}
