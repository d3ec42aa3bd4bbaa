import { EmptyStepError, StepFailedError, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { concat, defer, EMPTY, from, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { play, watch } from './support/watch.ts';

async function outputOf(returned: () => unknown): Promise<unknown> {
  const { output } = await workflow('one step', { output: step('output', returned) })
    .run()
    .result();
  return output;
}

async function causeOf(returned: () => unknown): Promise<unknown> {
  const error: unknown = await outputOf(returned).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StepFailedError);
  return (error as StepFailedError).cause;
}

async function* generated<Value>(...values: Value[]): AsyncGenerator<Value> {
  for (const value of values) yield await Promise.resolve(value);
}

/** What libraries agree on where a host, as Node, has no `Symbol.observable`. */
const interopKey = '@@observable';
const interop = (values: readonly number[]): object => ({ [interopKey]: () => from(values) });

const thing = { a: 1 };
const callable = (): number => 1;

describe('the output of a step is', () => {
  test.each<[string, () => unknown, unknown]>([
    ['a plain value itself', () => 1, 1],
    ['undefined', () => undefined, undefined],
    ['null', () => null, null],
    ['false', () => false, false],
    ['a string, which is never a stream', () => 'abc', 'abc'],
    ['an array, which is never a stream', () => [1, 2, 3], [1, 2, 3]],
    ['an empty array', () => [], []],
    ['an object', () => thing, thing],
    ['a function', () => callable, callable],
    ['a Set, which is a plain value', () => new Set([1]), new Set([1])],
    ['a bigint', () => 1n, 1n],
    ['the value of a Promise', () => Promise.resolve(2), 2],
    [
      'the value of a thenable',
      () => ({
        then: (resolve: (value: number) => void) => {
          resolve(3);
        },
      }),
      3,
    ],
    ['the array of a Promise', () => Promise.resolve([1, 2]), [1, 2]],
    ['the last value of an Observable', () => of(1, 2, 3), 3],
    ['an undefined that an Observable emitted', () => of(1, undefined), undefined],
    ['the last value of an interop Observable', () => interop([4, 5]), 5],
    ['the last value of an AsyncIterable', () => generated(6, 7), 7],
    ['the last value of a Promise of an Observable', () => Promise.resolve(of(8, 9)), 9],
    ['the last value of a Promise of an AsyncIterable', () => Promise.resolve(generated(1, 2)), 2],
    ['the last value of a Promise of an interop Observable', () => Promise.resolve(interop([1, 2])), 2],
    ['the array that an Observable emitted', () => of([1], [2]), [2]],
  ])('%s', async (_, returned, expected) => {
    expect(await outputOf(returned)).toStrictEqual(expected);
  });
});

describe('a stream without a value fails its step with an EmptyStepError', () => {
  test.each<[string, () => unknown]>([
    ['Observable', () => EMPTY],
    ['AsyncIterable', () => generated()],
    ['Promise of an Observable', () => Promise.resolve(EMPTY)],
    ['interop Observable', () => interop([])],
  ])('%s', async (_, returned) => {
    const cause = await causeOf(returned);
    expect(cause).toBeInstanceOf(EmptyStepError);
    expect(cause).toMatchObject({
      stepId: 'output',
      code: 'EMPTY_STEP',
      message: expect.stringContaining('defaultIfEmpty') as unknown,
    });
  });
});

describe('a step fails with what it throws, as it is', () => {
  const error = new TypeError('no');
  const reason: unknown = 'not an Error';
  const bare: unknown = Object.create(null);
  const thrower = (thrown: unknown) => () => {
    throw thrown;
  };

  test.each<[string, () => unknown, unknown]>([
    ['an Error', thrower(error), error],
    ['a string', thrower('not an Error'), 'not an Error'],
    ['undefined', thrower(undefined), undefined],
    ['null', thrower(null), null],
    ['a symbol', thrower(Symbol.iterator), Symbol.iterator],
    ['an object without a prototype', thrower(bare), bare],
    ['a Promise that rejects', () => Promise.reject(error), error],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the point of it
    ['a Promise that rejects with no Error', () => Promise.reject(reason), reason],
    [
      'an Observable that errors after a value',
      () =>
        concat(
          of(1),
          throwError(() => error),
        ),
      error,
    ],
    ['an Observable whose subscribe throws', () => new Observable(thrower(error)), error],
    ['an Observable that throws when it is deferred', () => defer(thrower(error)), error],
    ['a thenable whose then throws', () => ({ then: thrower(error) }), error],
    [
      'an AsyncIterable whose iterator can’t be made',
      () => ({ [Symbol.asyncIterator]: thrower(error) }),
      error,
    ],
    [
      'an AsyncIterable whose next throws',
      () => ({ [Symbol.asyncIterator]: () => ({ next: thrower(error) }) }),
      error,
    ],
    [
      'an AsyncIterable whose next gives no iterator result, rather than going on for ever',
      () => ({ [Symbol.asyncIterator]: () => ({ next: () => 5 }) }),
      new TypeError("the iterator's next() gave 5, which is no iterator result"),
    ],
    ['an interop Observable that can’t be had', () => ({ [interopKey]: thrower(error) }), error],
  ])('%s', async (_, returned, expected) => {
    expect(await causeOf(returned)).toStrictEqual(expected);
  });

  test.each<[string, () => unknown]>([
    [
      'a getter for then',
      () => ({
        get then() {
          throw error;
        },
      }),
    ],
    [
      'a getter for @@observable',
      () => ({
        get [interopKey]() {
          throw error;
        },
      }),
    ],
    [
      'a getter for Symbol.asyncIterator',
      () => ({
        get [Symbol.asyncIterator]() {
          throw error;
        },
      }),
    ],
    [
      'a getter in what a Promise gives',
      () =>
        Promise.resolve({
          get [Symbol.asyncIterator]() {
            throw error;
          },
        }),
    ],
  ])('a value that throws when it is looked at: %s', async (_, returned) => {
    expect(await causeOf(returned)).toBe(error);
  });

  test.each<[string, (proxy: object) => unknown]>([
    ['returned', (proxy) => proxy],
    ['resolved', (proxy) => Promise.resolve().then(() => proxy)],
    ['thrown', (proxy) => thrower(proxy)()],
    ['rejected', (proxy) => Promise.resolve().then(thrower(proxy))],
  ])('a revoked Proxy that is %s', async (_, use) => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const error: unknown = await outputOf(() => use(proxy)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StepFailedError);
  });

  test('an Error whose message can’t be read', async () => {
    const odd = new Error('odd');
    Object.defineProperty(odd, 'message', { get: thrower(error) });
    expect(await causeOf(thrower(odd))).toBe(odd);
  });

  test('a Subject that was unsubscribed', async () => {
    const subject = new Subject();
    // eslint-disable-next-line rxjs-x/no-subject-unsubscribe -- what users do
    subject.unsubscribe();
    expect(await causeOf(() => subject)).toMatchObject({ name: 'ObjectUnsubscribedError' });
  });
});

