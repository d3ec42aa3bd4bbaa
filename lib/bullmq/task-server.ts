// Long because taking a job, telling of it and giving it up share what is known of the lease.
import type { Clock } from '../base/clock.ts';
import { textOf } from '../base/inspect.ts';
import { decodeThrown, type Encoded } from '../wire/error-codec.ts';
import {
  type Announcement,
  type AnswerToTell,
  type CallBody,
  channels,
  type JobBody,
  messagesText,
  messageText,
  type OfCallToTell,
  protocol,
  read,
  readAll,
  type ToWorkers,
  type WhoWaits,
} from './messages.ts';
import { Outbox } from './outbox.ts';
import { type InlineParcel, largestInline, type Parcel, valueIn } from './parcel.ts';
import { Recent } from './recent.ts';
import { type CallSite, type ServedBody, ServedCall, stoppedAnswer } from './served-call.ts';
import type { Job, JobOutcome, Serving, Transport } from './transport.ts';

/** The tasks that a server does, as bodies of steps. */
export interface ServedTasks {
  readonly names: readonly string[];
  body(name: string, isIsolated: boolean): ServedBody;
}

/** What a server is told to do. */
export interface TaskServerTerms {
  readonly queue: string;
  /** Tells it from every other worker. */
  readonly id: string;
  readonly lane: string;
  readonly slots: number;
  readonly version: string | undefined;
  readonly leaseMs: number;
  readonly clock: Clock;
  /** Does something at the end of this turn of the event loop. */
  readonly soon: (work: () => void) => void;
}

/**
 * Does jobs, and tells their coordinators.
 *
 * 1. It announces itself five times a lease. Where that hasn't got through four times in a row, it stops all that it does, so that
 *    nothing of it goes on once coordinators believe it gone.
 * 2. What a coordinator wants that was silent for its own lease is stopped: nobody waits for it. For an hour it isn't, where somebody
 *    may go on with the run.
 * 3. A call's last word is told before its job is let go of, and again to whoever hasn't heard it. What calls of kept runs come to lies in
 *    the queue besides, where it is found after the end of this process.
 * 4. While tasks are short, as many jobs again are taken as there are slots, so that no thread waits for Redis. What waits for a thread
 *    all the same is returned.
 */
export class TaskServer {
  readonly #transport: Transport;
  readonly #tasks: ServedTasks;
  readonly #terms: TaskServerTerms;
  readonly #outbox: Outbox;
  readonly #running = new Map<string, ServedCall>();
  /** Calls that were cancelled before they came. */
  readonly #cancelled = new Recent<true>(most);
  /** Who waits for calls that were adopted before they came. */
  readonly #adopted = new Recent<WhoWaits>(most);
  /** When coordinators were heard of last. */
  readonly #coordinators = new Recent<true>(most);
  /** The latest epoch of each run that there were jobs of. */
  readonly #epochs = new Recent<number>(most);
  /** What calls came to of late, for coordinators that haven't heard. */
  readonly #answers = new Recent<{ waiting: WhoWaits; readonly answer: AnswerToTell }>(mostAnswers);
  #serving: Serving | undefined;
  #stopBeat: (() => void) | undefined;
  #stopReturning: (() => void) | undefined;
  #confirmedAt = 0;
  #closing: Promise<void> | undefined;
  #isFenced = false;
  #opening: Promise<void> | undefined;
  /** Whether what still comes is given up at once. */
  #takesNone = false;
  /** How long tasks take of late, in ms. */
  #meanMs: number | undefined;
  #taking: number;

  constructor(transport: Transport, tasks: ServedTasks, terms: TaskServerTerms) {
    this.#transport = transport;
    this.#tasks = tasks;
    this.#terms = terms;
    this.#taking = terms.slots;
    this.#outbox = new Outbox(transport, terms.clock, terms.soon);
  }

