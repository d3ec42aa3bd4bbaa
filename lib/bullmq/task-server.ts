// Long because taking a job, doing it, telling of it and giving it up share what is known of the lease.
import type { Observable } from 'rxjs';
import type { Clock } from '../base/clock.ts';
import { EmptyStepError } from '../base/empty-step-error.ts';
import { textOf } from '../base/inspect.ts';
import type { StepContext } from '../definition/step-context.ts';
import { decodeThrown, encodeThrown } from '../wire/error-codec.ts';
import { JobContext } from './job-context.ts';
import {
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
import { bytesOf, unwrap, wrap } from './parcel.ts';
import type { Job, Serving, Transport } from './transport.ts';

/** The tasks that a server does, as bodies of steps. */
export interface ServedTasks {
  readonly names: readonly string[];
  body(name: string, isIsolated: boolean): (input: unknown, ctx: StepContext) => Observable<unknown>;
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
}

/** Who wanted a job to stop: its coordinator, or this worker itself, and why. */
type StoppedAs = 'stopped' | 'closed' | 'connection';

/** A job that is being done. */
class ServedJob {
  readonly body: JobBody;
  readonly ctx: JobContext;
  stop: ((as: StoppedAs) => void) | undefined;
  /** What it was told before it had begun. */
  stoppedAs: StoppedAs | undefined;

  constructor(body: JobBody, ctx: JobContext) {
    this.body = body;
    this.ctx = ctx;
  }
}

/**
 * Does jobs, and tells their coordinators.
 *
 * 1. It announces itself five times a lease. Where that hasn't got through four times in a row, it stops all that it does, so that
 *    nothing of it goes on once coordinators believe it gone.
 * 2. What a coordinator wants that was silent for its own lease is stopped: nobody waits for it.
 * 3. A job's last word is told before the job is let go of, and kept in the queue besides, where a coordinator finds it that didn't hear.
 */
export class TaskServer {
  readonly #transport: Transport;
  readonly #tasks: ServedTasks;
  readonly #terms: TaskServerTerms;
  readonly #running = new Map<string, ServedJob>();
  /** Jobs that were cancelled before they came, with when. */
  readonly #cancelled = new Map<string, number>();
  /** When coordinators were heard of last. */
  readonly #coordinators = new Map<string, number>();
  /** The latest epoch of each run that there were jobs of. */
  readonly #epochs = new Map<string, number>();
  /** What jobs came to of late, for coordinators that haven't heard. */
  readonly #answers = new Map<
    string,
    { readonly channel: string; readonly message: Answer; readonly at: number }
  >();
  #serving: Serving | undefined;
  #stopBeat: (() => void) | undefined;
  #confirmedAt = 0;
  #closing: Promise<void> | undefined;
  #isFenced = false;
  #opening: Promise<void> | undefined;
  /** Whether what still comes is given up at once. */
  #takesNone = false;

  constructor(transport: Transport, tasks: ServedTasks, terms: TaskServerTerms) {
    this.#transport = transport;
    this.#tasks = tasks;
    this.#terms = terms;
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
      heard: (bytes) => {
        this.#heard(bytes);
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
    const { queue, id } = this.#terms;
    // From now on nobody counts on its slots; what it is at, it says still.
    this.#announce();
    await this.#opening?.catch(() => undefined);
    await this.#serving?.stop();
    this.#stopBeat?.();
    // Where nobody can be told, they notice; what is under way ends with the connections.
    const told = this.#tell(channels.coordinators(queue), ['left', id]);
    const tooLate = new Promise<void>((resolve) => {
      this.#stopBeat = this.#terms.clock.after(farewell, resolve);
    });
    await Promise.race([told, tooLate]);
    this.#stopBeat?.();
    await this.#transport.close();
  }

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
    const announcement = {
      protocol,
      worker: id,
      lane,
      tasks: this.#tasks.names,
      version,
      slots: this.#closing === undefined ? slots : 0,
      leaseMs,
      running: [...this.#running.keys()],
    };
    this.#transport.tell(channels.coordinators(queue), pack(['announce', announcement])).then(
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
    for (const job of [...this.#running.values()]) stopJob(job, why);
  }

  #forgetOld(now: number): void {
    const { leaseMs } = this.#terms;
    for (const [id, at] of this.#cancelled) if (now - at > leaseMs) this.#cancelled.delete(id);
    for (const [id, { at }] of this.#answers) if (now - at > 2 * leaseMs) this.#answers.delete(id);
    for (const job of [...this.#running.values()]) {
      const { coordinator, coordinatorLeaseMs } = job.body;
      const heardAt = this.#coordinators.get(coordinator);
      if (heardAt === undefined) this.#coordinators.set(coordinator, now);
      else if (now - heardAt > coordinatorLeaseMs) stopJob(job, 'connection');
    }
    // Long after any lease, and only so that it doesn't grow for ever.
    if (this.#coordinators.size > 1000)
      for (const [id, at] of this.#coordinators) if (now - at > longAgo) this.#coordinators.delete(id);
  }

  #heard(bytes: Uint8Array): void {
    const message = unpack<ToWorkers>(bytes);
    if (message === undefined) return;
    switch (message[0]) {
      case 'hello':
        this.#announce();
        return;
      case 'here':
        this.#coordinators.set(message[1], this.#terms.clock.now());
        return;
      case 'repeat': {
        const answer = this.#answers.get(message[1]);
        if (answer !== undefined) void this.#tell(answer.channel, answer.message);
        return;
      }
      case 'cancel': {
        const job = this.#running.get(message[1]);
        if (job !== undefined) stopJob(job, 'stopped');
        else this.#cancelled.set(message[1], this.#terms.clock.now());
      }
    }
  }

  async #work({ id, body: bytes }: Job): Promise<Uint8Array> {
    const body = unpack<JobBody>(bytes);
    if (body?.protocol !== protocol) throw new Error('the job is of another version of millrace');
    const answer = await this.#answerTo(id, body);
    void this.#tellCoordinator(body, answer);
    this.#keep(id, body, answer);
    this.#running.delete(id);
    // So that dashboards show it as what it is.
    if (answer[0] === 'failure') throw new Error(textOf(decodeThrown(answer[2])));
    return pack(answer);
  }

  #keep(id: string, { coordinator }: JobBody, message: Answer): void {
    const channel = channels.one(this.#terms.queue, coordinator);
    this.#answers.set(id, { channel, message, at: this.#terms.clock.now() });
    if (this.#answers.size <= mostAnswers) return;
    const [oldest = ''] = this.#answers.keys();
    this.#answers.delete(oldest);
  }

  async #answerTo(id: string, body: JobBody): Promise<Answer> {
    const latest = this.#epochs.get(body.runId) ?? 0;
    if (latest > body.epoch) return ['outdated', id, latest];
    if (this.#epochs.size > mostRuns) this.#epochs.clear();
    this.#epochs.set(body.runId, body.epoch);
    if (this.#cancelled.delete(id)) return ['stopped', id];
    if (this.#takesNone) return stoppedAnswer(id, 'closed');
    this.#coordinators.set(
      body.coordinator,
      Math.max(this.#coordinators.get(body.coordinator) ?? 0, this.#terms.clock.now()),
    );
    const ctx = new JobContext(body, this.#terms.clock, {
      began: (thread) => {
        void this.#tellCoordinator(body, ['began', id, this.#terms.id, `${this.#terms.id}/${thread}`]);
      },
      progress: (amount, text) => {
        if (body.isHeard) void this.#tellCoordinator(body, ['progress', id, amount, text]);
      },
      log: (text, data) => {
        if (body.isHeard) void this.#tellCoordinator(body, ['log', id, text, data]);
      },
    });
    const job = new ServedJob(body, ctx);
    this.#running.set(id, job);
    try {
      const input =
        body.input instanceof Uint8Array
          ? unpack(body.input)
          : await unwrap(body.input, this.#transport.blobs);
      if (job.stoppedAs !== undefined) return stoppedAnswer(id, job.stoppedAs);
      const output = await this.#run(job, input);
      if (output instanceof Stopped) return stoppedAnswer(id, output.as);
      return ['result', id, await wrap(bytesOf(output, body.task, 'output'), id, this.#transport.blobs)];
    } catch (error) {
      if (error instanceof EmptyStepError) return ['empty', id];
      return ['failure', id, encodeThrown(error)];
    }
  }

  /** Its output, or `Stopped` once it has stopped. */
  #run(job: ServedJob, input: unknown): Promise<unknown> {
    const { body, ctx } = job;
    return new Promise((resolve, reject) => {
      let output: unknown;
      let isStopped = false;
      const work = this.#tasks.body(body.task, body.isolation !== undefined)(input, ctx);
      const subscription = work.subscribe({
        next: (value) => {
          output = value;
        },
        error: (error: unknown) => {
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever the task has thrown
          if (!isStopped) reject(error);
        },
        complete: () => {
          if (!isStopped) resolve(output);
        },
      });
      job.stop = (as) => {
        if (isStopped) return;
        isStopped = true;
        job.stoppedAs = as;
        ctx.token.cancel();
        subscription.unsubscribe();
        void ctx.finished().then(() => {
          resolve(new Stopped(as));
        });
      };
    });
  }

  #tellCoordinator(body: JobBody, message: OfJob): Promise<void> {
    return this.#tell(channels.one(this.#terms.queue, body.coordinator), message);
  }

  async #tell(channel: string, message: OfJob | ToCoordinators): Promise<void> {
    try {
      await this.#transport.tell(channel, pack(message));
    } catch {
      // What matters is said again, or looked up.
    }
  }
}

function stopJob(job: ServedJob, as: StoppedAs): void {
  if (job.stop === undefined) job.stoppedAs ??= as;
  else job.stop(as);
}

/** What a job comes to that was told to stop, and has. */
class Stopped {
  readonly as: StoppedAs;

  constructor(as: StoppedAs) {
    this.as = as;
  }
}

function stoppedAnswer(id: string, as: StoppedAs): Answer {
  return as === 'stopped' ? ['stopped', id] : ['given-up', id, as];
}

/** For how long, in ms, it is tried to say that it leaves. */
const farewell = 500;
const longAgo = 3_600_000;
/** Each has 16 KiB at most. */
const mostAnswers = 256;
const mostRuns = 10_000;
