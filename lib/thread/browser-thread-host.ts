/** All that a worker takes from a browser; the build puts it in the place of `thread-host.ts` there. */
import { browserMark, closedMark, madeMark } from '../wire/browser-mark.ts';
import type { ToWorker } from '../wire/messages.ts';
import type { RunnerPort } from './task-runner.ts';

/** A port as it is handed over. */
export interface HostPort {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
  onmessageerror: ((event: unknown) => void) | null;
  postMessage(message: unknown, list?: readonly object[]): void;
}

/** What is told of a message, or of a rejection that nobody handles. */
interface WorkerScopeEvent {
  readonly data?: unknown;
  readonly reason?: unknown;
}

interface WorkerScope {
  readonly name?: string;
  readonly document?: unknown;
  close(): void;
  postMessage(message: unknown): void;
  readonly addEventListener: (type: string, listener: (event: WorkerScopeEvent) => void) => void;
  readonly removeEventListener: (type: string, listener: (event: WorkerScopeEvent) => void) => void;
}

const scope = globalThis as unknown as WorkerScope;

/** Calls `start` where this code runs in a thread of a pool; where somebody else has named it, once the pool says so. */
export function ifPoolThread(start: () => void): void {
  if (scope.document !== undefined) return;
  if (scope.name?.startsWith(browserMark) === true) {
    start();
    return;
  }
  const hear = ({ data }: { readonly data?: unknown }): void => {
    if (data !== madeMark) return;
    scope.removeEventListener('message', hear);
    start();
  };
  scope.addEventListener('message', hear);
}

/**
 * The port as the runner wants it. No browser lets a message be taken before its turn, so the runner finds none: a
 * task that sees the flag stops without its reason, which the main side knows.
 */
export function runnerPort(port: HostPort): RunnerPort {
  return {
    post: (message, list = []) => {
      port.postMessage(message, list);
    },
    receive: () => undefined,
    later: (work) => {
      setTimeout(work);
    },
  };
}

/** Calls `handle` with every message; one that can't be read is an uncaught error, after `fail` has heard of it. */
export function listen(port: HostPort, handle: (message: ToWorker) => void, fail: () => void): void {
  port.onmessageerror = () => {
    fail();
    throw new Error("a message can't be read here");
  };
  // Setting it starts the port.
  port.onmessage = ({ data }) => {
    handle(data);
  };
}

/**
 * Makes rejections that nobody handles uncaught errors, which the main side hears of and ends the thread for, and has a
 * thread that closes itself say so: no browser tells.
 */
export function announceEnds(): void {
  const close = scope.close.bind(scope);
  scope.close = () => {
    scope.postMessage(closedMark);
    close();
  };
  scope.addEventListener('unhandledrejection', ({ reason }) => {
    setTimeout(() => {
      throw reason;
    });
  });
}
