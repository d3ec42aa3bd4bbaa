import { concat, EMPTY, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import type { TaskContext } from '../../lib/task/task-context.ts';
import { TaskRunner } from '../../lib/thread/task-runner.ts';
import { encodeThrown } from '../../lib/wire/error-codec.ts';
import { type FromWorker, fromWorker, type ToWorker, toWorker } from '../../lib/wire/messages.ts';
import { transfer } from '../../lib/wire/transfer.ts';
import { until } from './support/pools.ts';

/** A runner in this thread, with a port that clones as a real one does. */
class Bench {
  readonly sent: FromWorker[] = [];
  readonly pending: ToWorker[] = [];
  readonly control = new Int32Array(new SharedArrayBuffer(64));
  readonly runner: TaskRunner;

  constructor(task: (input: never, ctx: TaskContext) => unknown) {
    this.runner = new TaskRunner(
      { task },
      {
        post: (message, list) => {
          const copy = structuredClone(message, { transfer: [...(list ?? [])] as ArrayBuffer[] });
          // How long it took is no concern of these tests.
          this.sent.push((copy[0] === fromWorker.result ? copy.slice(0, 3) : copy) as FromWorker);
        },
        receive: () => this.pending.shift(),
      },
      this.control,
    );
  }

  run(input?: unknown, isHeard = true): this {
    this.runner.handle([toWorker.run, 1, 'task', input, 3, 'step', isHeard]);
    return this;
  }

  cancel(): void {
    this.runner.handle([toWorker.cancel, 1, encodeThrown('enough')]);
  }

  /** Cancels as the main side does while the thread is blocked. */
  cancelFromAfar(): void {
    this.pending.push([toWorker.cancel, 1, encodeThrown('enough')]);
    Atomics.store(this.control, 0, 1);
  }

  async last(): Promise<FromWorker | undefined> {
    await until(() => this.sent.length > 0);
    return this.sent.at(-1);
  }
}

const resultOf = (value: unknown): readonly unknown[] => [fromWorker.result, 1, value];
const stopped: FromWorker = [fromWorker.stopped, 1];
const empty: FromWorker = [fromWorker.empty, 1];

async function* generate(...values: readonly unknown[]): AsyncGenerator {
  for (const value of values) yield await Promise.resolve(value);
}

test.for([
  ['a value', (): unknown => 7],
  ['an array', () => [1]],
  ['a Promise', () => Promise.resolve(7)],
  ['an Observable', () => of(1, 7)],
  ['a Promise of an Observable', () => Promise.resolve(of(1, 7))],
  [
    'another library’s Observable',
    () => ({ [(Symbol as { observable?: symbol }).observable ?? '@@observable']: () => of(7) }),
  ],
  ['an async iterable', () => generate(1, 7)],
] as const)('%s gives one result', async ([, task]) => {
  const bench = new Bench(task).run();
  expect(await bench.last()).toStrictEqual(resultOf(Array.isArray(task()) ? [1] : 7));
  expect(bench.sent).toHaveLength(1);
  expect(Atomics.load(bench.control, 1)).toBe(1);
});

test.for([
  ['an Observable', () => EMPTY],
  ['an async iterable', () => generate()],
] as const)('%s without a value is empty', async ([, task]) => {
  expect(await new Bench(task).run().last()).toStrictEqual(empty);
});

test.for([
  [
    'a function',
    () => {
      throw new Error('odd');
    },
  ],
  ['a Promise', () => Promise.reject(new Error('odd'))],
  ['an Observable', () => throwError(() => new Error('odd'))],
  [
    'an async iterable',
    async function* () {
      yield await Promise.resolve(1);
      throw new Error('odd');
    },
  ],
  [
    'an iterable that makes no iterator',
    () => ({
      [Symbol.asyncIterator]: () => {
        throw new Error('odd');
      },
    }),
  ],
] as const)('%s that fails is one failure', async ([, task]) => {
  const bench = new Bench(task).run();
  expect(await bench.last()).toMatchObject([fromWorker.failure, 1, ['error', {}]]);
  expect(bench.sent).toHaveLength(1);
});

test('an output that can not be cloned is said to be so, and a moved one is moved', async () => {
  expect(await new Bench(() => ({ a: [() => 1] })).run().last()).toMatchObject([
    fromWorker.unclonable,
    1,
    'output.a[0]',
    expect.stringContaining('a function'),
  ]);
  const buffer = new ArrayBuffer(8);
  expect(await new Bench(() => transfer(buffer, [buffer])).run().last()).toStrictEqual(
    resultOf(new ArrayBuffer(8)),
  );
  expect(buffer.byteLength).toBe(0);
  expect(await new Bench(() => transfer(buffer, [buffer])).run().last()).toMatchObject([
    fromWorker.unclonable,
    1,
    'output',
    expect.stringContaining('moved before'),
  ]);
});

test('the context says what the task is, and posts progress and logs until the task is over', () => {
  let escaped: TaskContext | undefined;
  const bench = new Bench((_, ctx) => {
    escaped = ctx;
    const { progress, log, taskName, stepId, attempt } = ctx;
    progress(0.5);
    progress((() => 1) as never, 'odd');
    log('line', { a: 1 });
    log('odd', Symbol('s'));
    return [taskName, stepId, attempt];
  }).run();
  escaped?.progress(1);
  escaped?.log('late');
  expect(bench.sent).toStrictEqual([
    [fromWorker.progress, 1, 0.5, undefined],
    [fromWorker.progress, 1, 'a function', 'odd'],
    [fromWorker.log, 1, 'line', { a: 1 }],
    [fromWorker.log, 1, 'odd', 'Symbol(s)'],
    resultOf(['task', 'step', 3]),
  ]);
});

test('without a listener nothing but the result is posted', () => {
  const bench = new Bench((_, { progress, log }) => {
    progress(1);
    log('line');
  }).run(undefined, false);
  expect(bench.sent).toStrictEqual([resultOf(undefined)]);
});

test('a message about a task that is over, or an unknown task, is harmless', () => {
  const bench = new Bench(() => 1).run();
  bench.cancel();
  bench.runner.handle([toWorker.run, 2, 'unknown', 0, 1, undefined, false]);
  expect(bench.sent).toStrictEqual([resultOf(1), [fromWorker.result, 2, undefined]]);
});

describe('a stop', () => {
  test('of a Promise is acknowledged when it has settled, whatever it gives', async () => {
    for (const settle of [() => 1, () => of(1), () => throwError(() => new Error('late'))]) {
      let go: ((value: unknown) => void) | undefined;
      const bench = new Bench(
        () =>
          new Promise((resolve) => {
            go = resolve;
          }),
      ).run();
      bench.cancel();
      bench.cancel();
      expect(bench.sent).toStrictEqual([]);
      go?.(settle());
      expect(await bench.last()).toStrictEqual(stopped);
    }
  });

  test('of an Observable is acknowledged after its teardown', async () => {
    const sentBefore: number[] = [];
    const subscribed = vi.fn();
    const bench: Bench = new Bench(
      () =>
        new Observable((subscriber) => {
          subscriber.next(1);
          subscribed();
          return () => sentBefore.push(bench.sent.length);
        }),
    );
    bench.run();
    await until(() => subscribed.mock.calls.length > 0);
    bench.cancel();
    expect(sentBefore).toStrictEqual([0]);
    expect(bench.sent).toStrictEqual([stopped]);
  });

  test('that comes before an Observable is subscribed to keeps it from being', async () => {
    const subscribed = vi.fn();
    const bench: Bench = new Bench(() => new Observable(subscribed)).run();
    bench.cancel();
    expect(await bench.last()).toStrictEqual(stopped);
    expect(subscribed).not.toHaveBeenCalled();
  });

  test('of a synchronous Observable is acknowledged once it has returned', async () => {
    const bench: Bench = new Bench(
      () =>
        new Observable((subscriber) => {
          subscriber.next(1);
          bench.cancelFromAfar();
          while (!subscriber.closed) subscriber.next(2);
          expect(bench.sent).toStrictEqual([]);
        }),
    );
    bench.run();
    expect(await bench.last()).toStrictEqual(stopped);
  });

  test('reaches an Observable whose teardown throws', async () => {
    const subscribed = vi.fn();
    const bench = new Bench(
      () =>
        new Observable(() => {
          subscribed();
          return () => {
            throw new Error('teardown');
          };
        }),
    ).run();
    await until(() => subscribed.mock.calls.length > 0);
    bench.cancel();
    expect(bench.sent).toStrictEqual([stopped]);
  });

  test('of an async generator is acknowledged after its finally', async () => {
    const gate = new Subject<void>();
    const steps: string[] = [];
    const bench = new Bench(async function* () {
      try {
        yield 1;
        await new Promise<void>((resolve) => {
          gate.subscribe({ next: resolve, error: resolve });
        });
        yield 2;
      } finally {
        steps.push('finally');
      }
    }).run();
    await until(() => gate.observed);
    bench.cancel();
    expect(bench.sent).toStrictEqual([]);
    gate.next();
    expect(await bench.last()).toStrictEqual(stopped);
    expect(steps).toStrictEqual(['finally']);
  });

  test('reaches an async generator that never waits for the event loop', async () => {
    let turns = 0;
    const bench: Bench = new Bench(async function* () {
      for (;;) {
        if (++turns === 10) bench.cancelFromAfar();
        yield await Promise.resolve(turns);
      }
    });
    bench.run();
    expect(await bench.last()).toStrictEqual(stopped);
  });

  test('of an iterator that can not return is acknowledged with its next value', async () => {
    const values = new Subject<number>();
    const iterator = {
      next: () =>
        new Promise<IteratorResult<number>>((resolve) => {
          const next = (value: number): void => {
            resolve({ value });
          };
          values.subscribe({ next, error: next });
        }),
      [Symbol.asyncIterator]: () => iterator,
    };
    const bench = new Bench(() => iterator).run();
    bench.cancel();
    expect(bench.sent).toStrictEqual([]);
    values.next(1);
    expect(await bench.last()).toStrictEqual(stopped);
  });

  test('of an iterator whose return or next fails is acknowledged all the same', async () => {
    let fail: ((error: unknown) => void) | undefined;
    const iterator = {
      next: () =>
        new Promise<never>((_, reject) => {
          fail = reject;
        }),
      return: () => {
        fail?.(new Error('aborted'));
        return Promise.reject(new Error('return'));
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    const bench = new Bench(() => iterator).run();
    bench.cancel();
    expect(await bench.last()).toStrictEqual(stopped);
    expect(bench.sent).toHaveLength(1);
  });

  test('is seen by a loop that asks its token, with the reason, and outdoes the result', () => {
    const seen: unknown[] = [];
    const bench: Bench = new Bench((_, { token }) => {
      bench.cancelFromAfar();
      while (!token.isCancelled) seen.push('a turn');
      seen.push(token.reason);
      return 'too late';
    });
    bench.run();
    expect(seen.at(-1)).toBe('enough');
    expect(bench.sent).toStrictEqual([stopped]);
  });

  test('that came before the task waits ends each kind of wait', async () => {
    for (const wait of [() => concat(of(1), NEVER), () => generate(1), () => Promise.resolve(1)]) {
      const bench: Bench = new Bench((_, { token }) => {
        bench.cancelFromAfar();
        expect(token.isCancelled).toBe(true);
        return wait();
      });
      bench.run();
      expect(await bench.last()).toStrictEqual(stopped);
    }
  });

  test('reaches listeners and the signal, and silences progress', async () => {
    const listener = vi.fn();
    const bench: Bench = new Bench((_, { signal, progress }) => {
      signal.addEventListener('abort', listener);
      signal.addEventListener('abort', () => {
        progress(1);
      });
      return NEVER;
    });
    bench.run();
    bench.cancel();
    expect(listener).toHaveBeenCalledOnce();
    expect(await bench.last()).toStrictEqual(stopped);
    expect(bench.sent).toHaveLength(1);
  });
});
