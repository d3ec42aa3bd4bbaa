import {
  config,
  EMPTY,
  observable as interop,
  lastValueFrom,
  map,
  NEVER,
  Observable,
  of,
  range,
  Subject,
  take,
  toArray,
} from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import { mergeMapWithin } from '../../operators/index.ts';
import { endOf } from './support/end-of.ts';
import { playMerge } from './support/merge-scenario.ts';
import { mergers, ours } from './support/mergers.ts';

const no = new Error('no');

describe.each(mergers)('%s', (_name, merge) => {
  test.each([
    ['an array', (value: string) => [value, `${value}!`]],
    ['an iterable', (value: string) => new Set([value, `${value}!`])],
    ['an Observable', (value: string) => of(value, `${value}!`)],
  ])('project may give %s', (_kind, project) => {
    expect(endOf(of('a', 'b').pipe(merge(1, project)))).toStrictEqual(['a', 'a!', 'b', 'b!', 'complete']);
  });

  test.each([
    ['a Promise', (value: string) => Promise.resolve(value)],
    ['an AsyncIterable', (value: string) => asyncIterable(value)],
  ])('project may give %s', async (_kind, project) => {
    const values = await lastValueFrom(of('a', 'b', 'c').pipe(merge(2, project), toArray()));
    expect(values).toStrictEqual(['a', 'b', 'c']);
  });

  test('project may give a foreign Observable, which is unsubscribed from too', () => {
    const unsubscribe = vi.fn();
    const foreign = {
      subscribe: () => ({ unsubscribe }),
      [interop]() {
        return this;
      },
    };
    const subscription = of('a')
      .pipe(merge(1, () => foreign as unknown as Observable<never>))
      .subscribe({ error: fail });
    subscription.unsubscribe();
    expect(unsubscribe).toHaveBeenCalledTimes(1);
  });

  test('a rejection is an error', async () => {
    const rejected = of('a', 'b').pipe(merge(1, (value) => Promise.reject(new Error(value))));
    await expect(lastValueFrom(rejected, { defaultValue: 'none' })).rejects.toThrow('a');
  });

  test('project is called with the value and its index, in order', () => {
    const project = vi.fn((_value: string, _index: number) => EMPTY);
    endOf(of('a', 'b', 'c').pipe(merge(1, project)));
    expect(project.mock.calls).toStrictEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
    ]);
  });

  test('project is called for a waiting value only once its turn has come', () => {
    const first = new Subject<never>();
    const project = vi.fn((index: number) => (index === 0 ? first : NEVER));
    range(0, 3).pipe(merge(1, project)).subscribe({ error: fail });
    expect(project).toHaveBeenCalledTimes(1);
    first.complete();
    expect(project).toHaveBeenCalledTimes(2);
  });

  test('what project throws ends it, and what runs is unsubscribed', () => {
    const source = new Subject<number>();
    const stopped = vi.fn();
    const error = vi.fn();
    source
      .pipe(
        merge(3, (value) => {
          if (value === 2) throw no;
          return new Observable<never>(() => stopped);
        }),
      )
      .subscribe({ error });
    source.next(1);
    source.next(2);
    expect(error).toHaveBeenCalledExactlyOnceWith(no);
    expect(stopped).toHaveBeenCalledTimes(1);
    expect(source.observed).toBe(false);
  });

  test('what project throws for a value that had to wait ends it too', () => {
    const source = new Subject<number>();
    const first = new Subject<never>();
    const error = vi.fn();
    source
      .pipe(
        merge(1, (value) => {
          if (value === 2) throw no;
          return first;
        }),
      )
      .subscribe({ error });
    source.next(1);
    source.next(2);
    expect(error).not.toHaveBeenCalled();
    first.complete();
    expect(error).toHaveBeenCalledExactlyOnceWith(no);
    expect(source.observed).toBe(false);
  });

  test('what is no stream is an error', () => {
    const end = endOf(of('a').pipe(merge(1, () => 5 as unknown as Observable<never>)));
    expect(end).toMatchObject([{ name: 'TypeError' }]);
  });

  test('an iterable that throws later on, when its turn has come, is an error', async () => {
    const first = new Subject<string>();
    const values: unknown[] = [];
    const merged = of(first, failingGenerator()).pipe(merge(1, (inner) => inner));
    const ended = new Promise<void>((resolve) => {
      merged.subscribe({
        next: (value) => values.push(value),
        error: (error: unknown) => {
          values.push(error);
          resolve();
        },
      });
    });
    await Promise.resolve();
    first.next('first');
    first.complete();
    await ended;
    expect(values).toStrictEqual(['first', 'generated', no]);
  });

  test('a generator is finalised when nobody wants more of it', () => {
    const finalised = vi.fn();
    const generate = function* (): Generator<number> {
      try {
        for (let count = 0; ; count++) yield count;
      } finally {
        finalised();
      }
    };
    expect(endOf(of('a', 'b').pipe(merge(1, generate), take(3)))).toStrictEqual([0, 1, 2, 'complete']);
    expect(finalised).toHaveBeenCalledTimes(1);
  });

  test('a synchronous source stops emitting once nobody wants more', () => {
    const emitted: number[] = [];
    const source = new Observable<number>((subscriber) => {
      for (let count = 0; !subscriber.closed && count < 10; count++) {
        emitted.push(count);
        subscriber.next(count);
      }
    });
    expect(
      endOf(
        source.pipe(
          merge(2, (value) => of(value)),
          take(3),
        ),
      ),
    ).toStrictEqual([0, 1, 2, 'complete']);
    expect(emitted).toStrictEqual([0, 1, 2]);
  });

  test('a synchronous inner stops emitting once nobody wants more', () => {
    const emitted: number[] = [];
    const inner = new Observable<number>((subscriber) => {
      for (let count = 0; !subscriber.closed && count < 10; count++) {
        emitted.push(count);
        subscriber.next(count);
      }
    });
    expect(
      endOf(
        of('a', 'b').pipe(
          merge(1, () => inner),
          take(2),
        ),
      ),
    ).toStrictEqual([0, 1, 'complete']);
    expect(emitted).toStrictEqual([0, 1]);
  });

  test('it can be nested', () => {
    const nested = of(1, 2).pipe(
      merge(1, (outer) => of(10, 20).pipe(merge(1, (inner) => of(outer + inner, -outer - inner)))),
    );
    expect(endOf(nested)).toStrictEqual([11, -11, 21, -21, 12, -12, 22, -22, 'complete']);
  });

  test('a subscriber that throws is reported and breaks nothing', async () => {
    const reported = vi.fn();
    config.onUnhandledError = reported;
    const values: number[] = [];
    of(1, 2)
      .pipe(merge(1, (value) => of(value, value * 10)))
      .subscribe({
        next: (value) => {
          values.push(value);
          if (value === 1) throw no;
        },
        error: fail,
      });
    expect(values).toStrictEqual([1, 10, 2, 20]);
    await vi.waitFor(() => {
      expect(reported).toHaveBeenCalledExactlyOnceWith(no);
    });
    config.onUnhandledError = null;
  });

  test('an error downstream unsubscribes from the source and from what runs', () => {
    const stopped: string[] = [];
    const source = new Subject<string>();
    const inner = new Subject<string>();
    const failing = source.pipe(
      merge(2, (value) => tracked(value, stopped, inner)),
      map((value) => {
        if (value === 'bad') throw no;
        return value;
      }),
    );
    const error = vi.fn();
    failing.subscribe({ error });
    source.next('a');
    source.next('b');
    inner.next('good');
    inner.next('bad');
    expect(error).toHaveBeenCalledExactlyOnceWith(no);
    expect(stopped).toStrictEqual(['a', 'b']);
    expect(source.observed).toBe(false);
  });

  test('unsubscribing tears down the source first, then the inners in the order in which they started', () => {
    const stopped: string[] = [];
    const source = new Subject<string>();
    const subscription = tracked('source', stopped, source)
      .pipe(merge(3, (value) => tracked(value, stopped, NEVER)))
      .subscribe({ error: fail });
    for (const value of ['a', 'b', 'c']) source.next(value);
    subscription.unsubscribe();
    expect(stopped).toStrictEqual(['source', 'a', 'b', 'c']);
  });

  test('an inner that project gives while it unsubscribes is torn down again', () => {
    const stopped: string[] = [];
    const leave = new Subject<void>();
    const source = new Subject<string>();
    const merged = source.pipe(
      merge(1, (value) => {
        leave.next();
        return tracked(value, stopped, NEVER);
      }),
    );
    const subscription = merged.subscribe({ error: fail });
    leave.subscribe({
      next: () => {
        subscription.unsubscribe();
      },
      error: fail,
    });
    source.next('a');
    expect(stopped).toStrictEqual(['a']);
  });

  test('values fed back by the subscriber are taken in turn: a walk through a tree goes level by level', () => {
    const nodes = new Subject<string>();
    const walked: string[] = [];
    nodes.pipe(merge(1, (node) => of(node))).subscribe({
      next: (node) => {
        walked.push(node);
        if (node.length < 3) for (const branch of ['l', 'r']) nodes.next(node + branch);
      },
      error: fail,
    });
    nodes.next('/');
    expect(walked).toStrictEqual(['/', '/l', '/r', '/ll', '/lr', '/rl', '/rr']);
  });

  test('each subscription has its own places and indices', () => {
    const project = vi.fn((_value: string, _index: number) => NEVER);
    const merged = of('a', 'b').pipe(merge(1, project));
    merged.subscribe({ error: fail });
    merged.subscribe({ error: fail });
    expect(project.mock.calls).toStrictEqual([
      ['a', 0],
      ['a', 0],
    ]);
  });
});

