// Long because a call may be taken, answered, lost, cancelled or found in any order, and all that is known of it is here.
import type { AnnouncedLimit } from '../admission/announced-limits.ts';
import type { Clock } from '../base/clock.ts';
import { EmptyStepError } from '../base/empty-step-error.ts';
import { CancelledError } from '../base/errors.ts';
import { decodeThrown } from '../wire/error-codec.ts';
import { BlobUses } from './blob-uses.ts';
import {
  type Announcement,
  type Answer,
  channels,
  type JobBody,
  type OfJob,
  pack,
  protocol,
  type ToCoordinators,
  type ToWorkers,
  unpack,
} from './messages.ts';
import { NoRemoteWorkerError, noWorkerMessage } from './no-remote-worker-error.ts';
import { OutdatedRunError } from './outdated-run-error.ts';
import { bytesOf, digestOf, type Parcel, unwrap } from './parcel.ts';
import { QueueUnavailableError } from './queue-unavailable-error.ts';
import type { RemoteCall, Sent } from './remote-call.ts';
import { RemoteClosedError } from './remote-closed-error.ts';
import type { RemoteStats } from './remote-stats.ts';
import { Roster } from './roster.ts';
import type { Transport } from './transport.ts';
import { type LossReason, WorkerLostError } from './worker-lost-error.ts';

/** What a coordinator is told to do. */
export interface CoordinatorTerms {
  readonly queue: string;
  /** Tells it from every other coordinator. */
  readonly id: string;
  readonly version: string | undefined;
  /** How long, in ms, it may be silent before workers stop what they do for it. */
  readonly leaseMs: number;
  /** How long a call waits, in ms, for a worker that has its task. */
  readonly workerWait: number;
  /** How long a call waits, in ms, for a connection that was lost. */
  readonly connectionWait: number;
  readonly clock: Clock;
}

/** How long, in ms, workers have to announce themselves before it is told that nobody will do. */
const patience = 1000;

/**
 * Has tasks done by workers elsewhere, and notices by itself what becomes of them.
 *
 * 1. A call is in one place: not placed yet, or sent as one job. Sent again, it is another job, and what comes of the first is dropped.
 * 2. A worker that was silent for its lease has stopped what it did (see {@link TaskServer}): its calls fail, and those that were told to
 *    stop have stopped.
 * 3. Messages may be lost. What a worker says that it is at, and what became of jobs that nobody speaks of, is compared with what is
 *    believed here, again and again.
 */
export class Coordinator implements AnnouncedLimit {
  readonly #transport: Transport;
  readonly #terms: CoordinatorTerms;
  readonly #roster: Roster;
  readonly #blobs: BlobUses;
  readonly #calls = new Set<RemoteCall>();
  readonly #byJob = new Map<string, RemoteCall>();
  readonly #unplaced = new Set<RemoteCall>();
  readonly #inLane = new Map<string, number>();
  readonly #watchers = new Set<() => void>();
  /** Jobs that were given up while nobody could be told so, with their lanes. */
  readonly #orphans = new Map<string, string>();
  #changed: () => void;
  #opening: Promise<void> | undefined;
  #isOpen = false;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #whenEmpty: (() => void) | undefined;
  #stopBeat: (() => void) | undefined;
  #stopSilence: (() => void) | undefined;
  #stopLooking: (() => void) | undefined;
  #stopOutage: (() => void) | undefined;
  #sequence = 0;
  /** Answers that came for calls which were no longer theirs. */
  dropped = 0;
  #completed = 0;

  /** @param changed - hears that the statistics may be others */
  constructor(transport: Transport, terms: CoordinatorTerms, changed: () => void) {
    this.#transport = transport;
    this.#terms = terms;
    this.#changed = changed;
    this.#roster = new Roster(terms.version);
    this.#blobs = new BlobUses(terms.id, transport.blobs);
  }

  // The limit of the class.

  get value(): number {
    return this.#roster.slots;
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => {
      this.#watchers.delete(changed);
    };
  }

