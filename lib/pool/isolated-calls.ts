import { Dispatcher } from './dispatcher.ts';
import { heapLimits } from './heap-limits.ts';
import type { CallHolder, PoolCall } from './pool-call.ts';
import type { PoolSettings } from './pool-options.ts';
import { sumOfStats, type ThreadStats } from './thread-pool-stats.ts';

/**
 * Runs calls in a thread of their own each, which ends with its call.
 *
 * 1. A call waits in the pool's queue until a thread's place is free (an idle thread makes room), and holds that
 *    place until its own thread has ended: `size` threads are all there ever are.
 * 2. Everything else is a pool of one thread and one call, so starts, crashes and cancels are as everywhere.
 */
export class IsolatedCalls implements CallHolder {
  readonly #pool: Dispatcher;
  readonly #settings: PoolSettings;
  readonly #changed: () => void;
  readonly #running = new Map<PoolCall, Dispatcher>();
  /** What those that are over have counted. */
  #past: ThreadStats = sumOfStats([]);

  constructor(settings: PoolSettings, changed: () => void) {
    this.#settings = settings;
    this.#changed = changed;
    this.#pool = new Dispatcher(settings, changed, (call, release) => {
      this.#run(call, release);
    });
  }

  /** The threads that calls share. */
  get pool(): Dispatcher {
    return this.#pool;
  }

  get stats(): ThreadStats {
    const present = [...this.#running.values()].map((dispatcher) => dispatcher.stats);
    return sumOfStats([this.#pool.stats, this.#past, ...present]);
  }

  submit(call: PoolCall): void {
    this.#pool.submit(call);
  }

  abandon(call: PoolCall, reason: unknown): boolean {
    return (this.#running.get(call) ?? this.#pool).abandon(call, reason);
  }

  /** As for the pool itself, which it closes. */
  close(drain: boolean): Promise<void> {
    const closed = this.#pool.close(drain);
    if (!drain) for (const dispatcher of this.#running.values()) void dispatcher.close(false);
    return closed;
  }

  #run(call: PoolCall, release: () => void): void {
    const { isolation } = call.request;
    const { resourceLimits } = this.#settings;
    const dispatcher = new Dispatcher(
      {
        ...this.#settings,
        size: 1,
        resourceLimits:
          isolation?.memory === undefined
            ? resourceLimits
            : { ...resourceLimits, ...heapLimits(isolation.memory) },
      },
      this.#changed,
    );
    this.#running.set(call, dispatcher);
    dispatcher.submit(call);
    void dispatcher.close(true).then(() => {
      this.#running.delete(call);
      const { started, crashed, replaced } = dispatcher.stats;
      this.#past = sumOfStats([this.#past, { ...sumOfStats([]), started, crashed, replaced }]);
      release();
    });
  }
}