test('a stream that emits after its error has failed, and nothing more comes of it', () => {
  const odd = new Observable<number>((subscriber) => {
    subscriber.next(1);
    subscriber.error(new Error('first'));
    subscriber.next(2);
    subscriber.error(new Error('second'));
    subscriber.complete();
  });
  const run = play(workflow('odd', { odd: step('odd', () => odd) }));
  expect(run.error).toMatchObject({ stepId: 'odd', cause: { message: 'first' } });
  expect(run.of('odd')).toStrictEqual(['step-started', 'step-failed']);
});

test('a stream that completes twice completes once', () => {
  let calls = 0;
  const odd = new Observable<number>((subscriber) => {
    subscriber.next(1);
    subscriber.complete();
    subscriber.complete();
    subscriber.error(new Error('late'));
  });
  const first = step('first', () => odd);
  const run = play(workflow('odd', { second: step('second', { first }, () => ++calls) }));
  expect(run.result).toStrictEqual({ second: 1 });
});

test('a stream that never ends is ended by the timeout of its step', () => {
  const endless = step('endless', () => NEVER, { timeout: '3s' });
  const run = play(workflow('endless', { endless }));
  expect(run.error).toMatchObject({ cause: { code: 'STEP_TIMEOUT', timeoutMs: 3000 } });
  expect(run.time.now).toBe(3000);
});

test('only the last value of a stream is kept, at the moment it completes', () => {
  const time = new VirtualTime();
  const ticks = step('ticks', () => concat(time.after(10, 'a'), time.after(10, 'b')));
  const run = watch(workflow('ticking', { ticks }), time);
  time.advanceTo(19);
  expect(run.result).toBeUndefined();
  time.advanceTo(20);
  expect(run.result).toStrictEqual({ ticks: 'b' });
});

describe('a stream has been torn down before its dependents start', () => {
  const torn = (log: string[], source: () => Observable<number>): Observable<number> =>
    new Observable((subscriber) => {
      const inner = source().subscribe(subscriber);
      return () => {
        inner.unsubscribe();
        log.push('torn down');
      };
    });

  test.each<[string, (log: string[]) => unknown]>([
    ['synchronous', (log) => torn(log, () => of(1))],
    ['asynchronous', (log) => torn(log, () => from(Promise.resolve(1)))],
    ['synchronous, in a Promise', (log) => Promise.resolve(torn(log, () => of(1)))],
  ])('%s', async (_, returned) => {
    const log: string[] = [];
    const first = step('first', () => returned(log));
    const second = step('second', { first }, () => log.push('dependent'));
    await workflow('two', { second }).run().result();
    expect(log).toStrictEqual(['torn down', 'dependent']);
  });
});
