import { EMPTY, from, map, mergeMap, NEVER, of, throwError, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { offload } from '../../operators/offload.ts';
import { outputOf, outputsOf } from './support/outcome.ts';
import { openGate, raised, sharedWord, taskPool, until } from './support/pools.ts';

test('each value goes through the task', async () => {
  const outputs = await outputOf(
    from([1, 2, 3, 4]).pipe(offload(taskPool({ size: 2 }), 'double'), toArray()),
  );
  expect(outputs.sort((left, right) => left - right)).toStrictEqual([2, 4, 6, 8]);
});

test('outputs come in the order in which tasks finish', async () => {
  const words = [sharedWord(), sharedWord()] as const;
  const outputs: unknown[] = [];
  const pool = taskPool({ size: 2 });
  from(words.entries())
    .pipe(
      mergeMap(([index, word]) =>
        of(word).pipe(
          offload(pool, 'gate'),
          map(() => index),
        ),
      ),
    )
    .subscribe({ next: (index) => outputs.push(index), error: (error: unknown) => outputs.push(error) });
  await raised(words[0], 1);
  await raised(words[1], 1);
  openGate(words[1]);
  await until(() => outputs.length === 1);
  openGate(words[0]);
  await until(() => outputs.length === 2);
  expect(outputs).toStrictEqual([1, 0]);
});

test('concurrency limits how many values are in the pool', async () => {
  const pool = taskPool({ size: 2 });
  const words = [sharedWord(), sharedWord()] as const;
  const done = outputsOf(from(words).pipe(offload(pool, 'gate', { concurrency: 1 })));
  await raised(words[0], 1);
  expect(pool.stats()).toMatchObject({ running: 1, queued: 0 });
  openGate(words[0]);
  await raised(words[1], 1);
  openGate(words[1]);
  expect(await done).toStrictEqual([2, 2]);
});

test('unsubscribing cancels what runs and what waits', async () => {
  const pool = taskPool({ size: 1, gracePeriod: '1m' });
  const words = [sharedWord(), sharedWord()] as const;
  const running = from(words).pipe(offload(pool, 'cooperative')).subscribe();
  await raised(words[0], 1);
  running.unsubscribe();
  await raised(words[0], 2);
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(Atomics.load(words[1], 0)).toBe(0);
});

test('the first error ends it, of a task or of the source; an empty source completes', async () => {
  const pool = taskPool({ size: 1 });
  await expect(outputsOf(of(1, 2).pipe(offload(pool, 'fail')))).rejects.toThrow('no such flight');
  await expect(outputOf(throwError(() => new Error('source')).pipe(offload(pool, 'echo')))).rejects.toThrow(
    'source',
  );
  expect(await outputsOf(EMPTY.pipe(offload(pool, 'echo')))).toStrictEqual([]);
  NEVER.pipe(offload(pool, 'echo')).subscribe().unsubscribe();
});

test('options that cannot be used are refused at once', () => {
  expect(() => offload(taskPool(), 'double', { concurrency: 0 })).toThrow('concurrency to be a whole number');
  expect(() => offload(taskPool(), 'double', { concurency: 1 } as object)).toThrow(
    "did you mean 'concurrency'?",
  );
  expect(() => offload(taskPool(), 'double', 7 as never)).toThrow('options to be an object');
});
