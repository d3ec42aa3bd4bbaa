// Long because taking a job, telling of it and giving it up share what is known of the lease.
import type { Clock } from '../base/clock.ts';
import {
  type Announcement,
  type AnswerToTell,
  type CallBody,
  callsOf,
  channels,
  type JobBody,
  messagesText,
  messageText,
  type OfCallToTell,
  protocol,
  read,
  readAll,
  type Sponsor,
  type ToWorkers,
  type WhoWaits,
} from './messages.ts';
import { Outbox } from './outbox.ts';
import { largestInline } from './parcel.ts';
import { Recent } from './recent.ts';
import { type CallSite, type ServedBody, ServedCall, stoppedAnswer, type TakenCall } from './served-call.ts';
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
 * 2. What a coordinator wants that was silent for its own lease is stopped: nobody waits for it. Where somebody may go on with the run, that
 *    takes longer, as its coordinator says.
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
  readonly #site: CallSite;
  readonly #running = new Map<string, ServedCall>();
  /** Calls that were cancelled before they came. */
  readonly #cancelled = new Recent<true>(most);
  /** Who waits for calls that were adopted before they came. */
  readonly #adopted = new Recent<WhoWaits>(most);
  /** When coordinators were heard of last. */
  readonly #coordinators = new Recent<true>(most);
  /** The latest epoch of each kept run that there were jobs of. */
  readonly #epochs = new Recent<number>(most);
  /** What calls came to of late, for coordinators that haven't heard. */
  readonly #answers = new Recent<{ waiting: WhoWaits; readonly message: string }>(mostAnswers);
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
    const { id: worker, clock, queue } = terms;
    this.#site = {
      worker,
      clock,
      blobs: transport.blobsOf(terms.lane),
      tell: (waiting, message) => {
        this.#outbox.hasten(message[1]);
        this.#tell(waiting, message);
      },
      tellLater: ({ coordinator }, message, name) => {
        this.#outbox.addLater(channels.one(queue, coordinator), messageText(message), name);
      },
    };
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
      const { coordinator } = call.waiting;
      const heardAt = this.#coordinators.at(coordinator);
      if (heardAt === undefined) this.#coordinators.set(coordinator, true, now);
      else if (now - heardAt > patienceWith(call.waiting, call.body)) call.stop('connection');
    }
  }

  /** A call is begun for a coordinator. One that seems gone has a lease to be heard of: both may have lost the connection. */
  #beginsFor(sponsor: Sponsor, call: CallBody, now: number): void {
    const { coordinator, coordinatorLeaseMs } = sponsor;
    const leastAt = now - patienceWith(sponsor, call) + coordinatorLeaseMs;
    const heardAt = this.#coordinators.at(coordinator) ?? now;
    this.#coordinators.set(coordinator, true, Math.max(heardAt, leastAt));
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
        if (kept !== undefined) this.#tellText(kept.waiting, kept.message);
        return;
      }
      case 'adopt':
        this.#adopt(message[1], message[2], now);
        return;
      case 'held':
        this.#noteEpoch(message[1], message[2], now);
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
      this.#tellText(waiting, kept.message);
    } else if (call !== undefined && call.waiting.epoch <= waiting.epoch) {
      call.waiting = waiting;
      this.#noteEpoch(call.body.life, waiting.epoch, now);
      const { id: worker } = this.#terms;
      if (call.hasBegun) this.#tell(waiting, ['began', id, worker, worker]);
    }
  }

  // Jobs.

  async #work({ body: text }: Job): Promise<JobOutcome> {
    const job = read<JobBody>(text);
    if (job?.protocol !== protocol) throw new Error('the job is of another version of millrace');
    const { inputs } = job;
    const calls = callsOf(job);
    const inline = Math.floor(largestInline / calls.length);
    const kept: string[] = [];
    // So that dashboards show it as what it is.
    let failure: string | undefined;
    let left = calls.length;
    await new Promise<void>((resolve) => {
      for (const [at, body] of calls.entries())
        this.#do(
          { body, taskName: job.task, input: inputs[at] ?? [], inline },
          job,
          (answer, message, why) => {
            failure ??= why;
            if (answer[0] !== 'result' || body.life !== undefined) kept.push(message);
            if (--left === 0) resolve();
          },
        );
    });
    return { answer: messagesText(kept), failure };
  }

  /** @param over - hears what it has come to, as it is told */
  #do(
    taken: TakenCall,
    sponsor: Sponsor,
    over: (answer: AnswerToTell, message: string, why?: string) => void,
  ): void {
    const { body } = taken;
    const { id, epoch, isolation } = body;
    const { coordinator, coordinatorLeaseMs, takeoverWait } = sponsor;
    const now = this.#terms.clock.now();
    const waiting = this.#adopted.get(id) ?? { coordinator, coordinatorLeaseMs, takeoverWait, epoch };
    const refusal = this.#refusal(body, waiting, now);
    if (refusal !== undefined) {
      over(refusal, this.#tell(waiting, refusal));
      return;
    }
    this.#beginsFor(waiting, body, now);
    const served = new ServedCall(taken, waiting, this.#site, (call, answer, why) => {
      over(answer, this.#ended(call, answer), why);
    });
    this.#running.set(id, served);
    this.#returnLater();
    served.start(this.#tasks.body(taken.taskName, isolation !== undefined));
  }

  /** A call has come to something. Gives that as it is told. */
  #ended(call: ServedCall, answer: AnswerToTell): string {
    const { id } = call.body;
    this.#running.delete(id);
    if (call.hasBegun) this.#paced(call.ms);
    // It says itself where it has begun.
    if (answer[0] === 'result') this.#outbox.takeBack(id);
    const { waiting } = call;
    const message = this.#tell(waiting, answer);
    this.#answers.set(id, { waiting, message }, this.#terms.clock.now());
    return message;
  }

  /** Why a call isn't begun. */
  #refusal(call: CallBody, waiting: WhoWaits, now: number): AnswerToTell | undefined {
    const { id, life } = call;
    const latest = this.#latestOf(life);
    if (latest > waiting.epoch) return ['outdated', id, latest];
    this.#noteEpoch(life, waiting.epoch, now);
    if (this.#cancelled.delete(id)) return stoppedAnswer(id, 'stopped');
    return this.#takesNone ? stoppedAnswer(id, 'closed') : undefined;
  }

  /** What isn't kept has no later holders. */
  #latestOf(life: string | undefined): number {
    return life === undefined ? 0 : (this.#epochs.get(life) ?? 0);
  }

  #noteEpoch(life: string | undefined, epoch: number, now: number): void {
    if (life !== undefined) this.#epochs.set(life, Math.max(epoch, this.#latestOf(life)), now);
  }

  #tell(waiting: WhoWaits, message: OfCallToTell): string {
    const text = messageText(message);
    this.#tellText(waiting, text);
    return text;
  }

  #tellText({ coordinator }: WhoWaits, text: string): void {
    this.#outbox.add(channels.one(this.#terms.queue, coordinator), text);
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

/** How long, in ms, whoever waits for a call may be silent. */
function patienceWith({ coordinatorLeaseMs, takeoverWait }: Sponsor, { life }: CallBody): number {
  return life === undefined ? coordinatorLeaseMs : Math.max(coordinatorLeaseMs, takeoverWait);
}

/** For how long, in ms, it is tried to say that it leaves. */
const farewell = 500;
/** For how long, in ms, it is known who has adopted something: as long as the queue keeps what that comes to. */
const longAgo = 3_600_000;
/** Each has 16 KiB at most. */
const mostAnswers = 1024;
const most = 10_000;
/** Up to how long, in ms, tasks are short. */
const shortMs = 5;
/** How long, in ms, a call may wait for a thread here before another worker may have it. */
const returnAfter = 500;
