import { concat, EMPTY, from, NEVER, Observable, of, range, Subject, throwError, toArray } from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import { CancelledError, InvalidOptionsError } from '../../lib/base/errors.ts';
import { type Budget, mergeMapWithin } from '../../operators/index.ts';
import { marbles } from '../support/marbles.ts';
import { errorOf } from './support/end-of.ts';

describe('what fits starts, all or nothing', () => {
  test(
    'a value takes its whole demand when it starts and gives it back when its inner completes',
    marbles((m) => {
      const budget: Budget<string> = {
        limits: { memory: 10 },
        demand: (letter) => ({ memory: { a: 6, b: 5, c: 4 }[letter] ?? 0 }),
      };
      const source = m.hot('   -abc---|          ');
      const inners = {
        a: m.cold('             -----|           '),
        b: m.cold('                  ---|        '),
        c: m.cold('               ----|          '),
      };
      const subs = {
        a: '                   -^----!           ',
        b: '                   ------^--!        ',
        c: '                   ---^---!          ',
      };
      const expected = '       ---------|        ';

      const merged = source.pipe(mergeMapWithin(budget, (letter) => inners[letter as 'a']));
      m.expect(merged).toBeObservable(expected);
      for (const letter of ['a', 'b', 'c'] as const)
        m.expect(inners[letter]).toHaveSubscriptions(subs[letter]);
    }),
  );

  test('a demand for several resources is taken only where there is enough of each', () => {
    const play = new Playground<Job>({
      limits: { cpu: 2, gpu: 1 },
      demand: ({ cpu = 0, gpu = 0 }) => ({ cpu, gpu }),
    });
    play.arrive({ name: 'a', cpu: 1, gpu: 1 }, { name: 'b', cpu: 1, gpu: 1 }, { name: 'c', cpu: 1 });
    expect(play.running).toStrictEqual(['a', 'c']);
    play.end('c');
    expect(play.running).toStrictEqual(['a']);
    play.end('a');
    expect(play.running).toStrictEqual(['b']);
  });

  test('without a demand each value takes 1 of each resource', () => {
    const play = new Playground<Job>({ limits: { sockets: 3, licences: 2 } });
    play.arrive({ name: 'a' }, { name: 'b' }, { name: 'c' });
    expect(play.running).toStrictEqual(['a', 'b']);
  });

  test('a demand of nothing, or of 0, always fits', () => {
    const play = new Playground<Job>({
      limits: { cpu: 1 },
      demand: ({ cpu }) => (cpu === undefined ? {} : { cpu }),
    });
    play.arrive({ name: 'a', cpu: 1 }, { name: 'b' }, { name: 'c', cpu: 0 });
    expect(play.running).toStrictEqual(['a', 'b', 'c']);
  });

  test('a limit of undefined is no limit at all', () => {
    const limits = { cpu: 1, gpu: undefined } as unknown as Record<string, number>;
    const play = new Playground<Job>({ limits });
    play.arrive({ name: 'a' }, { name: 'b' });
    expect(play.running).toStrictEqual(['a']);
  });

  test('ten tenths fit into 1, an eleventh does not', () => {
    const play = new Playground<Job>({ limits: { share: 1 }, demand: () => ({ share: 0.1 }) });
    play.arrive(...Array.from({ length: 11 }, (_, index) => ({ name: String(index) })));
    expect(play.running).toHaveLength(10);
  });

  test('a gigabyte is kept to the byte', () => {
    const play = new Playground<Job>({ limits: { memory: 1e9 }, demand: ({ cpu = 0 }) => ({ memory: cpu }) });
    play.arrive({ name: 'a', cpu: 5e8 }, { name: 'b', cpu: 5e8 + 1 }, { name: 'c', cpu: 5e8 });
    expect(play.running).toStrictEqual(['a', 'c']);
  });

  test('what an inner took is free again once its teardown has run', () => {
    const log: string[] = [];
    const stopping = new Observable((subscriber) => {
      log.push('start');
      subscriber.complete();
      return () => log.push('stopped');
    });
    from([stopping, stopping])
      .pipe(mergeMapWithin({ limits: { slots: 1 } }, (inner) => inner))
      .subscribe(none);
    expect(log).toStrictEqual(['start', 'stopped', 'start', 'stopped']);
  });

  test('each subscription has a budget of its own', () => {
    const project = vi.fn(() => NEVER);
    const merged = from(['a', 'b']).pipe(mergeMapWithin({ limits: { slots: 1 } }, project));
    merged.subscribe(none);
    merged.subscribe(none);
    expect(project.mock.calls).toStrictEqual([
      ['a', 0],
      ['a', 0],
    ]);
  });
});

