import type { BatchObservableResult, Meter } from '@opentelemetry/api';
import { Subscription } from 'rxjs';
import { OptionChecker } from '../base/option-checker.ts';
import type { RemoteStats } from '../bullmq/remote-stats.ts';
import type { ThreadPoolStats } from '../pool/thread-pool-stats.ts';
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
function placesOf(meter: Meter) {
  return {
    limit: meter.createObservableUpDownCounter('millrace.pool.limit', {
      description: 'How many calls a pool can work on at once',
      unit: '{call}',
    }),
    usage: meter.createObservableUpDownCounter('millrace.pool.usage', {
      description: 'How many calls a pool works on',
      unit: '{call}',
    }),
    utilization: meter.createObservableGauge('millrace.pool.utilization', {
      description: 'The share of its places that a pool uses',
      unit: '1',
    }),
    queued: meter.createObservableUpDownCounter('millrace.pool.queue.length', {
      description: 'How many calls wait for a place',
      unit: '{call}',
    }),
    completed: meter.createObservableCounter('millrace.pool.completed', {
      description: 'How many calls have ended: in a pool of threads, with an output',
      unit: '{call}',
    }),
  };
}

function meterThreads(pool: Extract<MeteredPool, { readonly name: string }>, meter: Meter): Subscription {
  const places = placesOf(meter);
  const threads = meter.createObservableUpDownCounter('millrace.pool.thread.count', {
    description: 'How many threads a pool has',
    unit: '{thread}',
  });
  const lost = meter.createObservableCounter('millrace.pool.thread.replacements', {
    description: 'How many threads were lost: they crashed, or did not stop in time',
    unit: '{thread}',
  });
  const taskDuration = meter.createObservableGauge('millrace.pool.task.duration', {
    description: 'The mean time of the last calls of a task, without the wait',
    unit: 's',
  });
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
  const places = placesOf(meter);
  const workers = meter.createObservableUpDownCounter('millrace.pool.worker.count', {
    description: 'How many worker processes there are',
    unit: '{worker}',
  });
  const lag = meter.createObservableGauge('millrace.pool.queue.lag', {
    description: 'For how long the call that has waited longest has done so',
    unit: 's',
  });
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
