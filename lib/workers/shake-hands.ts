import type { Handshake } from '../worker/wire.ts';
import { type NodeWorker, type ThreadPort, withoutSignalHandlers } from './node-worker.ts';

type Library = typeof import('threads');
type Remote = Partial<Pick<Handshake<ThreadPort>, 'connect'>>;

let loading: Promise<Library> | undefined;

/**
 * Loads threads.js once, when a pool first needs it: it leaves handlers of SIGINT and SIGTERM behind that end
 * the process, which are taken back.
 */
export function loadThreads(): Promise<Library> {
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
  control: Int32Array<SharedArrayBuffer>,
  timeout: number,
): Promise<ReadonlySet<string>> {
  const death = new Promise<never>((_, reject) => {
    worker.once('exit', () => {
      reject(new Error('it exited'));
      // threads.js would wait on, and keep the process alive with its timer: give it what it waits for.
      worker.deliver({ type: 'init', exposed: { type: 'module', methods: [] } });
    });
  });
  return new Set(await Promise.race([death, connect(library, worker, port, control, timeout)]));
}

async function connect(
  library: Library,
  worker: NodeWorker,
  port: ThreadPort,
  control: Int32Array<SharedArrayBuffer>,
  timeout: number,
): Promise<readonly string[]> {
  const remote = await library
    .spawn<Remote>(worker, { timeout: Math.max(1, timeout) })
    .catch((error: unknown) => {
      const isTimeout = error instanceof Error && error.message.startsWith('Timeout');
      throw isTimeout ? new Error(`it didn't call exposeTasks() within ${String(timeout)} ms`) : error;
    });
  if (typeof remote.connect !== 'function') {
    throw new Error("its tasks aren't exposed with exposeTasks() of 'millrace/worker'");
  }
  return remote.connect(library.Transfer(port, [port]), control);
}