describe('the order of those that wait', () => {
  test('a higher priority goes first; ties go by arrival', () => {
    const play = new Playground<Job>({ limits: { cpu: 1 }, priority: ({ priority = 0 }) => priority });
    play.arrive(
      { name: 'first' },
      { name: 'a' },
      { name: 'b', priority: 1 },
      { name: 'c', priority: -Infinity },
      { name: 'd', priority: 1 },
      { name: 'e' },
    );
    expect(play.runToTheEnd()).toStrictEqual(['first', 'b', 'd', 'a', 'e', 'c']);
  });

  test('project is called when the turn has come, with the index of arrival', () => {
    const indices: number[] = [];
    range(0, 4)
      .pipe(
        mergeMapWithin({ limits: { slots: 1 }, priority: (value) => value }, (_value, index) => {
          indices.push(index);
          return index === 0 ? concat(EMPTY, NEVER) : EMPTY;
        }),
      )
      .subscribe(none);
    expect(indices).toStrictEqual([0]);
  });

  test.each([
    { maxOvertakes: 0, order: ['long', 'big', 'a', 'b', 'c', 'd'] },
    { maxOvertakes: 1, order: ['long', 'a', 'big', 'b', 'c', 'd'] },
    { maxOvertakes: 3, order: ['long', 'a', 'b', 'c', 'big', 'd'] },
    { maxOvertakes: undefined, order: ['long', 'a', 'b', 'c', 'd', 'big'] },
  ])('one that does not fit is overtaken $maxOvertakes times at the most', ({ maxOvertakes, order }) => {
    const play = new Playground<Job>({
      limits: { cpu: 2 },
      demand: ({ cpu = 1 }) => ({ cpu }),
      priority: ({ name }) => (name === 'big' ? 1 : 0),
      maxOvertakes,
    });
    play.arrive({ name: 'long' }, { name: 'big', cpu: 2 }, ...['a', 'b', 'c', 'd'].map((name) => ({ name })));
    while (play.started.length < 6) {
      const short = play.running.find((name) => name !== 'long');
      play.end(short ?? 'long');
    }
    expect(play.started).toStrictEqual(order);
  });
});

