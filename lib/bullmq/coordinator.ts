// Long because it is where calls, workers and the connection meet; what each of them entails has a file of its own.
import type { AnnouncedLimit } from '../admission/announced-limits.ts';
import type { ProgressAmount } from '../definition/step-context.ts';
import { Answers } from './answers.ts';
import { CallTable } from './call-table.ts';
import type { CoordinatorTerms } from './coordinator-terms.ts';
import { EarlierCalls } from './earlier-calls.ts';
import { laneOn } from './lanes.ts';
import { Lookout } from './lookout.ts';
import {
  type Announcement,
  channels,
  messagesText,
  messageText,
  type OfCall,
  readAll,
  type ToCoordinators,
  type ToWorkers,
} from './messages.ts';
import { Outages } from './outages.ts';
import { valueIn, write } from './parcel.ts';
import type { RemoteCall, RemoteRequest, SentJob } from './remote-call.ts';
import { RemoteClosedError } from './remote-closed-error.ts';
import type { RemoteStats } from './remote-stats.ts';
import { Roster } from './roster.ts';
import { Sender } from './sender.ts';
import { ShortCalls } from './short-calls.ts';
import { SilenceWatch } from './silence-watch.ts';
import type { Transport } from './transport.ts';
import { WaitingRoom } from './waiting-room.ts';
import { type LossReason, WorkerLostError } from './worker-lost-error.ts';

/**
 * Has tasks done by workers elsewhere, and notices by itself what becomes of them.
 *
 * 1. A call is in one place: not placed yet, or sent in one job. Sent again, it has another name, and what comes of the first is dropped.
 * 2. A worker that was silent for its lease has stopped what it did (see {@link TaskServer}): its calls fail, and those that were told to
 *    stop have stopped.
 * 3. Messages may be lost. What a worker says that it is at, and what became of jobs that nobody speaks of, is compared with what is
 *    believed here, again and again.
 */
export class Coordinator implements AnnouncedLimit {
  readonly #transport: Transport;
  readonly #terms: CoordinatorTerms;
  readonly #roster: Roster;
  readonly #table: CallTable;
  readonly #short: ShortCalls;
  readonly #waiting: WaitingRoom;
  readonly #earlier: EarlierCalls;
  readonly #sender: Sender;
  readonly #answers: Answers;
  readonly #lookout: Lookout;
  readonly #silence: SilenceWatch;
  readonly #outages: Outages;
  readonly #watchers = new Set<() => void>();
  readonly #changed: () => void;
  #opening: Promise<void> | undefined;
  #isOpen = false;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #stopBeat: (() => void) | undefined;

