/** All that a worker takes from Node; a browser build replaces this file. */
import {
  getEnvironmentData,
  isMainThread,
  type MessagePort,
  receiveMessageOnPort,
  setEnvironmentData,
  workerData,
} from 'node:worker_threads';
import { environmentMark, type ToWorker, workerMark } from '../wire/messages.ts';
import type { RunnerPort } from './task-runner.ts';

/** A port as it is handed over. */
export type HostPort = MessagePort;

/** Calls `start` where this code runs in a thread of a pool. */
export function ifPoolThread(start: () => void): void {
  if (isMainThread) return;
  const isOwn = (workerData as Partial<typeof workerMark> | null)?.millrace === workerMark.millrace;
  const isMade = getEnvironmentData(environmentMark) === 1;
  // Workers that this one starts get a copy, and are no threads of a pool.
  if (isMade) setEnvironmentData(environmentMark, undefined);
  if (isOwn || isMade) start();
}

/** The port as the runner wants it. */
export function runnerPort(port: HostPort): RunnerPort {
  return {
    post: (message, list) => {
      port.postMessage(message, list as readonly ArrayBuffer[] | undefined);
    },
    receive: () => (receiveMessageOnPort(port) as { readonly message: ToWorker } | undefined)?.message,
    later: (work) => {
      setImmediate(work);
    },
  };
}

/** Calls `handle` with every message; one that can't be read is an uncaught error, after `fail` has heard of it. */
export function listen(port: HostPort, handle: (message: ToWorker) => void, fail: () => void): void {
  port.on('message', handle);
  port.on('messageerror', (error) => {
    fail();
    throw error;
  });
}

/**
 * Gives uncaught errors and rejections back their default, the end of the thread: threads.js has put listeners
 * on them that swallow them.
 */
export function announceEnds(): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (String(listener).includes('postUncaughtErrorMessage')) process.off(event, listener);
    }
  }
}