describe('where mergeMapWithin and mergeMap part', () => {
  test('the next inner starts after the one before has returned and was torn down', () => {
    const log: string[] = [];
    const gate = new Subject<never>();
    const inner = (value: number): Observable<never> =>
      new Observable((subscriber) => {
        log.push(`start ${String(value)}`);
        subscriber.complete();
        log.push(`return ${String(value)}`);
        return () => log.push(`stop ${String(value)}`);
      });
    range(0, 3)
      .pipe(mergeMapWithin(1, (value) => (value === 0 ? gate : inner(value))))
      .subscribe({ error: fail });
    gate.complete();
    expect(log).toStrictEqual(['start 1', 'return 1', 'stop 1', 'start 2', 'return 2', 'stop 2']);
  });

  test('a value fed back by a subscriber starts after the one that is being delivered', () => {
    const { emitted } = playMerge(
      {
        limit: 2,
        source: 'a^',
        inners: { a: 'xy|', b: 'z|' },
        reactions: [{ on: 'value', nth: 0, does: [{ feed: 'b' }] }],
      },
      ours,
    );
    expect(emitted).toStrictEqual(['0: x', '0: y', '0: z']);
  });
});

/** A stream that notes when it is unsubscribed from. */
function tracked<Value>(name: string, stopped: string[], source: Observable<Value>): Observable<Value> {
  return new Observable((subscriber) => {
    const subscription = source.subscribe(subscriber);
    return () => {
      stopped.push(name);
      subscription.unsubscribe();
    };
  });
}

async function* asyncIterable(value: string): AsyncGenerator<string> {
  yield await Promise.resolve(value);
}

function* failingGenerator(): Generator<string> {
  yield 'generated';
  throw no;
}

function fail(error: unknown): never {
  throw error;
}