describe('errors', () => {
  test('a demand above its limit is an error that names both, and ends it', () => {
    const play = new Playground<Job>({ limits: { cpu: 2 }, demand: ({ cpu = 1 }) => ({ cpu }) });
    play.arrive({ name: 'a' }, { name: 'b', cpu: 3 });
    expect(play.error).toBeInstanceOf(InvalidOptionsError);
    expect(play.error).toMatchObject({
      owner: 'mergeMapWithin',
      problems: [{ option: "demand['cpu']", expected: 'a number from 0 to 2', value: 3 }],
    });
    expect(play.running).toStrictEqual([]);
  });

  test.each<[demand: unknown, message: string]>([
    [
      { connectoins: 1 },
      "expected demand['connectoins'] to be absent (there is no such limit; did you mean 'connections'?), got 1",
    ],
    [
      { gpu: 1 },
      "expected demand['gpu'] to be absent (there is no such limit; there are 'connections', 'memory'), got 1",
    ],
    [{ memory: -1 }, "expected demand['memory'] to be a number from 0 to 1000, got -1"],
    [{ memory: Number.NaN }, "expected demand['memory'] to be a number from 0 to 1000, got NaN"],
    [{ memory: '1GiB' }, `expected demand['memory'] to be a number from 0 to 1000, got "1GiB"`],
    [3, 'expected the demand to be an object of amounts by resource, got 3'],
    [['memory'], 'expected the demand to be an object of amounts by resource, got an array of 1'],
    ['memory', `expected the demand to be an object of amounts by resource, got "memory"`],
  ])('a demand that can not be read is an error that says so: %o', (demand, message) => {
    const budget = { limits: { connections: 4, memory: 1000 }, demand: () => demand } as Budget<number>;
    const error = errorOf(of(1).pipe(mergeMapWithin(budget, () => EMPTY)));
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error).toHaveProperty('message', `mergeMapWithin: ${message}`);
  });

  test.each([Number.NaN, '1', {}])('a priority that is no number is an error: %o', (priority) => {
    const budget = { limits: { slots: 1 }, priority: () => priority } as unknown as Budget<number>;
    const error = errorOf(of(1).pipe(mergeMapWithin(budget, () => EMPTY)));
    expect(error).toMatchObject({
      name: 'InvalidOptionsError',
      problems: [{ option: 'the priority', value: priority }],
    });
  });

  test.each(['demand', 'priority'] as const)('what %s throws is passed on and ends it', (option) => {
    const bug = new Error('a bug');
    const stopped = vi.fn();
    const source = new Subject<number>();
    const error = vi.fn();
    const asked = (value: number): never => {
      if (value === 2) throw bug;
      return undefined as never;
    };
    source
      .pipe(mergeMapWithin({ limits: { slots: 1 }, [option]: asked }, () => new Observable(() => stopped)))
      .subscribe({ error });
    source.next(1);
    expect(stopped).not.toHaveBeenCalled();
    source.next(2);
    expect(error).toHaveBeenCalledExactlyOnceWith(bug);
    expect(stopped).toHaveBeenCalledTimes(1);
    expect(source.observed).toBe(false);
  });

  test('the errors of the source and of an inner are passed on as they are', () => {
    const enough = new CancelledError('enough');
    const failing = throwError(() => enough);
    const budget = { limits: { slots: 1 } };
    expect(errorOf(failing.pipe(mergeMapWithin(budget, () => EMPTY)))).toBe(enough);
    expect(errorOf(of(1).pipe(mergeMapWithin(budget, () => failing)))).toBe(enough);
  });

  test.each<[budget: unknown, message: string]>([
    [-1, 'expected the concurrency to be a whole number of at least 1, got -1'],
    [0, 'expected the concurrency to be a whole number of at least 1, got 0'],
    [1.5, 'expected the concurrency to be a whole number of at least 1, got 1.5'],
    [Number.NaN, 'expected the concurrency to be a whole number of at least 1, got NaN'],
    [undefined, 'expected the budget to be an object, got undefined'],
    ['2', 'expected the budget to be an object, got "2"'],
    [[2], 'expected the budget to be an object, got an array of 1'],
    [{}, 'expected limits to be an object, got undefined'],
    [{ limits: { a: 0 } }, "expected limits['a'] to be a positive number, got 0"],
    [{ limits: { a: -2 } }, "expected limits['a'] to be a positive number, got -2"],
    [{ limits: { a: Number.NaN } }, "expected limits['a'] to be a positive number, got NaN"],
    [{ limits: { a: '1' } }, `expected limits['a'] to be a positive number, got "1"`],
    [
      { limits: { a: 1 }, maxOvertakes: -1 },
      'expected maxOvertakes to be a whole number of at least 0, got -1',
    ],
    [{ limits: { a: 1 }, demand: 1 }, 'expected demand to be a function, got 1'],
    [{ limits: { a: 1 }, priority: 1 }, 'expected priority to be a function, got 1'],
    [
      { limits: { a: 1 }, demands: 1 },
      "expected demands to be absent (there is no such option; did you mean 'demand'?), got 1",
    ],
  ])('a budget that can not be used is an error at the call: %o', (budget, message) => {
    const call = (): unknown => mergeMapWithin(budget as Budget<unknown>, () => EMPTY);
    expect(call).toThrow(InvalidOptionsError);
    expect(call).toThrow(`mergeMapWithin: ${message}`);
  });

  test('one error names all that is wrong with a budget', () => {
    const budget = { limits: { a: 0, b: 1 }, maxOvertakes: 0.5 };
    expect(() => mergeMapWithin(budget, () => EMPTY)).toThrow(/limits\['a'\].*; expected maxOvertakes/);
  });

  test('undefined options are absent ones', () => {
    const budget: Budget<number> = {
      limits: { a: 1 },
      demand: undefined,
      priority: undefined,
      maxOvertakes: undefined,
    };
    const values: number[][] = [];
    range(0, 3)
      .pipe(
        mergeMapWithin(budget, (value) => [value]),
        toArray(),
      )
      .subscribe({ next: (all) => values.push(all), error: none.error });
    expect(values).toStrictEqual([[0, 1, 2]]);
  });
});

test('thousands of distinct demands all get their turn', () => {
  const budget: Budget<number> = { limits: { memory: 5000 }, demand: (size) => ({ memory: size + 1 }) };
  const started: number[] = [];
  range(0, 3000)
    .pipe(
      mergeMapWithin(budget, (size) => {
        started.push(size);
        return EMPTY;
      }),
    )
    .subscribe(none);
  expect(started).toHaveLength(3000);
});

interface Job {
  readonly name: string;
  readonly cpu?: number;
  readonly gpu?: number;
  readonly priority?: number;
}

const none = { next: () => undefined, error: () => undefined };

/** A source to feed and inners to end by hand. */
class Playground<Value extends { readonly name: string }> {
  readonly started: string[] = [];
  error: unknown;
  readonly #source = new Subject<Value>();
  readonly #open = new Map<string, Subject<never>>();

  constructor(budget: Budget<Value>) {
    this.#source.pipe(mergeMapWithin(budget, ({ name }) => this.#start(name))).subscribe({
      error: (error: unknown) => {
        this.error = error;
      },
    });
  }

  get running(): string[] {
    return [...this.#open].filter(([, inner]) => inner.observed).map(([name]) => name);
  }

  arrive(...values: Value[]): void {
    for (const value of values) this.#source.next(value);
  }

  end(name: string): void {
    this.#open.get(name)?.complete();
  }

  /** Ends what runs until nothing does; what had started, in order. */
  runToTheEnd(): readonly string[] {
    for (let [next] = this.running; next !== undefined; [next] = this.running) this.end(next);
    return this.started;
  }

  #start(name: string): Observable<never> {
    const inner = new Subject<never>();
    this.started.push(name);
    this.#open.set(name, inner);
    return inner;
  }
}
