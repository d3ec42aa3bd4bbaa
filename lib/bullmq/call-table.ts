import { BlobUses, type UsedBlob } from './blob-uses.ts';
import type { RemoteCall, Sent, SentJob } from './remote-call.ts';

/** What a table tells. */
export interface CallTableHooks {
  /** Numbers may be others. */
  changed(): void;
  callOver(call: RemoteCall): void;
  /** There is one job less in a lane. */
  jobOver(lane: string): void;
}

/**
 * The calls of a coordinator, from when they were asked for until they are over, and the jobs that they were sent as.
 *
 * 1. A call is in one job at most: the one that it was sent in last. By the name that it has there, what workers say of it is understood.
 * 2. All is in order here before anybody hears of a call's end.
 */
export class CallTable {
  readonly all = new Set<RemoteCall>();
  readonly blobs: BlobUses;
  readonly #byId = new Map<string, RemoteCall>();
  readonly #jobs = new Map<string, SentJob>();
  readonly #jobsIn = new Map<string, number>();
  readonly #hooks: CallTableHooks;
  #whenEmpty: (() => void) | undefined;
  /** How many calls are over. */
  completed = 0;
  /** Answers that came for calls which were no longer theirs. */
  dropped = 0;

  /** @param owner - tells the coordinator from every other one */
  constructor(owner: string, hooks: CallTableHooks) {
    this.blobs = new BlobUses(owner);
    this.#hooks = hooks;
  }

  get jobs(): Iterable<SentJob> {
    return this.#jobs.values();
  }

  job(id: string): SentJob | undefined {
    return this.#jobs.get(id);
  }

  /** Whose call a worker speaks of. */
  byId(id: string): RemoteCall | undefined {
    return this.#byId.get(id);
  }

  jobsIn(lane: string): number {
    return this.#jobsIn.get(lane) ?? 0;
  }

  enter(call: RemoteCall): void {
    this.all.add(call);
    this.#hooks.changed();
  }

  /** Notes in which job a call is, and what it is called there. */
  sentAs(call: RemoteCall, id: string, job: SentJob, blob: UsedBlob | undefined): Sent {
    const sent: Sent = { id, job, worker: undefined, blob };
    call.sent = sent;
    job.calls.add(call);
    this.#byId.set(id, call);
    if (!this.#jobs.has(job.id)) {
      this.#jobs.set(job.id, job);
      this.#jobsIn.set(job.lane, this.jobsIn(job.lane) + 1);
    }
    return sent;
  }

  /** Whatever a worker still says of it comes too late. */
  hearNoMore(call: RemoteCall): void {
    if (call.sent !== undefined) this.#byId.delete(call.sent.id);
  }

  isHeard({ sent }: RemoteCall): boolean {
    return sent !== undefined && this.#byId.has(sent.id);
  }

  /** It is in no job any more. */
  unsend(call: RemoteCall): void {
    const { sent } = call;
    if (sent === undefined) return;
    this.hearNoMore(call);
    call.sent = undefined;
    const { job, blob } = sent;
    if (blob !== undefined) this.blobs.release(blob);
    job.calls.delete(call);
    if (job.calls.size > 0 || !this.#jobs.delete(job.id)) return;
    const left = this.jobsIn(job.lane) - 1;
    if (left === 0) this.#jobsIn.delete(job.lane);
    else this.#jobsIn.set(job.lane, left);
    this.#hooks.jobOver(job.lane);
  }

  // The end of a call.

  fail(call: RemoteCall, error: unknown): void {
    this.finish(call, () => {
      call.fail(error);
    });
  }

  end(call: RemoteCall): void {
    this.finish(call, () => {
      call.end();
    });
  }

  finish(call: RemoteCall, deliver: () => void): void {
    if (!this.all.delete(call)) return;
    this.unsend(call);
    this.completed++;
    this.#hooks.callOver(call);
    deliver();
    this.#hooks.changed();
    if (this.all.size === 0) this.#whenEmpty?.();
  }

  /** Resolves when no call is under way. */
  empty(): Promise<void> {
    if (this.all.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
    });
  }
}