  stats(): RemoteStats {
    let running = 0;
    let queued = 0;
    let oldest = Infinity;
    for (const call of this.#calls) {
      if (call.sent?.worker !== undefined) {
        running++;
      } else {
        queued++;
        oldest = Math.min(oldest, call.since);
      }
    }
    const { size: workers, slots } = this.#roster;
    const lag = queued === 0 ? 0 : this.#terms.clock.now() - oldest;
    return { workers, slots, queued, running, lag, completed: this.#completed, dropped: this.dropped };
  }

  // What calls ask for.

  submit(call: RemoteCall): void {
    const { taskName, input } = call.request;
    if (this.#isClosed) {
      call.fail(new RemoteClosedError(this.#terms.queue, taskName));
      return;
    }
    try {
      call.input = bytesOf(input, taskName, 'input');
    } catch (error) {
      call.fail(error);
      return;
    }
    this.#calls.add(call);
    this.#changed();
    if (this.#isOpen) {
      this.#place(call);
      return;
    }
    this.open().then(
      () => {
        this.#place(call);
      },
      (error: unknown) => {
        this.#fail(call, error);
      },
    );
  }

  cancel(call: RemoteCall): void {
    if (!call.isWanted) return;
    const { isRunning, sent } = call;
    call.cancel();
    if (sent === undefined) this.#end(call);
    else if (isRunning) this.#tellToStop(sent);
    else void this.#takeBack(call, sent);
  }

  /** Connects, if that hasn't been done; again, if it had failed. */
  open(): Promise<void> {
    this.#opening ??= this.#connect();
    return this.#opening;
  }

  /** Takes no further calls; those that there are are cancelled, or finish where `drain` says so. */
  close(drain: boolean): Promise<void> {
    this.#isClosed = true;
    if (!drain) {
      for (const call of [...this.#calls]) {
        const { queue } = this.#terms;
        const isWanted = call.isWanted;
        this.cancel(call);
        if (isWanted) call.refuse(new RemoteClosedError(queue, call.request.taskName));
      }
    }
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #connect(): Promise<void> {
    const { queue, id } = this.#terms;
    try {
      await this.#transport.open([channels.coordinators(queue), channels.one(queue, id)], {
        heard: (bytes) => {
          this.#heard(bytes);
        },
        changed: (isUp) => {
          this.#connectionChanged(isUp);
        },
      });
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    this.#isOpen = true;
    this.#beat();
    this.#tell(channels.workers(queue), ['hello']);
    this.#lookLater();
  }

  async #shut(): Promise<void> {
    if (this.#calls.size > 0)
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
    // A connection that is just being made is one to be closed.
    await this.#opening?.catch(doNothing);
    this.#isOpen = false;
    for (const stop of [this.#stopBeat, this.#stopSilence, this.#stopLooking, this.#stopOutage]) stop?.();
    await this.#transport.close();
  }

  // To a worker.

  #place(call: RemoteCall): void {
    if (call.isOver) return;
    const lane = this.#roster.laneFor(call.request.taskName, (each) => this.#inLane.get(each) ?? 0);
    if (lane !== undefined) {
      this.#unplaced.delete(call);
      call.clearTimers?.();
      call.clearTimers = undefined;
      this.#dispatch(call, lane);
      return;
    }
    if (this.#unplaced.has(call)) return;
    this.#unplaced.add(call);
    const { clock, workerWait, queue } = this.#terms;
    const { taskName } = call.request;
    const stopWarning = clock.after(Math.min(patience, workerWait), () => {
      call.waits(
        `${noWorkerMessage(taskName, queue, this.#roster.unfit())}; it is waited for, up to ${String(workerWait)} ms`,
      );
    });
    const stopWaiting = clock.after(workerWait, () => {
      this.#fail(call, new NoRemoteWorkerError(taskName, queue, workerWait, this.#roster.unfit()));
    });
    call.clearTimers = () => {
      stopWarning();
      stopWaiting();
    };
  }

  #dispatch(call: RemoteCall, lane: string): void {
    const input = call.input as Uint8Array;
    const { id } = this.#terms;
    const { runId, stepId = '', attempt } = call.request;
    call.dispatches++;
    if (call.number === 0) call.number = ++this.#sequence;
    const identity = [id, runId, stepId, attempt, call.number, call.dispatches];
    const jobId = `j${digestOf(JSON.stringify(identity)).slice(0, 32)}`;
    const blob = this.#blobs.take(input);
    const sent: Sent = {
      lane,
      jobId,
      worker: undefined,
      blob,
      sending: undefined,
      missedAt: undefined,
      activeSince: undefined,
    };
    call.sent = sent;
    this.#byJob.set(jobId, call);
    this.#inLane.set(lane, (this.#inLane.get(lane) ?? 0) + 1);
    sent.sending = (
      blob === undefined
        ? this.#transport.send(lane, this.#job(call, jobId, input))
        : this.#blobs
            .parcel(blob, input)
            .then((parcel) => this.#transport.send(lane, this.#job(call, jobId, parcel)))
    ).catch((error: unknown) => {
      if (call.sent === sent) this.#fail(call, error);
    });
  }

  #job(call: RemoteCall, id: string, input: Parcel) {
    const { taskName, runId, stepId, attempt, epoch, gracePeriod, idempotencyKey, isolation, carrier } =
      call.request;
    const body: JobBody = {
      protocol,
      coordinator: this.#terms.id,
      coordinatorLeaseMs: this.#terms.leaseMs,
      task: taskName,
      runId,
      epoch,
      stepId,
      attempt,
      gracePeriod,
      idempotencyKey,
      carrier,
      isolation,
      isHeard: call.isHeard,
      input,
    };
    const shown = { run: runId, step: stepId ?? '', attempt, dispatch: call.dispatches };
    return { id, name: taskName, shown, body: pack(body) };
  }

  async #takeBack(call: RemoteCall, sent: Sent): Promise<void> {
    try {
      await sent.sending;
      if (call.isOver || call.sent !== sent) return;
      if (sent.worker === undefined && (await this.#transport.withdraw(sent.lane, sent.jobId)))
        this.#end(call);
      else if (this.#calls.has(call)) this.#tellToStop(sent);
    } catch {
      // Looked at again later.
    }
  }

  /** Nobody serves its lane any more: it goes where somebody does. */
  async #takeElsewhere(call: RemoteCall, sent: Sent): Promise<void> {
    try {
      await sent.sending;
      const isBack = await this.#transport.withdraw(sent.lane, sent.jobId);
      if (!isBack || call.isOver || call.sent !== sent) return;
      this.#unsend(call);
      if (call.isWanted) this.#place(call);
      else this.#end(call);
    } catch {
      // Looked at again later.
    }
  }

  #tellToStop({ worker, jobId }: Sent): void {
    const { queue } = this.#terms;
    this.#tell(worker === undefined ? channels.workers(queue) : channels.one(queue, worker), [
      'cancel',
      jobId,
    ]);
  }

  #tell(channel: string, message: ToWorkers): void {
    this.#transport.tell(channel, pack(message)).catch(doNothing);
  }

  #beat(): void {
    const { clock, id, leaseMs, queue } = this.#terms;
    this.#tell(channels.workers(queue), ['here', id]);
    this.#stopBeat = clock.after(leaseMs / 4, () => {
      this.#beat();
    });
  }

  // From workers.

  #heard(bytes: Uint8Array): void {
    const message = unpack<ToCoordinators | OfJob>(bytes);
    if (message === undefined) return;
    switch (message[0]) {
      case 'announce':
        this.#announced(message[1]);
        return;
      case 'left':
        if (this.#roster.has(message[1])) this.#lose(message[1], 'closed');
        return;
      case 'began': {
        const call = this.#byJob.get(message[1]);
        if (call?.sent === undefined) return;
        this.#began(call, call.sent, message[2], message[3]);
        return;
      }
      case 'progress':
        this.#byJob.get(message[1])?.progress(message[2], message[3]);
        return;
      case 'log':
        this.#byJob.get(message[1])?.log(message[2], message[3]);
        return;
      default:
        this.#answered(message);
    }
  }

  #began(call: RemoteCall, sent: Sent, worker: string, thread: string): void {
    sent.worker = worker;
    sent.missedAt = undefined;
    if (call.isStopping) this.#tellToStop(sent);
    else call.began(thread);
    this.#changed();
  }

  #announced(announcement: Announcement): void {
    const { worker, running } = announcement;
    const isNews = this.#roster.note(announcement, this.#terms.clock.now());
    this.#watchSilence();
    const at = new Set(running);
    for (const call of this.#calls) {
      const { sent } = call;
      if (sent === undefined || !this.#byJob.has(sent.jobId)) continue;
      if (at.has(sent.jobId)) {
        sent.missedAt = undefined;
        if (sent.worker === undefined) this.#began(call, sent, worker, worker);
        else if (call.isStopping) this.#tellToStop(sent);
      } else if (sent.worker === worker) {
        // Its last word was lost.
        this.#tell(channels.one(this.#terms.queue, worker), ['repeat', sent.jobId]);
        void this.#look(call, sent);
      }
    }
    if (isNews) this.#rosterChanged();
  }

  #rosterChanged(): void {
    for (const call of [...this.#unplaced]) this.#place(call);
    for (const watcher of [...this.#watchers]) watcher();
    this.#changed();
  }

  #answered(answer: Answer): void {
    const call = this.#byJob.get(answer[1]);
    if (call === undefined) {
      this.dropped++;
      return;
    }
    if (answer[0] === 'result') {
      this.#delivered(call, answer[1], answer[2]);
      return;
    }
    if (call.isStopping) {
      this.#end(call);
      return;
    }
    this.#fail(call, this.#errorOf(call, answer));
  }

  #delivered(call: RemoteCall, jobId: string, parcel: Parcel): void {
    // Whatever comes now comes too late.
    this.#byJob.delete(jobId);
    const { blobs } = this.#transport;
    if (parcel instanceof Uint8Array) {
      this.#finish(call, () => {
        call.complete(unpack(parcel));
      });
      return;
    }
    const value = call.isStopping ? Promise.resolve(undefined) : unwrap(parcel, blobs);
    value
      .then(
        (output) => {
          this.#finish(call, () => {
            call.complete(output);
          });
        },
        (error: unknown) => {
          this.#fail(call, error);
        },
      )
      .finally(() => {
        blobs.drop(parcel.blob).catch(doNothing);
      });
  }

  #errorOf(
    { request, sent }: RemoteCall,
    answer: Exclude<Answer, readonly ['result', ...unknown[]]>,
  ): unknown {
    const { taskName, stepId, runId, epoch } = request;
    switch (answer[0]) {
      case 'failure':
        return decodeThrown(answer[2]);
      case 'empty':
        return new EmptyStepError(stepId ?? taskName);
      case 'stopped':
        // Nobody here asked for it: the task has cancelled its own token.
        return new CancelledError(undefined, `the task '${taskName}'`);
      case 'given-up':
        return new WorkerLostError(taskName, stepId, sent?.worker, answer[2]);
      case 'outdated':
        return new OutdatedRunError(runId, epoch, answer[2]);
    }
  }

  // Silence, and what was lost.

  #watchSilence(): void {
    if (this.#stopSilence !== undefined) return;
    const at = this.#roster.nextSilence();
    if (at === undefined || this.#isClosed) return;
    const { clock } = this.#terms;
    this.#stopSilence = clock.after(Math.max(0, at - clock.now()), () => {
      this.#stopSilence = undefined;
      const late = clock.now() - at;
      // Where this process itself was held up, what was said meanwhile has still to be read.
      if (late > patience) {
        this.#stopSilence = clock.after(patience, () => {
          this.#stopSilence = undefined;
          this.#loseTheSilent();
        });
        return;
      }
      this.#loseTheSilent();
    });
  }

  #loseTheSilent(): void {
    for (const worker of this.#roster.silent(this.#terms.clock.now())) this.#lose(worker, 'silent');
    this.#watchSilence();
  }

  #lose(worker: string, reason: LossReason): void {
    this.#roster.forget(worker);
    for (const call of [...this.#calls]) {
      const { sent } = call;
      if (sent === undefined || !this.#byJob.has(sent.jobId)) continue;
      const { taskName, stepId } = call.request;
      if (sent.worker === worker) this.#fail(call, new WorkerLostError(taskName, stepId, worker, reason));
      else if (sent.activeSince !== undefined) this.#loseUnclaimed(call, sent);
      else if (!this.#roster.isServed(sent.lane)) void this.#takeElsewhere(call, sent);
    }
    this.#rosterChanged();
  }

  /**
   * Whether a job that the queue doesn't know may be at work yet: it is looked for again then. Somebody may have taken it before it was
   * forgotten, and stops with the lease at the latest, if nobody has spoken of it until then.
   */
  #mayBeAtWork(call: RemoteCall, sent: Sent): boolean {
    const { clock } = this.#terms;
    const wait = this.#roster.leaseMs;
    const now = clock.now();
    if (sent.missedAt === undefined) {
      sent.missedAt = now;
      clock.after(wait, () => void this.#look(call, sent));
    }
    return now - sent.missedAt < wait;
  }

  /** Somebody has taken it, who is gone if all who are there have spoken since and don't say that they have it. */
  #loseUnclaimed(call: RemoteCall, { worker, activeSince, lane }: Sent): void {
    if (worker !== undefined || activeSince === undefined) return;
    const since = activeSince + this.#roster.leaseMs / 4;
    if (this.#terms.clock.now() <= since || !this.#roster.haveSpoken(lane, since)) return;
    const { taskName, stepId } = call.request;
    this.#fail(call, new WorkerLostError(taskName, stepId, undefined, 'silent'));
  }

  #lookLater(): void {
    const { clock } = this.#terms;
    this.#stopLooking = clock.after(Math.max(patience, this.#roster.leaseMs / 2), () => {
      this.#lookAtAll(patience);
      this.#lookLater();
    });
  }

  /** Looks at the jobs that nobody has spoken of. */
  #lookAtAll(leastAge: number): void {
    const since = this.#terms.clock.now() - leastAge;
    for (const call of this.#calls)
      if (call.sent !== undefined && call.sent.worker === undefined && call.since <= since)
        void this.#look(call, call.sent);
  }

  async #look(call: RemoteCall, sent: Sent): Promise<void> {
    let state: Awaited<ReturnType<Transport['look']>>;
    try {
      await sent.sending;
      state = await this.#transport.look(sent.lane, sent.jobId);
    } catch {
      return;
    }
    if (call.sent !== sent || !this.#byJob.has(sent.jobId)) return;
    const { taskName, stepId } = call.request;
    switch (state.kind) {
      case 'waiting':
        if (call.isStopping) await this.#takeBack(call, sent);
        else if (!this.#roster.isServed(sent.lane)) await this.#takeElsewhere(call, sent);
        return;
      case 'active':
        if (call.isStopping) this.#tellToStop(sent);
        sent.activeSince ??= this.#terms.clock.now();
        this.#loseUnclaimed(call, sent);
        return;
      case 'answered': {
        const answer = unpack<Answer>(state.answer);
        if (answer !== undefined) this.#answered(answer);
        return;
      }
      case 'failed':
        this.#fail(
          call,
          state.reason === undefined
            ? new WorkerLostError(taskName, stepId, sent.worker, 'silent')
            : new Error(state.reason),
        );
        return;
      case 'unknown':
        if (this.#mayBeAtWork(call, sent)) return;
        if (sent.worker !== undefined || call.isStopping) {
          this.#fail(call, new WorkerLostError(taskName, stepId, sent.worker, 'silent'));
          return;
        }
        // Whoever emptied the queue didn't mean that nobody is to do it.
        this.#unsend(call);
        this.#place(call);
    }
  }

  #connectionChanged(isUp: boolean): void {
    if (!this.#isOpen) return;
    const { clock, connectionWait, queue } = this.#terms;
    this.#stopOutage?.();
    this.#stopOutage = undefined;
    if (isUp) {
      this.#tell(channels.workers(queue), ['hello']);
      for (const [jobId, lane] of this.#orphans) {
        this.#transport.withdraw(lane, jobId).catch(doNothing);
        this.#tell(channels.workers(queue), ['cancel', jobId]);
      }
      this.#orphans.clear();
      this.#lookAtAll(0);
      return;
    }
    this.#stopOutage = clock.after(connectionWait, () => {
      const { address } = this.#transport;
      const error = new QueueUnavailableError(address, `no connection for ${String(connectionWait)} ms`);
      for (const call of [...this.#calls]) {
        if (call.sent !== undefined && call.sent.worker === undefined)
          this.#orphans.set(call.sent.jobId, call.sent.lane);
        // What runs is stopped by its worker, and given up here when its lease is out.
        if (call.sent?.worker === undefined) this.#fail(call, error);
      }
    });
  }

  // The end of a call.

  #fail(call: RemoteCall, error: unknown): void {
    this.#finish(call, () => {
      call.fail(error);
    });
  }

  #end(call: RemoteCall): void {
    this.#finish(call, () => {
      call.end();
    });
  }

  /** All is in order before anybody hears of it. */
  #finish(call: RemoteCall, deliver: () => void): void {
    if (!this.#calls.delete(call)) return;
    this.#unplaced.delete(call);
    this.#unsend(call);
    this.#completed++;
    deliver();
    this.#changed();
    if (this.#calls.size === 0) this.#whenEmpty?.();
  }

  #unsend(call: RemoteCall): void {
    const { sent } = call;
    if (sent === undefined) return;
    call.sent = undefined;
    this.#byJob.delete(sent.jobId);
    this.#inLane.set(sent.lane, (this.#inLane.get(sent.lane) ?? 1) - 1);
    if (this.#inLane.get(sent.lane) === 0) this.#inLane.delete(sent.lane);
    if (sent.blob !== undefined) this.#blobs.release(sent.blob);
  }
}

function doNothing(): void {
  // Messages may be lost: what matters is said again.
}
