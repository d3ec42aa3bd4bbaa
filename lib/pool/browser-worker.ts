/** All that the pool takes from a browser; the build puts it in the place of `node-worker.ts` there. */
import { inStages } from '../base/clock.ts';
import { browserMark, closedMark, madeMark } from '../wire/browser-mark.ts';
import type { FromWorker } from '../wire/messages.ts';
import type { WorkerSource } from './worker-source.ts';

interface MessageFromWorker {
  readonly data: unknown;
}

/** What an uncaught error in a worker says here; nothing at all where its module didn't load. */
interface FaultEvent {
  readonly message?: string;
  readonly filename?: string;
  readonly lineno?: number;
  preventDefault(): void;
}

interface WebWorker {
  onmessage: ((event: MessageFromWorker) => void) | null;
  onerror: ((event: FaultEvent) => void) | null;
  postMessage(message: unknown, list: readonly object[]): void;
  terminate(): void;
}

/** The main side's end of the channel to a thread. */
export interface ThreadPort {
  onmessage: ((event: { readonly data: FromWorker }) => void) | null;
  onmessageerror: ((event: unknown) => void) | null;
  postMessage(message: unknown, list?: readonly object[]): void;
  close(): void;
}

interface BrowserScope {
  readonly Worker: new (
    url: URL | string,
    options: { readonly type: 'module'; readonly name: string },
  ) => WebWorker;
  readonly MessageChannel: new () => { readonly port1: ThreadPort; readonly port2: ThreadPort };
  readonly console: { warn(error: Error): void };
}

const scope = globalThis as unknown as BrowserScope;

type Listener = (event: MessageFromWorker) => void;
type Heard = 'error' | 'exit';

/** How often a worker that somebody else has named is told that it is a pool's, in ms. */
const tellInterval = 20;

/** The exit code of a worker that an uncaught error has ended, as in Node. */
const faulted = 1;

/** The exit code of a worker that has closed itself. */
const closed = 0;

/**
 * A Web Worker with the events of Node's.
 *
 * 1. An uncaught error ends the worker, as in Node; a browser alone would let it go on.
 * 2. `exit` comes exactly once, in a task of its own, after the messages that have arrived by then.
 */
export class BrowserWorker {
  readonly #worker: WebWorker;
  readonly #listeners = new Map<Listener, string>();
  readonly #heard: Readonly<Record<Heard, Set<(value: never) => void>>> = {
    error: new Set(),
    exit: new Set(),
  };
  #exit: Promise<number> | undefined;
  #stopTelling: (() => void) | undefined;

  constructor(source: WorkerSource, name: string) {
    const isMade = typeof source === 'function';
    this.#worker = isMade
      ? (source() as unknown as WebWorker)
      : new scope.Worker(source, { type: 'module', name: browserMark + name });
    if (isMade) this.#tellItIsMade();
    this.#worker.onmessage = ({ data }) => {
      if (isReady(data)) this.#stopTelling?.();
      if (data === closedMark) void this.#end(closed);
      else this.deliver(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#tell('error', errorOf(event, isMade ? 'the worker that a function has made' : source));
      void this.#end(faulted);
    };
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(listener, type);
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.#listeners.delete(listener);
  }

  on(event: 'error', listener: (error: Error) => void): this;
  on(event: 'exit', listener: (code: number) => void): this;
  on(event: Heard, listener: (value: never) => void): this {
    this.#heard[event].add(listener);
    return this;
  }

  once(event: 'exit', listener: (code: number) => void): this {
    return this.on(event, listener);
  }

  /** Gives a message to everyone who listens, as if the thread had sent it. */
  deliver(data: unknown): void {
    for (const [listener, type] of this.#listeners) if (type === 'message') listener({ data });
  }

  postMessage(message: unknown, list: readonly object[] = []): void {
    this.#worker.postMessage(message, list);
  }

  terminate(): Promise<number> {
    return this.#end(faulted);
  }

  /** A page isn't kept open by its workers. */
  ref(): void {
    // Nothing to hold.
  }

  unref(): void {
    // Nothing to let go of.
  }

  /** Again and again, as nobody listens before the module has come to its `exposeTasks`. */
  #tellItIsMade(): void {
    this.#worker.postMessage(madeMark, []);
    const timer = setInterval(() => {
      this.#worker.postMessage(madeMark, []);
    }, tellInterval);
    this.#stopTelling = () => {
      clearInterval(timer);
    };
  }

  #end(code: number): Promise<number> {
    this.#stopTelling?.();
    this.#exit ??= new Promise((resolve) => {
      this.#worker.terminate();
      setTimeout(() => {
        this.#tell('exit', code);
        resolve(code);
      });
    });
    return this.#exit;
  }

  #tell(event: Heard, value: unknown): void {
    for (const listener of this.#heard[event]) listener(value as never);
  }
}

export type { BrowserWorker as NodeWorker };

/** Whether threads.js says that the module has exposed its tasks. */
function isReady(data: unknown): boolean {
  return (Object(data) as { readonly type?: unknown }).type === 'init';
}

function errorOf({ message, filename, lineno }: FaultEvent, url: URL | string): Error {
  if (message === undefined || message === '') return new Error(`${String(url)} couldn't be loaded`);
  return new Error(`${message} (${String(filename)}:${String(lineno)})`);
}

/** A browser's threads need nothing that a page may forbid, but for the worker itself, which says so. */
export function assertStartable(): void {
  // Nothing to look for.
}

/** Starts a worker. Throws where limits are asked for: a browser has none. */
export function startWorker(
  source: WorkerSource,
  name: string,
  resourceLimits: Readonly<Record<string, number>> | undefined,
): BrowserWorker {
  if (resourceLimits !== undefined) {
    throw new Error("a browser can't limit a worker's memory: leave resourceLimits and memory out there");
  }
  return new BrowserWorker(source, name);
}

/** Makes the two ends of a channel. */
export function createChannel(
  receive: (message: FromWorker) => void,
  fail: (error: Error) => void,
): { readonly near: ThreadPort; readonly far: ThreadPort } {
  const { port1: near, port2: far } = new scope.MessageChannel();
  near.onmessageerror = () => {
    fail(new Error("a message can't be read here"));
  };
  // Setting it starts the port.
  near.onmessage = ({ data }) => {
    receive(data);
  };
  return { near, far };
}

/**
 * No browser lets a message be taken before its turn, so there is never one: an outcome that arrives as the grace
 * period ends may come too late, and its thread be replaced for nothing.
 */
export function receiveNow(_port: ThreadPort): FromWorker | undefined {
  return undefined;
}

/** A timer; the returned function stops it. */
export const backgroundTimer = inStages((ms, work) => {
  const timer = setTimeout(work, ms);
  return () => {
    clearTimeout(timer);
  };
});

/** Tells the host about something that went wrong and concerns no one in particular. */
export function warn(error: Error): void {
  scope.console.warn(error);
}

/** Calls `work`: a page has no signals. */
export function withoutSignalHandlers<Result>(
  _isUnwanted: (handler: string) => boolean,
  work: () => Promise<Result>,
): Promise<Result> {
  return work();
}
