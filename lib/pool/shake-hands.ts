import { longestDuration } from '../base/durations.ts';
import type { Handshake } from '../wire/messages.ts';
import {
  assertStartable,
  backgroundTimer,
  type NodeWorker,
  type ThreadPort,
  withoutSignalHandlers,
} from './node-worker.ts';

type Library = typeof import('threads');
type Remote = Partial<Pick<Handshake<ThreadPort>, 'connect'>>;

let loading: Promise<Library> | undefined;

/**
 * Loads threads.js once, when a pool first needs it: it leaves handlers of SIGINT and SIGTERM behind that end
 * the process, which are taken back.
 */
export async function loadThreads(): Promise<Library> {
  assertStartable();
  loading ??= withoutSignalHandlers(
    (handler) => handler.includes('terminateWorkersAndMaster'),
    () => import('threads'),
  );
  return loading;
}

/**
 * Waits for a thread to expose its tasks, hands the port over and gives the tasks' names.
 *
 * Rejects where the thread dies first, exposes something else, or takes longer than `timeout` ms. It doesn't
 * end the thread.
 */
export async function shakeHands(
  library: Library,
  worker: NodeWorker,
  port: ThreadPort,
  control: Int32Array,
  timeout: number,
): Promise<ReadonlySet<string>> {
  let stopTimer: (() => void) | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    stopTimer = backgroundTimer(timeout, () => {
      reject(new Error(`it didn't call exposeTasks() within ${String(timeout)} ms`));
    });
    worker.once('exit', () => {
      reject(new Error('it exited'));
      // threads.js would wait on, and keep the process alive with its own timer: give it what it waits for.
      worker.deliver({ type: 'init', exposed: { type: 'module', methods: [] } });
    });
  });
  try {
    return new Set(await Promise.race([tooLate, connect(library, worker, port, control)]));
  } finally {
    stopTimer?.();
  }
}

async function connect(
  library: Library,
  worker: NodeWorker,
  port: ThreadPort,
  control: Int32Array,
): Promise<readonly string[]> {
  // Its own timeout would end before the port is handed over.
  const remote = await library.spawn<Remote>(worker, { timeout: longestDuration });
  if (typeof remote.connect !== 'function') {
    throw new Error("its tasks aren't exposed with exposeTasks() of 'millrace/worker'");
  }
  return remote.connect(library.Transfer(port, [port]), control);
}
