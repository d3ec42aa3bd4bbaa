import { AsyncLocalStorage } from 'node:async_hooks';
import { step, workflow } from 'millrace';
import type { Observable } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import { CancellationToken } from '../../lib/base/cancellation.ts';
import { threadPool } from '../../lib/pool/thread-pool.ts';
import type { tasks as streamTasks } from './fixtures/streams.worker.ts';
import { tasks } from './fixtures/tasks.worker.ts';
import { raised, sharedWord, taskPool, workerUrl } from './support/pools.ts';

const tenant = new AsyncLocalStorage<string>();

/** Subscribes as a tenant; gives all that was heard, and as whom, once it has ended. */
function heardBy(name: string, source$: Observable<unknown>): Promise<string[]> {
  return new Promise((resolve) => {
    const heard: string[] = [];
    const note = (what: string): void => {
      heard.push(`${what} ${tenant.getStore() ?? 'nobody'}`);
    };
    tenant.run(name, () => {
      source$.subscribe({
        next: () => {
          note('next');
        },
        error: () => {
          note('error');
          resolve(heard);
        },
        complete: () => {
          note('complete');
          resolve(heard);
        },
      });
    });
  });
}

const heardAs = (name: string, ...what: string[]): string[] => what.map((each) => `${each} ${name}`);

test('two tenants who share a thread hear what is theirs, whoever started it', async () => {
  const pool = taskPool({ size: 1 });
  const told: string[] = [];
  const note = (): void => {
    told.push(tenant.getStore() ?? 'nobody');
  };
  const report$ = pool.run('report', undefined, { onProgress: note, onLog: note });
  const heard = await Promise.all([
    heardBy('first', pool.run('double', 1)),
    heardBy('second', pool.run('double', 2)),
    heardBy('second', pool.run('fail')),
    heardBy('first', pool.run('unclonableOutput')),
    heardBy('third', report$),
    heardBy('second', pool.run('nope' as 'now')),
    heardBy(
      'first',
      pool.run('echo', () => 1),
    ),
  ]);
  expect(heard).toEqual([
    heardAs('first', 'next', 'complete'),
    heardAs('second', 'next', 'complete'),
    heardAs('second', 'error'),
    heardAs('first', 'error'),
    heardAs('third', 'next', 'complete'),
    heardAs('second', 'error'),
    heardAs('first', 'error'),
  ]);
  expect(told).toEqual(['third', 'third', 'third', 'third']);
  expect(pool.stats().started).toBe(1);
});

test('a cancel, a close and a crash are heard by the tenant, whoever does them', async () => {
  const pool = taskPool({ size: 1 });
  const word = sharedWord();
  const token = new CancellationToken();
  const cancelled = heardBy('first', pool.run('cooperative', word, { token }));
  await raised(word, 1);
  tenant.run('second', () => {
    token.cancel();
  });
  expect(await cancelled).toEqual(heardAs('first', 'error'));
  const waiting = heardBy('first', pool.run('waitForSignal', sharedWord()));
  await tenant.run('second', () => pool.close());
  expect(await waiting).toEqual(heardAs('first', 'error'));
});

test('what runs here is heard by its tenant too', async () => {
  const pool = taskPool({ tasks });
  expect(
    await Promise.all([
      heardBy('first', pool.run('later', 1, { inline: 'always' })),
      heardBy('second', pool.run('failLater', undefined, { inline: 'always' })),
    ]),
  ).toEqual([heardAs('first', 'next', 'complete'), heardAs('second', 'error')]);
});

test('the values of a stream, and its listeners, are those of who reads it', async () => {
  const pool = threadPool<typeof streamTasks>(workerUrl('streams'), { size: 1 });
  onTestFinished(() => pool.close());
  const read = (name: string): Promise<unknown[]> =>
    tenant.run(name, async () => {
      const seen: unknown[] = [];
      for await (const value of pool.stream('list', [1, 2])) seen.push([value, tenant.getStore()]);
      return seen;
    });
  expect(await Promise.all([read('first'), read('second')])).toEqual(
    ['first', 'second'].map((name) => [1, 2].map((value) => [value, name])),
  );
});

test('the steps of two runs that share a thread go on as their own tenants', async () => {
  const pool = taskPool({ size: 1 });
  const doubled = step('doubled', pool.task('now'));
  const seen = step('seen', { doubled }, () => tenant.getStore());
  const run = (name: string): Promise<unknown> =>
    tenant.run(name, () => workflow('tenants', { seen }).run().result());
  expect(await Promise.all([run('first'), run('second')])).toEqual([{ seen: 'first' }, { seen: 'second' }]);
});

test('statistics are heard by who subscribed to them, whoever changes them', async () => {
  const pool = taskPool({ size: 1 });
  const stats = heardBy('watcher', pool.stats$);
  await heardBy('first', pool.run('now'));
  await tenant.run('second', () => pool.close());
  const heard = await stats;
  expect(new Set(heard)).toEqual(new Set(heardAs('watcher', 'next', 'complete')));
});
