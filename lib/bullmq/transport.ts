/** A task to do: what it is, and all that whoever does it needs to know. */
export interface Job {
  /** Tells it from every other job there ever is. */
  readonly id: string;
  /** The name of the task, for dashboards. */
  readonly name: string;
  /** What dashboards show of it. */
  readonly shown: Readonly<Record<string, string | number>>;
  /** JSON. */
  readonly body: string;
}

/** What became of a job: it waits, somebody is at it, it has come to an answer, it was given up, or nobody knows of it. */
export type JobState =
  | { readonly kind: 'waiting' | 'active' | 'unknown' }
  | { readonly kind: 'answered'; readonly answer: string }
  /** `reason` is absent where that is only that its worker is gone. */
  | { readonly kind: 'failed'; readonly reason: string | undefined };

/** What doing a job has come to. */
export interface JobOutcome {
  readonly answer: string;
  /** Why dashboards show it as failed; absent where they don't. */
  readonly failure: string | undefined;
}

/** How jobs are worked off. */
export interface ServingTerms {
  readonly lane: string;
  /** How many at once. */
  readonly slots: number;
  /** What is called a worker's name in dashboards. */
  readonly name: string;
  /** How long, in ms, a job belongs to whoever has taken it without a sign of life. */
  readonly leaseMs: number;
  /** Does a job; its answer is kept for a while. Where it rejects, there is none. */
  readonly work: (job: Job) => Promise<JobOutcome>;
}

/** Jobs that are being worked off. */
export interface Serving {
  /** From now on takes so many at once. */
  resize(slots: number): void;
  /** Takes no further ones, and ends when those that were taken are over. */
  stop(): Promise<void>;
}

/** What hears what is told. */
export interface Hearing {
  /** @param shard - which server it has come by, of several */
  heard(message: string, shard: number): void;
  /** Messages get through again, or no longer; those told meanwhile are lost. */
  changed(isUp: boolean, shard: number): void;
}

/** Where values lie that are too large for a message. */
export interface BlobStore {
  /** Keeps bytes under a name, for a day at least unless they are dropped before. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** The bytes; `undefined` where there are none of that name. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** They are of no use any more. */
  drop(name: string): Promise<void>;
}

/** Where is written down, for later processes, what was sent. */
export interface Register {
  /** Writes something down under a name, for a day at least. It is there before what is sent after it. */
  note(lane: string, name: string, text: string): Promise<void>;
  /** All that was written down under a name. */
  find(name: string): Promise<readonly string[]>;
  forget(names: readonly string[]): Promise<void>;
}

/**
 * How coordinator and workers reach each other: jobs in lanes, each of which one worker gets, and messages, which everyone gets who
 * listens just then.
 *
 * 1. A job is given to one worker, once. One whose worker is gone is never given to another.
 * 2. Messages of one teller in one channel are heard in order, or not at all.
 */
export interface Transport {
  /** To how many servers it leads. */
  readonly size: number;
  /** Where one of them is, for messages: without user and password. */
  addressOf(shard: number): string;
  readonly register: Register;
  /** Where values of jobs of a lane lie. */
  blobsOf(lane: string): BlobStore;
  /**
   * Connects, and hears channels from then on.
   *
   * **Errors:** `QueueUnavailableError` where nobody answers within a second.
   */
  open(channels: readonly string[], hearing: Hearing): Promise<void>;
  /** Tells those who listen; settles when it is on its way. */
  tell(channel: string, message: string): Promise<void>;
  /** Adds a job at the end of a lane. One of an id that there is already changes nothing. */
  send(lane: string, job: Job): Promise<void>;
  /** Takes a job back that nobody has taken; false where somebody has. */
  withdraw(lane: string, id: string): Promise<boolean>;
  look(lane: string, id: string): Promise<JobState>;
  /** Works jobs off, one lane a process. */
  serve(terms: ServingTerms): Promise<Serving>;
  close(): Promise<void>;
}
