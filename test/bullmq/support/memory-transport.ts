import type { Clock } from '../../../lib/base/clock.ts';
import type {
  BlobStore,
  Hearing,
  Job,
  JobState,
  Register,
  Serving,
  ServingTerms,
  Transport,
} from '../../../lib/bullmq/transport.ts';

interface Entry {
  readonly job: Job;
  state: JobState;
}

interface Server extends Omit<ServingTerms, 'slots'> {
  slots: number;
  readonly end: MemoryTransport;
  busy: number;
  isStopped: boolean;
}

/** What a Redis does for queues, within a process and in virtual time: everything arrives after the same short while. */
export class MemoryBroker {
  readonly clock: Clock;
  /** How long anything takes on its way, in ms. */
  readonly delay: number;
  readonly ends = new Set<MemoryTransport>();
  readonly blobs = new Map<string, Uint8Array>();
  readonly register = new Map<string, string>();
  readonly #lanes = new Map<string, Map<string, Entry>>();
  readonly #waiting = new Map<string, string[]>();
  readonly #servers = new Set<Server>();

  constructor(clock: Clock, delay = 1) {
    this.clock = clock;
    this.delay = delay;
  }

  connect(): MemoryTransport {
    const end = new MemoryTransport(this);
    this.ends.add(end);
    return end;
  }

  /** Forgets all that it knows. */
  flush(): void {
    this.#lanes.clear();
    this.#waiting.clear();
    this.blobs.clear();
    this.register.clear();
  }

  publish(channel: string, message: string): void {
    for (const end of this.ends) end.deliver(channel, message);
  }

  /** How many jobs there ever were. */
  jobsSent = 0;

  send(lane: string, job: Job): void {
    const jobs = this.#jobs(lane);
    if (jobs.has(job.id)) return;
    this.jobsSent++;
    jobs.set(job.id, { job, state: { kind: 'waiting' } });
    this.#queue(lane).push(job.id);
    this.dispatch();
  }

  withdraw(lane: string, id: string): boolean {
    const entry = this.#jobs(lane).get(id);
    if (entry?.state.kind !== 'waiting') return false;
    this.#jobs(lane).delete(id);
    this.#queue(lane).splice(this.#queue(lane).indexOf(id), 1);
    return true;
  }

  look(lane: string, id: string): JobState {
    return this.#jobs(lane).get(id)?.state ?? { kind: 'unknown' };
  }

  serve(server: Server): void {
    this.#servers.add(server);
    this.dispatch();
  }

  /** Looks for somebody who does what waits. */
  dispatch(): void {
    for (const server of this.#servers) {
      if (server.busy >= server.slots) continue;
      const waiting = this.#queue(server.lane);
      while (server.end.isUp && !server.isStopped && server.busy < server.slots && waiting.length > 0) {
        const entry = this.#jobs(server.lane).get(waiting.shift() ?? '');
        if (entry !== undefined) this.#give(server, entry);
      }
    }
  }

  #give(server: Server, entry: Entry): void {
    entry.state = { kind: 'active' };
    server.busy++;
    const over = (state: JobState): void => {
      server.busy--;
      // What one that is cut off says doesn't get here.
      if (server.end.isUp) entry.state = state;
      else
        this.clock.after(server.leaseMs, () => {
          entry.state = { kind: 'failed', reason: undefined };
        });
      this.dispatch();
    };
    this.clock.after(this.delay, () => {
      server.work(entry.job).then(
        ({ answer }) => {
          over({ kind: 'answered', answer });
        },
        (error: unknown) => {
          over({ kind: 'failed', reason: String(error) });
        },
      );
    });
  }

  #jobs(lane: string): Map<string, Entry> {
    const jobs = this.#lanes.get(lane) ?? new Map<string, Entry>();
    this.#lanes.set(lane, jobs);
    return jobs;
  }

  #queue(lane: string): string[] {
    const waiting = this.#waiting.get(lane) ?? [];
    this.#waiting.set(lane, waiting);
    return waiting;
  }
}

/** One process's end of it. */
export class MemoryTransport implements Transport {
  readonly size = 1;
  readonly register: Register;
  readonly #blobs: BlobStore;
  readonly #broker: MemoryBroker;
  readonly #channels = new Set<string>();
  #hearing: Hearing | undefined;
  /** Whether anything gets through; what is told while nothing does is lost. */
  isUp = true;

  constructor(broker: MemoryBroker) {
    this.#broker = broker;
    this.register = {
      note: (_, name, text) => this.#later(() => void broker.register.set(name, text)),
      find: (name) =>
        this.#later(() => {
          const text = broker.register.get(name);
          return text === undefined ? [] : [text];
        }),
      forget: (names) =>
        this.#later(() => {
          for (const name of names) broker.register.delete(name);
        }),
    };
    this.#blobs = {
      put: (name, bytes) => this.#later(() => void broker.blobs.set(name, bytes)),
      get: (name) => this.#later(() => broker.blobs.get(name)),
      drop: (name) => this.#later(() => void broker.blobs.delete(name)),
    };
  }

  addressOf(): string {
    return 'memory';
  }

  blobsOf(): BlobStore {
    return this.#blobs;
  }

  /** Cuts the process off, or connects it again. */
  setUp(isUp: boolean): void {
    if (this.isUp === isUp) return;
    this.isUp = isUp;
    this.#hearing?.changed(isUp, 0);
  }

  deliver(channel: string, message: string): void {
    if (this.isUp && this.#channels.has(channel)) this.#hearing?.heard(message, 0);
  }

  open(channels: readonly string[], hearing: Hearing): Promise<void> {
    this.#hearing = hearing;
    for (const channel of channels) this.#channels.add(channel);
    return this.#later(() => undefined);
  }

  tell(channel: string, message: string): Promise<void> {
    return this.#later(() => {
      this.#broker.publish(channel, message);
    });
  }

  send(lane: string, job: Job): Promise<void> {
    return this.#later(() => {
      this.#broker.send(lane, job);
    });
  }

  withdraw(lane: string, id: string): Promise<boolean> {
    return this.#later(() => this.#broker.withdraw(lane, id));
  }

  look(lane: string, id: string): Promise<JobState> {
    return this.#later(() => this.#broker.look(lane, id));
  }

  serve(terms: ServingTerms): Promise<Serving> {
    const server: Server = { ...terms, end: this, busy: 0, isStopped: false };
    return this.#later(() => {
      this.#broker.serve(server);
      return {
        resize: (slots) => {
          server.slots = slots;
          this.#broker.dispatch();
        },
        stop: async () => {
          server.isStopped = true;
          while (server.busy > 0) {
            await new Promise<void>((resolve) => {
              this.#broker.clock.after(1, resolve);
            });
          }
        },
      };
    });
  }

  close(): Promise<void> {
    this.#channels.clear();
    return Promise.resolve();
  }

  #later<Value>(work: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#broker.clock.after(this.#broker.delay, () => {
        if (this.isUp) resolve(work());
        else reject(new Error('there is no connection'));
      });
    });
  }
}
