import assert from 'node:assert/strict';
import { CancelledError, step, workflow } from 'millrace';
import { mergeMapWithin, offload } from 'millrace/operators';
import { memoryStore } from 'millrace/store';
import { expectLawful } from 'millrace/testing';
import { threadPool } from 'millrace/workers';
import { from, lastValueFrom, of, toArray } from 'rxjs';

const pool = threadPool(new URL('./tasks.js', import.meta.url), { size: 1 });
const one = step('one', () => 1);
const two = step(
  'two',
  { one },
  pool.task('double', ({ one }) => one),
);
assert.deepEqual(await workflow('doubling', { two }).run().result(), { two: 2 });
assert.deepEqual(
  await lastValueFrom(
    from([1, 2, 3]).pipe(
      mergeMapWithin(2, (value) => of(value * 10)),
      toArray(),
    ),
  ),
  [10, 20, 30],
);
assert.deepEqual(await lastValueFrom(of(21).pipe(offload(pool, 'double'), toArray())), [42]);

const kept = { store: memoryStore(), runId: 'kept' };
const first = await workflow('doubling', { two }).run(kept).result();
assert.deepEqual(await workflow('doubling', { two }).run(kept).result(), first);

// One class of everything, whichever entry it comes through.
const token = AbortSignal.abort('no');
await assert.rejects(lastValueFrom(pool.run('double', 1, { signal: token })), CancelledError);

assert.equal(
  (await expectLawful(workflow('lawful', { one }), { durations: { one: '1h' } })).metrics.totalMs,
  3_600_000,
);

// The pool isn't closed: it doesn't keep the process alive.
console.log('every entry works');
