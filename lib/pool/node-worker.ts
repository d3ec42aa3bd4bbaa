/** All that the pool takes from Node; a browser build replaces this file. */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  setEnvironmentData,
  Worker,
} from 'node:worker_threads';
import { inStages } from '../base/clock.ts';
import { inspectValue } from '../base/inspect.ts';
import { environmentMark, type FromWorker, workerMark } from '../wire/messages.ts';
import type { MadeWorker, WorkerSource } from './worker-source.ts';

type Listener = (event: { readonly data: unknown }) => void;

/** The main side's end of the channel to a thread. */
export type ThreadPort = MessagePort;

/**
 * A `node:worker_threads` worker with the DOM-style listeners threads.js asks for.
 *
 * Used in place of threads' own `Worker`, which joins every path to the caller's
 * directory (absolute paths and URLs fail), hides `error` and `exit`, and is never let go of.
 */
export interface NodeWorker extends Worker {
  addEventListener(type: string, listener: Listener): void;
  removeEventListener(type: string, listener: Listener): void;
  /**
   * Gives a message to everyone who listens, as if the thread had sent it. Works after the thread's exit too, of
   * which Node tells when it has taken all listeners away.
   */
  deliver(data: unknown): void;
}

function withListeners(worker: Worker): NodeWorker {
  const wrappers = new Map<Listener, (data: unknown) => void>();
  return Object.assign(worker, {
    addEventListener(type: string, listener: Listener): void {
      const wrapper = (data: unknown): void => {
        listener({ data });
      };
      wrappers.set(listener, wrapper);
      worker.on(type, wrapper);
    },
    removeEventListener(type: string, listener: Listener): void {
      const wrapper = wrappers.get(listener);
      if (wrapper === undefined) return;
      wrappers.delete(listener);
      worker.off(type, wrapper);
    },
    deliver(data: unknown): void {
      for (const wrapper of wrappers.values()) wrapper(data);
    },
  });
}

/**
 * Throws where no thread can be started here, whatever its module: threads.js finds Node's own modules by `eval`, and
 * would take the thread for the main one.
 */
export function assertStartable(): void {
  try {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- whether it is allowed is the question
    new Function('');
  } catch (cause) {
    throw new Error(
      'threads.js has to make code from strings, which this process forbids: start Node without --disallow-code-generation-from-strings',
      { cause },
    );
  }
}

/** Starts a thread. Throws where the source or the limits are none that Node takes. */
export function startWorker(
  source: WorkerSource,
  name: string,
  resourceLimits: Readonly<Record<string, number>> | undefined,
): NodeWorker {
  if (typeof source === 'function') return withListeners(madeBy(source, resourceLimits));
  return withListeners(
    new Worker(source, { name, workerData: workerMark, ...(resourceLimits && { resourceLimits }) }),
  );
}

function madeBy(
  make: () => MadeWorker,
  resourceLimits: Readonly<Record<string, number>> | undefined,
): Worker {
  if (resourceLimits !== undefined) {
    throw new Error("the memory of a worker that a function has made can't be limited: limit it there");
  }
  // A worker gets a copy of it as it is made, so that it knows without a word of whoever makes it.
  setEnvironmentData(environmentMark, 1);
  try {
    const worker = make();
    if (worker instanceof Worker) return worker;
    throw new TypeError(
      `the function has to make a Worker of 'node:worker_threads', and gave ${inspectValue(worker)}`,
    );
  } finally {
    setEnvironmentData(environmentMark, undefined);
  }
}

/** Makes the two ends of a channel; the main side's doesn't keep the process alive. */
export function createChannel(
  receive: (message: FromWorker) => void,
  fail: (error: Error) => void,
): { readonly near: ThreadPort; readonly far: ThreadPort } {
  const { port1: near, port2: far } = new MessageChannel();
  near.on('message', receive);
  near.on('messageerror', fail);
  near.unref();
  return { near, far };
}

/** Takes a message that has arrived but wasn't delivered yet. */
export function receiveNow(port: ThreadPort): FromWorker | undefined {
  return (receiveMessageOnPort(port) as { readonly message: FromWorker } | undefined)?.message;
}

/** A timer that doesn't keep the process alive; the returned function stops it. */
export const backgroundTimer = inStages((ms, work) => {
  const timer = setTimeout(work, ms).unref();
  return () => {
    clearTimeout(timer);
  };
});

/** Tells the host about something that went wrong and concerns no one in particular. */
export function warn(error: Error): void {
  process.emitWarning(error);
}

/** Calls `work` and takes back the handlers of signals that it leaves behind and `isUnwanted` knows. */
export async function withoutSignalHandlers<Result>(
  isUnwanted: (handler: string) => boolean,
  work: () => Promise<Result>,
): Promise<Result> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const before = new Map(signals.map((signal) => [signal, new Set<unknown>(process.listeners(signal))]));
  try {
    return await work();
  } finally {
    for (const signal of signals) {
      for (const listener of process.listeners(signal)) {
        if (before.get(signal)?.has(listener) !== true && isUnwanted(String(listener)))
          process.off(signal, listener);
      }
    }
  }
}
