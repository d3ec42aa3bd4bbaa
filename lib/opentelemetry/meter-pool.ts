import type { BatchObservableResult, Meter } from '@opentelemetry/api';
import { Subscription } from 'rxjs';
import { OptionChecker } from '../base/option-checker.ts';
import type { RemoteStats } from '../bullmq/remote-stats.ts';
import type { ThreadPoolStats } from '../pool/thread-pool-stats.ts';
import { makersOf } from './instruments.ts';
import { checkMeter } from './meter-runs.ts';

/** What is measured: a pool of threads, or the tasks of a queue. */
export type MeteredPool =
  | {
      /** What the pool is called. */
      readonly name: string;
      /** What it is doing now. */
      stats(): ThreadPoolStats;
    }
  | {
      /** What the queue is called. */
      readonly queue: string;
      /** What is going on now. */
      stats(): RemoteStats;
    };

/**
 * Measures a pool of threads, or the tasks of a queue (`remoteTasks`), with an OpenTelemetry meter: places in use beside those there are, calls
 * that run and wait, what was done, how long tasks take, and threads that were lost. It reads `stats()` when the meter is read, and holds nothing.
 *
 * Names, units and attributes are listed in the documentation.
 *
 * @returns a subscription: leaving it ends the measuring
 * @throws InvalidOptionsError where the pool or the meter can't be used
 * @example
 * ```ts
 * import { metrics } from '@opentelemetry/api';
 *
 * meterPool(pool, metrics.getMeter('flights'));
 * ```
 */
export function meterPool(pool: MeteredPool, meter: Meter): Subscription {
  const checker = new OptionChecker();
  checkMeter(checker, meter);
  if (typeof (pool as Partial<MeteredPool> | null | undefined)?.stats !== 'function')
    checker.fail('the pool', 'a thread pool, or remote tasks', pool);
  checker.throwIfAny('meterPool');
  return 'queue' in pool ? meterQueue(pool, meter) : meterThreads(pool, meter);
}

/** What pools of both kinds have. */
function placesOf(make: ReturnType<typeof makersOf>) {
  return {
    limit: make.readUpDown('millrace.pool.limit', 'How many calls a pool can work on at once', '{call}'),
    usage: make.readUpDown('millrace.pool.usage', 'How many calls a pool works on', '{call}'),
    utilization: make.readGauge('millrace.pool.utilization', 'The share of its places that a pool uses', '1'),
    queued: make.readUpDown('millrace.pool.queue.length', 'How many calls wait for a place', '{call}'),
    completed: make.readCounter(
      'millrace.pool.completed',
      'How many calls have ended: in a pool of threads, with an output',
      '{call}',
    ),
  };
}

function meterThreads(pool: Extract<MeteredPool, { readonly name: string }>, meter: Meter): Subscription {
  const make = makersOf(meter);
  const places = placesOf(make);
  const threads = make.readUpDown('millrace.pool.thread.count', 'How many threads a pool has', '{thread}');
  const lost = make.readCounter(
    'millrace.pool.thread.replacements',
    'How many threads were lost: they crashed, or did not stop in time',
    '{thread}',
  );
  const taskDuration = make.readGauge(
    'millrace.pool.task.duration',
    'The mean time of the last calls of a task, without the wait',
    's',
  );
  const ofPool = { 'millrace.pool.name': pool.name };
  return observing(meter, [...Object.values(places), threads, lost, taskDuration], (result) => {
    const { size, busy, idle, starting, running, queued, crashed, replaced, tasks } = pool.stats();
    result.observe(places.limit, size, ofPool);
    result.observe(places.usage, running, ofPool);
    result.observe(places.utilization, running / size, ofPool);
    result.observe(places.queued, queued, ofPool);
    for (const [state, count] of Object.entries({ busy, idle, starting }))
      result.observe(threads, count, { ...ofPool, 'millrace.thread.state': state });
    for (const [reason, count] of Object.entries({ crashed, 'not-stopped': replaced - crashed }))
      result.observe(lost, count, { ...ofPool, 'millrace.thread.reason': reason });
    for (const [name, { completed, meanMs }] of Object.entries(tasks)) {
      const ofTask = { ...ofPool, 'millrace.task.name': name };
      result.observe(places.completed, completed, ofTask);
      result.observe(taskDuration, meanMs / 1000, ofTask);
    }
  });
}

function meterQueue(remote: Extract<MeteredPool, { readonly queue: string }>, meter: Meter): Subscription {
  const make = makersOf(meter);
  const places = placesOf(make);
  const workers = make.readUpDown(
    'millrace.pool.worker.count',
    'How many worker processes there are',
    '{worker}',
  );
  const lag = make.readGauge(
    'millrace.pool.queue.lag',
    'For how long the call that has waited longest has done so',
    's',
  );
  const ofPool = { 'millrace.pool.name': `remote:${remote.queue}` };
  return observing(meter, [...Object.values(places), workers, lag], (result) => {
    const stats = remote.stats();
    result.observe(places.limit, stats.slots, ofPool);
    result.observe(places.usage, stats.running, ofPool);
    result.observe(places.utilization, stats.slots === 0 ? 0 : stats.running / stats.slots, ofPool);
    result.observe(places.queued, stats.queued, ofPool);
    result.observe(places.completed, stats.completed, ofPool);
    result.observe(workers, stats.workers, ofPool);
    result.observe(lag, stats.lag / 1000, ofPool);
  });
}

function observing(
  meter: Meter,
  observed: Parameters<Meter['addBatchObservableCallback']>[1],
  observe: (result: BatchObservableResult) => void,
): Subscription {
  meter.addBatchObservableCallback(observe, observed);
  return new Subscription(() => {
    meter.removeBatchObservableCallback(observe, observed);
  });
}
