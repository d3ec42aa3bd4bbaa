import { type StepContext, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { finalize, NEVER, type Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';
import { play, watch } from './support/watch.ts';

function throwingTeardown<Value>(source: Observable<Value>): Observable<Value> {
  return source.pipe(
    finalize(() => {
      throw new Error('teardown');
    }),
  );
}

test('a teardown that throws is a warning, and keeps nothing else from stopping', () => {
  const time = new VirtualTime();
  const bad = step('bad', () => throwingTeardown(NEVER));
  const good = step('good', () => NEVER);
  const run = watch(workflow('teardowns', { bad, good }), time);
  run.run.cancel('enough');
  expect(run.error).toMatchObject({ reason: 'enough' });
  expect(run.the('warning')).toMatchObject({ topic: 'finaliser', stepId: 'bad' });
  expect([run.of('bad').at(-1), run.of('good').at(-1)]).toStrictEqual(['step-cancelled', 'step-cancelled']);
  expect(time.planned).toBe(0);
});

test('a teardown that throws when its stream completes doesn’t lose the output', () => {
  const time = new VirtualTime();
  const sync = step('sync', () => throwingTeardown(time.after(0, 1)));
  const late = step('late', () => throwingTeardown(time.after(10, 2)));
  const run = play(workflow('teardowns', { sync, late }), {}, time);
  expect(run.result).toStrictEqual({ sync: 1, late: 2 });
  expect(run.all('warning').map(({ topic }) => topic)).toStrictEqual(['finaliser', 'finaliser']);
});

describe('an AsyncIterable that is told to stop', () => {
  test('gets its return() called, and is over when that has settled', async () => {
    const time = new VirtualTime();
    const log: string[] = [];
    async function* body(ctx: StepContext): AsyncGenerator<number> {
      try {
        yield 1;
        await new Promise((resolve) => {
          ctx.signal.addEventListener('abort', resolve);
        });
        yield 2;
        log.push('must not get here');
      } finally {
        await Promise.resolve();
        log.push('closed');
      }
    }
    const run = watch(workflow('iterating', { body: step('body', body) }), time);
    await settlePromises();
    run.run.cancel('enough');
    expect(run.isOver).toBe(false);
    await settlePromises();
    expect(log).toStrictEqual(['closed']);
    expect(run.isOver).toBe(true);
  });

  test.each([
    ['return() rejects and next() never settles', () => Promise.reject(new Error('no return'))],
    [
      'return() throws and next() never settles',
      () => {
        throw new Error('no return');
      },
    ],
    ['there is no return()', undefined],
  ])(
    'is abandoned after the grace period where %s, and no rejection is left unhandled',
    async (_, giveBack) => {
      const time = new VirtualTime();
      const iterator = {
        next: () => new Promise<never>(() => undefined),
        ...(giveBack && { return: giveBack }),
      };
      const run = watch(
        workflow('iterating', { body: step('body', () => ({ [Symbol.asyncIterator]: () => iterator })) }),
        time,
      );
      run.run.cancel('enough');
      await settlePromises();
      time.flush();
      expect(run.error).toMatchObject({ reason: 'enough' });
      expect(run.the('warning')).toMatchObject({ topic: 'abandoned' });
    },
  );

  test('an error in its clean-up is a warning', async () => {
    const time = new VirtualTime();
    async function* body(ctx: StepContext): AsyncGenerator<number> {
      try {
        await new Promise((resolve) => {
          ctx.signal.addEventListener('abort', resolve);
        });
        yield 1;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: the point of it
        throw new Error('while closing');
      }
    }
    const run = watch(workflow('iterating', { body: step('body', body) }), time);
    await settlePromises();
    run.run.cancel('enough');
    await settlePromises();
    expect(run.isOver).toBe(true);
    expect(run.the('warning')).toMatchObject({ topic: 'finaliser', error: { message: 'while closing' } });
  });
});