  get running(): number {
    return this.#running.size;
  }

  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<void> {
    const { queue, id, lane, slots, leaseMs, clock } = this.#terms;
    await this.#transport.open([channels.workers(queue), channels.one(queue, id)], {
      heard: (text) => {
        for (const message of readAll(text) as readonly ToWorkers[]) this.#heard(message);
      },
      changed: (isUp) => {
        if (isUp) this.#announce();
      },
    });
    this.#confirmedAt = clock.now();
    // Whoever may get jobs is known first.
    this.#announce();
    const work = (job: Job) => this.#work(job);
    this.#serving = await this.#transport.serve({ lane, slots, name: id, leaseMs, work });
    this.#beat();
  }

  /** Takes no further jobs; what runs may finish, or is stopped. Coordinators hear when all is over. */
  close(drain: boolean): Promise<void> {
    if (!drain) {
      this.#takesNone = true;
      this.#giveUpAll('closed');
    }
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #shut(): Promise<void> {
    const { queue, id, clock } = this.#terms;
    // From now on nobody counts on its slots; what it is at, it says still.
    this.#announce();
    await this.#opening?.catch(() => undefined);
    await this.#serving?.stop();
    this.#stopBeat?.();
    this.#stopReturning?.();
    this.#outbox.flush();
    // Where nobody can be told, they notice; what is under way ends with the connections.
    const told = this.#transport
      .tell(channels.coordinators(queue), messagesText([messageText(['left', id])]))
      .catch(() => undefined);
    let stopTimer: (() => void) | undefined;
    const tooLate = new Promise<void>((resolve) => {
      stopTimer = clock.after(farewell, resolve);
    });
    await Promise.race([told, tooLate]);
    stopTimer?.();
    await this.#transport.close();
  }

  // The lease.

  #beat(): void {
    const { leaseMs, clock } = this.#terms;
    const now = clock.now();
    this.#announce();
    if (now - this.#confirmedAt >= 0.75 * leaseMs) this.#fence();
    else this.#forgetOld(now);
    this.#stopBeat = clock.after(leaseMs / 5, () => {
      this.#beat();
    });
  }

  #announce(): void {
    const { queue, id, lane, slots, version, leaseMs, clock } = this.#terms;
    const at = clock.now();
    const all = [...this.#running.values()];
    const announcement: Announcement = {
      protocol,
      worker: id,
      lane,
      tasks: this.#tasks.names,
      version,
      slots: this.#closing === undefined ? slots : 0,
      leaseMs,
      running: all.filter(({ hasBegun }) => hasBegun).map(({ body }) => body.id),
      taken: all.filter(({ hasBegun }) => !hasBegun).map(({ body }) => body.id),
    };
    // What it is no longer at, it has said something of.
    this.#outbox.flush();
    this.#transport
      .tell(channels.coordinators(queue), messagesText([messageText(['announce', announcement])]))
      .then(
        () => {
          this.#confirmedAt = Math.max(this.#confirmedAt, at);
          this.#isFenced = false;
        },
        () => undefined,
      );
  }

  /** Nobody knows any more that it is there: what it does, others may be doing. */
  #fence(): void {
    if (this.#isFenced) return;
    this.#isFenced = true;
    this.#giveUpAll('connection');
  }

  #giveUpAll(why: 'closed' | 'connection'): void {
    for (const call of [...this.#running.values()]) call.stop(why);
  }

  #forgetOld(now: number): void {
    const { leaseMs } = this.#terms;
    this.#cancelled.forgetBefore(now - leaseMs);
    this.#answers.forgetBefore(now - 2 * leaseMs);
    this.#adopted.forgetBefore(now - longAgo);
    this.#epochs.forgetBefore(now - longAgo);
    for (const call of [...this.#running.values()]) {
      const { coordinator, coordinatorLeaseMs } = call.waiting;
      const patience = call.body.isKept ? longAgo : coordinatorLeaseMs;
      const heardAt = this.#coordinators.at(coordinator);
      if (heardAt === undefined) this.#coordinators.set(coordinator, true, now);
      else if (now - heardAt > patience) call.stop('connection');
    }
  }

  #heard(message: ToWorkers): void {
    const now = this.#terms.clock.now();
    switch (message[0]) {
      case 'hello':
        this.#announce();
        return;
      case 'here':
        this.#coordinators.set(message[1], true, now);
        return;
      case 'repeat': {
        const kept = this.#answers.get(message[1]);
        if (kept !== undefined) this.#tell(kept.waiting, kept.answer);
        return;
      }
      case 'adopt':
        this.#adopt(message[1], message[2], now);
        return;
      case 'cancel': {
        const call = this.#running.get(message[1]);
        if (call !== undefined) call.stop('stopped');
        else this.#cancelled.set(message[1], true, now);
      }
    }
  }

  /** Somebody else waits for a call from now on, who is told how far it is. */
  #adopt(id: string, waiting: WhoWaits, now: number): void {
    this.#coordinators.set(waiting.coordinator, true, now);
    const call = this.#running.get(id);
    const kept = this.#answers.get(id);
    if (call === undefined && kept === undefined) {
      this.#adopted.set(id, waiting, now);
    } else if (kept !== undefined) {
      kept.waiting = waiting;
      this.#tell(waiting, kept.answer);
    } else if (call !== undefined && call.waiting.epoch <= waiting.epoch) {
      call.waiting = waiting;
      this.#epochs.set(call.body.runId, waiting.epoch, now);
      const { id: worker } = this.#terms;
      if (call.hasBegun) this.#tell(waiting, ['began', id, worker, worker]);
    }
  }

  // Jobs.

  async #work({ body: text }: Job): Promise<JobOutcome> {
    const body = read<JobBody>(text);
    if (body?.protocol !== protocol) throw new Error('the job is of another version of millrace');
    const answers = await Promise.all(
      body.calls.map((call, at) => this.#do(call, body.inputs[at] ?? [], body)),
    );
    // So that dashboards show it as what it is.
    const failure = answers.find((answer) => answer[0] === 'failure');
    return {
      answer: messagesText(
        answers
          .filter((answer, at) => answer[0] !== 'result' || body.calls[at]?.isKept === true)
          .map((answer) => messageText(answer)),
      ),
      failure:
        failure === undefined
          ? undefined
          : textOf(decodeThrown(valueIn(read(failure[2]) as InlineParcel) as Encoded)),
    };
  }

  async #do(call: CallBody, input: Parcel, job: JobBody): Promise<AnswerToTell> {
    const { id, epoch } = call;
    const { clock } = this.#terms;
    const { coordinator, coordinatorLeaseMs } = job;
    const now = clock.now();
    const waiting = this.#adopted.get(id) ?? { coordinator, coordinatorLeaseMs, epoch };
    const refusal = this.#refusal(call, waiting, now);
    if (refusal !== undefined) {
      this.#tell(waiting, refusal);
      return refusal;
    }
    this.#coordinators.set(waiting.coordinator, true, now);
    const inline = Math.floor(largestInline / job.calls.length);
    const served = new ServedCall(call, input, job.task, waiting, this.#site(inline));
    this.#running.set(id, served);
    this.#returnLater();
    const answer = await served.answer(this.#tasks.body(job.task, call.isolation !== undefined));
    this.#running.delete(id);
    if (served.hasBegun) this.#paced(served.ms);
    // It says itself where it has begun.
    if (answer[0] === 'result') this.#outbox.takeBack(id);
    this.#tell(served.waiting, answer);
    this.#answers.set(id, { waiting: served.waiting, answer }, clock.now());
    return answer;
  }

  /** Why a call isn't begun. */
  #refusal({ id, runId }: CallBody, { epoch }: WhoWaits, now: number): AnswerToTell | undefined {
    // Runs without a name have no later holders.
    const latest = runId === '' ? 0 : (this.#epochs.get(runId) ?? 0);
    if (latest > epoch) return ['outdated', id, latest];
    if (runId !== '') this.#epochs.set(runId, epoch, now);
    if (this.#cancelled.delete(id)) return stoppedAnswer(id, 'stopped');
    return this.#takesNone ? stoppedAnswer(id, 'closed') : undefined;
  }

  #site(inline: number): CallSite {
    const { id: worker, clock } = this.#terms;
    return {
      worker,
      clock,
      blobs: this.#transport.blobsOf(this.#terms.lane),
      inline,
      tell: (waiting, message) => {
        this.#outbox.hasten(message[1]);
        this.#tell(waiting, message);
      },
      tellLater: ({ coordinator }, message, name) => {
        this.#outbox.addLater(channels.one(this.#terms.queue, coordinator), messageText(message), name);
      },
    };
  }

  #tell({ coordinator }: WhoWaits, message: OfCallToTell): void {
    this.#outbox.add(channels.one(this.#terms.queue, coordinator), messageText(message));
  }

  // How many are taken.

  #paced(ms: number): void {
    this.#meanMs = this.#meanMs === undefined ? ms : this.#meanMs + (ms - this.#meanMs) / 8;
    const { slots } = this.#terms;
    const taking = this.#meanMs <= shortMs ? 2 * slots : slots;
    if (taking === this.#taking) return;
    this.#taking = taking;
    this.#serving?.resize(taking);
  }

  /** Looks after a while whether calls wait for a thread. */
  #returnLater(): void {
    const { clock, slots } = this.#terms;
    if (this.#running.size <= slots || this.#stopReturning !== undefined) return;
    this.#stopReturning = clock.after(returnAfter, () => {
      this.#stopReturning = undefined;
      const since = clock.now() - returnAfter;
      for (const call of [...this.#running.values()])
        if (!call.hasBegun && call.since <= since && call.body.isolation === undefined) call.stop('returned');
      this.#returnLater();
    });
  }
}

/** For how long, in ms, it is tried to say that it leaves. */
const farewell = 500;
/** For how long, in ms, something is done for whoever may adopt it: as long as the queue keeps what it comes to. */
const longAgo = 3_600_000;
/** Each has 16 KiB at most. */
const mostAnswers = 1024;
const most = 10_000;
/** Up to how long, in ms, tasks are short. */
const shortMs = 5;
/** How long, in ms, a call may wait for a thread here before another worker may have it. */
const returnAfter = 500;
