import { metrics } from '@opentelemetry/api';
import { InvalidOptionsError } from 'millrace';
import { meterPool } from 'millrace/opentelemetry';
import { firstValueFrom } from 'rxjs';
import { expect, test } from 'vitest';
import { openGate, raised, sharedWord, taskPool, until } from '../workers/support/pools.ts';
import { prometheus } from './support/prometheus.ts';

test('a pool shows its places, its queue and what its tasks take', async () => {
  const { meter, scrape } = await prometheus();
  const pool = taskPool({ size: 1, name: 'cpu' });
  const metering = meterPool(pool, meter);
  expect(await firstValueFrom(pool.run('double', 2))).toBe(4);
  const word = sharedWord();
  const [held, queued] = [firstValueFrom(pool.run('gate', word)), firstValueFrom(pool.run('echo', 1))];
  await raised(word, 1);
  await until(() => pool.stats().queued === 1);
  const read = await scrape();
  const value = (name: string): unknown => read.of(name)['pool_name=cpu'];
  expect([
    value('millrace_pool_limit'),
    value('millrace_pool_usage'),
    value('millrace_pool_utilization'),
    value('millrace_pool_queue_length'),
  ]).toStrictEqual([1, 1, 1, 1]);
  expect(read.of('millrace_pool_thread_count')).toStrictEqual({
    'pool_name=cpu,thread_state=busy': 1,
    'pool_name=cpu,thread_state=idle': 0,
    'pool_name=cpu,thread_state=starting': 0,
  });
  expect(read.of('millrace_pool_thread_replacements_total')).toStrictEqual({
    'pool_name=cpu,thread_reason=crashed': 0,
    'pool_name=cpu,thread_reason=not-stopped': 0,
  });
  expect(read.of('millrace_pool_completed_total')).toStrictEqual({ 'pool_name=cpu,task_name=double': 1 });
  expect(Object.keys(read.of('millrace_pool_task_duration'))).toStrictEqual([
    'pool_name=cpu,task_name=double',
  ]);
  openGate(word);
  await Promise.all([held, queued]);
  metering.unsubscribe();
  expect((await scrape()).of('millrace_pool_queue_length')).toStrictEqual({ 'pool_name=cpu': 1 });
});

test('so do the tasks of a queue', async () => {
  const { meter, scrape } = await prometheus();
  let slots = 0;
  meterPool(
    {
      queue: 'render',
      stats: () => ({ workers: 2, slots, queued: 3, running: 4, lag: 1500, completed: 5, dropped: 0 }),
    },
    meter,
  );
  const utilization = async (): Promise<unknown> =>
    (await scrape()).of('millrace_pool_utilization')['pool_name=remote:render'];
  expect(await utilization()).toBe(0);
  slots = 8;
  expect(await utilization()).toBe(0.5);
  const read = await scrape();
  expect(
    ['limit', 'usage', 'queue_length', 'worker_count', 'queue_lag', 'completed_total'].map(
      (name) => read.of(`millrace_pool_${name}`)['pool_name=remote:render'],
    ),
  ).toStrictEqual([8, 4, 3, 2, 1.5, 5]);
});

test.for([
  [undefined, metrics.getMeter('none'), 'the pool'],
  [{}, metrics.getMeter('none'), 'the pool'],
  [{ name: 'p', stats: () => ({}) }, {}, 'the meter'],
])('%o and %o are refused', ([pool, meter, culprit]) => {
  const call = (): unknown => meterPool(pool as never, meter as never);
  expect(call).toThrow(InvalidOptionsError);
  expect(call).toThrow(culprit);
});
