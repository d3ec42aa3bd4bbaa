import type { CallTable } from './call-table.ts';
import { type CoordinatorTerms, sponsorOf } from './coordinator-terms.ts';
import { channels, type ToWorkers } from './messages.ts';
import { digestOf, type Written } from './parcel.ts';
import { Recent } from './recent.ts';
import type { RemoteCall, SentJob } from './remote-call.ts';
import type { Transport } from './transport.ts';

/** What is written down of a step that was sent. */
interface Entry {
  /** What the call is called, and the job that it is in. */
  readonly id: string;
  readonly job: string;
  readonly lane: string;
  readonly number: number;
  readonly epoch: number;
  /** A digest of what is to be done: task, version and input. */
  readonly content: string;
}

/**
 * What processes before this one have sent for its runs. Each step of a run that has a store is written down when it is sent, so that who
 * goes on with the run finds it: waiting, running or done.
 *
 * 1. What was to be done with another input, or by other code, isn't taken: it is stopped.
 * 2. It is forgotten some time after the step is over, when the store is sure to know what came of it.
 */
export class EarlierCalls {
  readonly #transport: Transport;
  readonly #terms: CoordinatorTerms;
  readonly #table: CallTable;
  readonly #tell: (channel: string, message: ToWorkers) => void;
  /** Of which runs it has been told that this process has them. */
  readonly #told = new Recent<number>(mostRuns);
  #over = new Set<string>();
  #stopTimer: (() => void) | undefined;

  constructor(parts: {
    readonly transport: Transport;
    readonly terms: CoordinatorTerms;
    readonly table: CallTable;
    readonly tell: (channel: string, message: ToWorkers) => void;
  }) {
    this.#transport = parts.transport;
    this.#terms = parts.terms;
    this.#table = parts.table;
    this.#tell = parts.tell;
  }

  /** Writes down that a call is sent, before it is. */
  note(call: RemoteCall, job: SentJob): Promise<void> | undefined {
    const { epoch } = call.request;
    const { sent } = call;
    if (!call.isKept || sent === undefined) return undefined;
    const name = this.#nameOf(call);
    this.#over.delete(name);
    const entry: Entry = {
      id: sent.id,
      job: job.id,
      lane: job.lane,
      number: call.dispatchNumber,
      epoch,
      content: this.#contentOf(call),
    };
    return this.#transport.register.note(job.lane, name, JSON.stringify(entry));
  }

  /** The job in which a call was sent by a process before this one; `undefined` where none was. */
  async adopt(call: RemoteCall): Promise<SentJob | undefined> {
    const { epoch, mayBeSent } = call.request;
    call.hasLookedForEarlier = true;
    await mayBeSent;
    if (epoch === 1) return undefined;
    this.#tellOfHolder(call);
    const texts = await this.#transport.register.find(this.#nameOf(call));
    const content = this.#contentOf(call);
    let found: Entry | undefined;
    for (const entry of texts.map((text) => JSON.parse(text) as Entry)) {
      if (entry.epoch >= epoch) continue;
      if (entry.content !== content) this.#tell(channels.workers(this.#terms.queue), ['cancel', entry.id]);
      else if (found === undefined || entry.number > found.number) found = entry;
    }
    if (found === undefined || call.isOver || !call.isWanted) return undefined;
    return this.#take(call, found);
  }

  /** A call is over. */
  over(call: RemoteCall): void {
    if (!call.isKept || call.dispatchNumber === 0) return;
    this.#over.add(this.#nameOf(call));
    this.#stopTimer ??= this.#terms.clock.after(this.#terms.leaseMs, () => {
      this.#stopTimer = undefined;
      void this.flush();
    });
  }

  /** Forgets what is over. */
  async flush(): Promise<void> {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    const names = [...this.#over];
    this.#over = new Set();
    // Redis forgets them by itself a day later.
    if (names.length > 0) await this.#transport.register.forget(names).catch(() => undefined);
  }

  /** Workers are to refuse whoever believes that it has the run still. */
  #tellOfHolder({ request: { life = '', epoch } }: RemoteCall): void {
    if (this.#told.get(life) === epoch) return;
    const { clock, queue } = this.#terms;
    this.#told.set(life, epoch, clock.now());
    this.#tell(channels.workers(queue), ['held', life, epoch]);
  }

  #take(call: RemoteCall, { id, job: jobId, lane, number }: Entry): SentJob {
    const { queue } = this.#terms;
    const { epoch } = call.request;
    const job: SentJob = this.#table.job(jobId) ?? {
      lane,
      id: jobId,
      calls: new Set(),
      isAdopted: true,
      activeSince: undefined,
      missedAt: undefined,
      sending: undefined,
      takingBack: undefined,
    };
    call.dispatchNumber = number;
    this.#table.sentAs(call, id, job, undefined);
    this.note(call, job)?.catch(() => undefined);
    this.#tell(channels.workers(queue), ['adopt', id, { ...sponsorOf(this.#terms), epoch }]);
    return job;
  }

  #nameOf({ request: { life, stepId } }: RemoteCall): string {
    return `${this.#terms.queue}:${digestOf(JSON.stringify([life, stepId])).slice(0, 32)}`;
  }

  #contentOf({ request: { taskName }, input }: RemoteCall): string {
    const { version = null } = this.#terms;
    return digestOf(JSON.stringify([taskName, version, digestOf(input as Written)])).slice(0, 32);
  }
}

const mostRuns = 1000;