  /** @param changed - hears that the statistics may be others */
  constructor(transport: Transport, terms: CoordinatorTerms, changed: () => void) {
    this.#transport = transport;
    this.#terms = terms;
    this.#changed = changed;
    this.#short = new ShortCalls(terms.batch);
    this.#roster = new Roster(terms.version);
    this.#table = new CallTable(terms.id, {
      changed,
      callOver: (call) => {
        this.#earlier.over(call);
      },
      jobOver: (lane) => {
        this.#sender.jobOver(lane);
      },
    });
    const tell = (channel: string, message: ToWorkers): void => {
      this.#tell(channel, message);
    };
    const sendAgain = (call: RemoteCall): void => {
      this.#sendAgain(call);
    };
    const parts = { transport, terms, roster: this.#roster, table: this.#table, short: this.#short };
    this.#waiting = new WaitingRoom(terms, this.#roster, this.#table);
    this.#earlier = new EarlierCalls({ ...parts, tell });
    this.#sender = new Sender({ ...parts, earlier: this.#earlier });
    this.#answers = new Answers({ ...parts, sendAgain });
    this.#lookout = new Lookout(
      { ...parts, answers: this.#answers },
      {
        stop: (call) => {
          this.#stop(call);
        },
        takeElsewhere: (job) => this.#takeElsewhere(job),
        sendAgain,
        askAgain: ({ sent }) => {
          if (sent !== undefined) this.#tell(channels.workers(terms.queue), ['repeat', sent.id]);
        },
      },
    );
    this.#silence = new SilenceWatch(terms.clock, this.#roster, (worker) => {
      this.#lose(worker, 'silent');
    });
    this.#outages = new Outages({ ...parts, tell }, () => {
      this.#lookout.lookAtAll(0);
    });
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
    for (const call of this.#table.all) {
      if (call.sent?.worker !== undefined) {
        running++;
      } else {
        queued++;
        oldest = Math.min(oldest, call.since);
      }
    }
    const { size: workers, slots } = this.#roster;
    const { completed, dropped } = this.#table;
    const lag = queued === 0 ? 0 : this.#terms.clock.now() - oldest;
    return { workers, slots, queued, running, lag, completed, dropped };
  }

  // What calls ask for.

  submit(call: RemoteCall): void {
    const { taskName, input } = call.request;
    if (this.#isClosed) {
      call.fail(new RemoteClosedError(this.#terms.queue, taskName));
      return;
    }
    try {
      call.input = write(input, taskName, 'input');
    } catch (error) {
      call.fail(error);
      return;
    }
    this.#table.enter(call);
    if (this.#isOpen) {
      this.#place(call);
      return;
    }
    this.open().then(
      () => {
        this.#place(call);
      },
      (error: unknown) => {
        this.#table.fail(call, error);
      },
    );
  }

  cancel(call: RemoteCall): void {
    if (!call.isWanted) return;
    call.cancel();
    if (call.sent === undefined) this.#table.end(call);
    else this.#stop(call);
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
      for (const call of [...this.#table.all]) {
        const { isWanted } = call;
        this.cancel(call);
        if (isWanted) call.refuse(new RemoteClosedError(this.#terms.queue, call.request.taskName));
      }
    }
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #connect(): Promise<void> {
    const { queue, id } = this.#terms;
    try {
      await this.#transport.open([channels.coordinators(queue), channels.one(queue, id)], {
        heard: (text, shard) => {
          for (const message of readAll(text) as readonly (ToCoordinators | OfCall)[])
            this.#heard(message, shard);
        },
        changed: (isUp, shard) => {
          if (!this.#isOpen) return;
          if (isUp) this.#tell(channels.workers(queue), ['hello']);
          this.#outages.changed(isUp, shard);
        },
      });
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    this.#isOpen = true;
    this.#beat();
    this.#tell(channels.workers(queue), ['hello']);
    this.#lookout.start();
  }

  async #shut(): Promise<void> {
    await this.#table.empty();
    // A connection that is just being made is one to be closed.
    await this.#opening?.catch(doNothing);
    this.#isOpen = false;
    this.#stopBeat?.();
    for (const part of [this.#silence, this.#lookout, this.#outages]) part.stop();
    await this.#earlier.flush();
    await this.#transport.close();
  }

  // To a worker.

  #place(call: RemoteCall): void {
    if (call.isOver || call.sent !== undefined) return;
    if (!call.hasLookedForEarlier && call.isKept && mayHaveEarlier(call.request)) {
      void this.#adopt(call);
      return;
    }
    const lane = this.#roster.laneFor(call.request.taskName, (each) => this.#table.jobsIn(each));
    if (lane === undefined) {
      this.#waiting.enter(call);
      return;
    }
    this.#waiting.leave(call);
    this.#sender.send(call, lane);
  }

  /** Takes over what a process before this one has sent, if anything. */
  async #adopt(call: RemoteCall): Promise<void> {
    try {
      const job = await this.#earlier.adopt(call);
      if (job === undefined) this.#place(call);
      else await this.#lookout.look(job);
    } catch (error) {
      this.#table.fail(call, error);
    }
  }

  #sendAgain(call: RemoteCall): void {
    this.#table.unsend(call);
    if (call.isWanted) this.#place(call);
    else this.#table.end(call);
  }

  /** Nobody wants it any more: it is taken back, or told to stop. Where neither gets through, that is done again later. */
  #stop(call: RemoteCall): void {
    const { sent } = call;
    if (sent === undefined) return;
    if (sent.worker === undefined) void this.#takeBack(call, sent.job);
    else this.#tellToStop(call);
  }

  async #takeBack(call: RemoteCall, job: SentJob): Promise<void> {
    try {
      // One that was adopted isn't this process's alone.
      const isBack = !job.isAdopted && (await this.#sender.takeBack(job));
      if (isBack) this.#isBack(job);
      else if (call.sent?.job === job) this.#tellToStop(call);
    } catch {
      // Looked at again later.
    }
  }

  /** Nobody serves its lane any more: it goes where somebody does. */
  async #takeElsewhere(job: SentJob): Promise<void> {
    try {
      if (await this.#sender.takeBack(job)) this.#isBack(job);
    } catch {
      // Looked at again later.
    }
  }

  #isBack(job: SentJob): void {
    for (const call of [...job.calls]) this.#sendAgain(call);
  }

  #tellToStop({ sent }: RemoteCall): void {
    const { queue } = this.#terms;
    if (sent === undefined) return;
    const { worker, id } = sent;
    this.#tell(worker === undefined ? channels.workers(queue) : channels.one(queue, worker), ['cancel', id]);
  }

  #tell(channel: string, message: ToWorkers): void {
    this.#transport.tell(channel, messagesText([messageText(message)])).catch(doNothing);
  }

  #beat(): void {
    const { clock, id, leaseMs, queue } = this.#terms;
    this.#tell(channels.workers(queue), ['here', id]);
    this.#stopBeat = clock.after(leaseMs / 4, () => {
      this.#beat();
    });
  }

  // From workers.

  #heard(message: ToCoordinators | OfCall, shard: number): void {
    switch (message[0]) {
      case 'announce':
        this.#announced({ ...message[1], lane: laneOn(shard, message[1].lane) });
        return;
      case 'left':
        if (this.#roster.has(message[1])) this.#lose(message[1], 'closed');
        return;
      case 'began':
        this.#began(message[1], message[2], message[3]);
        return;
      case 'progress':
        this.#table.byId(message[1])?.progress(valueIn(message[2]) as ProgressAmount, message[3]);
        return;
      case 'log':
        this.#table.byId(message[1])?.log(message[2], valueIn(message[3]));
        return;
      default:
        this.#answers.heard(message);
    }
  }

  #began(id: string, worker: string, thread: string): void {
    const call = this.#table.byId(id);
    if (call?.sent === undefined) return;
    call.sent.worker = worker;
    call.sent.job.missedAt = undefined;
    if (call.isStopping) this.#tellToStop(call);
    else call.began(thread);
    this.#changed();
  }

  #announced(announcement: Announcement): void {
    const { worker, running, taken } = announcement;
    const isNews = this.#roster.note(announcement, this.#terms.clock.now());
    this.#silence.watch();
    for (const id of taken) this.#taken(id, worker);
    for (const id of running) {
      const call = this.#table.byId(id);
      if (call?.sent?.worker === worker && call.isRunning) call.sent.job.missedAt = undefined;
      else this.#began(id, worker, worker);
    }
    const at = new Set([...running, ...taken]);
    for (const call of this.#table.all) {
      const { sent } = call;
      if (sent?.worker !== worker || at.has(sent.id) || !this.#table.isHeard(call)) continue;
      // Its last word was lost.
      this.#tell(channels.one(this.#terms.queue, worker), ['repeat', sent.id]);
      void this.#lookout.look(sent.job);
    }
    if (isNews) this.#rosterChanged();
  }

  /** A worker has it, and no thread for it yet. */
  #taken(id: string, worker: string): void {
    const call = this.#table.byId(id);
    if (call?.sent === undefined) return;
    call.sent.worker = worker;
    call.sent.job.missedAt = undefined;
    if (call.isStopping) this.#tellToStop(call);
  }

  #rosterChanged(): void {
    for (const call of this.#waiting.calls) this.#place(call);
    for (const watcher of [...this.#watchers]) watcher();
    this.#changed();
  }

  #lose(worker: string, reason: LossReason): void {
    const lane = this.#roster.laneOf(worker);
    this.#roster.forget(worker);
    for (const call of [...this.#table.all]) {
      const { sent, request } = call;
      if (sent?.worker === worker && this.#table.isHeard(call))
        this.#table.fail(call, new WorkerLostError(request.taskName, request.stepId, worker, reason));
    }
    for (const job of [...this.#table.jobs]) {
      if (job.activeSince !== undefined) this.#lookout.loseUnclaimed(job);
      else if (!this.#roster.isServed(job.lane)) void this.#takeElsewhere(job);
    }
    if (lane !== undefined && !this.#roster.isServed(lane))
      for (const call of this.#sender.takeGathered(lane)) this.#place(call);
    this.#rosterChanged();
  }
}

function mayHaveEarlier({ epoch, mayBeSent }: RemoteRequest): boolean {
  return epoch > 1 || mayBeSent !== undefined;
}

function doNothing(): void {
  // Messages may be lost: what matters is said again.
}
