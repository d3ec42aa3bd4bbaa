import {
  EmptyStepError,
  fallback,
  forEachStep,
  type LiveStream,
  MissingOverflowError,
  StepFailedError,
  StreamOverflowError,
  step,
  stream,
  WorkflowFailedError,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { concat, EMPTY, map, NEVER, type Observable, of, range, throwError, toArray } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { all, causeOf, counted, counting } from './support/streamed.ts';
import { play } from './support/watch.ts';

describe('a reader gets what the other step emits:', () => {
  it('everything, in order, and the producer has its output as always', async () => {
    const { numbers } = counting('numbers', 1000);
    const read = step('read', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    const run = workflow('streams', { read, numbers }).run();
    const { read: list, numbers: last } = await run.result();
    expect(list).toEqual(Array.from({ length: 1000 }, (_, place) => place));
    expect(last).toBe(999);
  });

  it('while both run', () => {
    const time = new VirtualTime();
    const ticks = step('ticks', () => concat(time.after(10, 'a'), time.after(10, 'b'), time.after(10, 'c')));
    const seen: string[] = [];
    const read = step('read', { ticks: stream(ticks, { overflow: 'error' }) }, ({ ticks: live }) =>
      live.toObservable().pipe(
        map((tick) => {
          seen.push(`${tick} at ${String(time.now)}`);
          return tick;
        }),
      ),
    );
    const watched = play(workflow('streams', { read }), {}, time);
    expect(seen).toEqual(['a at 10', 'b at 20', 'c at 30']);
    expect(watched.result).toEqual({ read: 'c' });
    expect(watched.the('step-started', 'read').at).toBe(0);
  });

  it.each([
    ['a value', () => 7, [7]],
    ['a list, which is one value', () => [1, 2], [[1, 2]]],
    ['a Promise', () => Promise.resolve(7), [7]],
    ['a Promise of a generator', () => Promise.resolve(counted(2)), [0, 1]],
    ['an Observable', () => of(1, 2, 3), [1, 2, 3]],
  ] satisfies [string, () => unknown, unknown[]][])(
    'from a step that returns %s',
    async (_, body, expected) => {
      const source = step('source', body as () => unknown);
      const read = step('read', { source: stream(source, { overflow: 'error' }) }, (inputs) =>
        all(inputs.source),
      );
      expect(await workflow('streams', { read }).run().result()).toEqual({ read: expected });
    },
  );

  it('from a step whose work other steps do: their output', async () => {
    const source = step('source', () => step('made', () => 7));
    const read = step('read', { source: stream(source) }, (inputs) => all(inputs.source));
    expect(await workflow('streams', { read }).run().result()).toEqual({ read: [7] });
  });

  it.each([
    ['a generator', () => counted(0)],
    ['an Observable', () => EMPTY],
  ] satisfies [string, () => unknown][])('nothing, where %s emits nothing', async (_, body) => {
    const source = step('source', body as () => AsyncIterable<number>);
    const doubled = step(
      'doubled',
      { source: stream(source, { overflow: 'error' }) },
      async function* (inputs) {
        for await (const number of inputs.source) yield number * 2;
      },
    );
    const read = step('read', { doubled: stream(doubled) }, (inputs) => all(inputs.doubled));
    const each = forEachStep('each', { items: stream(doubled) }, (number) => number);
    expect(await workflow('streams', { read, each }).run().result()).toEqual({ read: [], each: [] });
  });

  it('an error, where nothing is emitted and the output is needed', async () => {
    const source = step('source', () => counted(0));
    const read = step('read', { source: stream(source) }, (inputs) => all(inputs.source));
    const after = step('after', { source, read }, (inputs) => inputs.source);
    expect(await causeOf(workflow('streams', { source, read }).run().result())).toBeInstanceOf(
      EmptyStepError,
    );
    expect(await causeOf(workflow('streams', { after }).run().result())).toBeInstanceOf(EmptyStepError);
  });

  it('each of several readers all of it, at the pace of the slowest', async () => {
    const { numbers, asked } = counting('numbers', 50);
    const fast = step('fast', { numbers: stream(numbers, { capacity: 3 }) }, (inputs) => all(inputs.numbers));
    const gaps: number[] = [];
    const slow = step('slow', { numbers: stream(numbers, { capacity: 2 }) }, async (inputs) => {
      let read = 0;
      for await (const _ of inputs.numbers) {
        await new Promise((resolve) => setImmediate(resolve));
        gaps.push(asked.count - ++read);
      }
      return read;
    });
    const { fast: list, slow: count } = await workflow('streams', { fast, slow }).run().result();
    expect(list).toHaveLength(50);
    expect(count).toBe(50);
    // The ones that wait, the one in hand and the one that is being made.
    expect(Math.max(...gaps)).toBeLessThanOrEqual(4);
  });

  it('but a reader with a policy of its own holds nobody back', async () => {
    const { numbers } = counting('numbers', 100);
    const whole = step('whole', { numbers: stream(numbers, { capacity: 1 }) }, (inputs) =>
      all(inputs.numbers),
    );
    let isRead = (): void => undefined;
    const readWhole = new Promise<void>((resolve) => {
      isRead = resolve;
    });
    const wholeThenTold = step('told', { whole }, (inputs) => {
      isRead();
      return inputs.whole.length;
    });
    const latest = step('latest', { numbers: stream(numbers, { overflow: 'latest' }) }, async (inputs) => {
      await readWhole;
      return all(inputs.numbers);
    });
    const flow = workflow('streams', { told: wholeThenTold, latest });
    expect(await flow.run().result()).toEqual({ told: 100, latest: [99] });
  });

  it('over several stages', async () => {
    const { numbers } = counting('numbers', 300);
    const doubled = step('doubled', { numbers: stream(numbers, { capacity: 1 }) }, async function* (inputs) {
      for await (const number of inputs.numbers) yield number * 2;
    });
    const sum = step('sum', { doubled: stream(doubled, { capacity: 1 }) }, async (inputs) =>
      (await all(inputs.doubled)).reduce((left, right) => left + right),
    );
    expect(await workflow('streams', { sum }).run().result()).toEqual({ sum: 89_700 });
  });

  it('with the type of what is emitted', () => {
    const { numbers } = counting('numbers', 1);
    step('read', { numbers: stream(numbers) }, (inputs) => {
      expectTypeOf(inputs.numbers).toEqualTypeOf<LiveStream<number>>();
      expectTypeOf(inputs.numbers.toObservable()).toEqualTypeOf<Observable<number>>();
    });
    forEachStep('each', { items: stream(numbers) }, (number) => {
      expectTypeOf(number).toEqualTypeOf<number>();
    });
  });
});

describe('a producer is held back:', () => {
  it.each([1, 2, 16])('at most %s values wait', async (capacity) => {
    const { numbers, asked } = counting('numbers', 100);
    let ahead = 0;
    const read = step('read', { numbers: stream(numbers, { capacity }) }, async (inputs) => {
      let count = 0;
      for await (const _ of inputs.numbers) {
        await new Promise((resolve) => setImmediate(resolve));
        ahead = Math.max(ahead, asked.count - ++count);
      }
    });
    await workflow('streams', { read }).run().result();
    expect(ahead).toBeLessThanOrEqual(capacity + 1);
    expect(ahead).toBeGreaterThanOrEqual(Math.min(capacity, 99));
  });

  it('one that comes by itself needs a policy', async () => {
    const source = step('source', () => range(1, 3));
    const read = step('read', { source: stream(source) }, (inputs) => all(inputs.source));
    const cause = await causeOf(workflow('streams', { read }).run().result());
    expect(cause).toBeInstanceOf(MissingOverflowError);
    expect(cause).toMatchObject({ code: 'MISSING_OVERFLOW', producer: 'source', consumer: 'read' });
  });

  it.each([
    ['drop-oldest', [8, 9, 10]],
    ['drop-newest', [1, 2, 3]],
    ['latest', [10]],
  ] as const)("'%s' decides what is left of it", async (overflow, expected) => {
    const source = step('source', () => range(1, 10));
    const read = step('read', { source: stream(source, { capacity: 3, overflow }) }, async (inputs) => {
      await Promise.resolve();
      return all(inputs.source);
    });
    expect(await workflow('streams', { read }).run().result()).toEqual({ read: expected });
  });

  it("'error' fails the producer", async () => {
    const source = step('source', () => range(1, 10));
    const read = step('read', { source: stream(source, { capacity: 3, overflow: 'error' }) }, (inputs) =>
      all(inputs.source),
    );
    const cause = await causeOf(workflow('streams', { read }).run().result());
    expect(cause).toBeInstanceOf(StreamOverflowError);
    expect(cause).toMatchObject({
      code: 'STREAM_OVERFLOW',
      producer: 'source',
      consumer: 'read',
      capacity: 3,
    });
  });
});

describe('an end on one side is one on the other:', () => {
  it('a reader that leaves stops the producer', async () => {
    const { numbers, asked } = counting('numbers', Infinity);
    const read = step('read', { numbers: stream(numbers) }, async (inputs) => {
      for await (const number of inputs.numbers) if (number === 3) return number;
      return -1;
    });
    const run = workflow('streams', { read }).run();
    const cancelled: unknown[] = [];
    run.progress$.subscribe((event) => {
      if (event.type === 'step-cancelled') cancelled.push([event.stepId, event.because]);
    });
    expect(await run.result()).toEqual({ read: 3 });
    // The result doesn't wait for it, the end does.
    await run[Symbol.asyncDispose]();
    expect(cancelled).toEqual([['numbers', 'read']]);
    expect(asked.isReturned).toBe(true);
    expect(run.snapshot().resources['light-cpu']?.taken).toBe(0);
  });

  it('but not one whose output is needed, nor one that another reads', async () => {
    const { numbers } = counting('numbers', 40);
    const early = step('early', { numbers: stream(numbers) }, async (inputs) => {
      for await (const number of inputs.numbers) return number;
      return -1;
    });
    const whole = step('whole', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    const kept = await workflow('streams', { early, numbers }).run().result();
    expect(kept).toEqual({ early: 0, numbers: 39 });
    const { whole: list } = await workflow('streams', { early, whole }).run().result();
    expect(list).toHaveLength(40);
  });

  it('a producer that fails fails the run, and its reader is told', async () => {
    let told: unknown;
    const source = step('source', () =>
      concat(
        of(1),
        throwError(() => new Error('torn')),
      ),
    );
    const read = step('read', { source: stream(source, { overflow: 'error' }) }, async (inputs) => {
      try {
        return await all(inputs.source);
      } catch (error) {
        told = error;
        return [];
      }
    });
    const run = workflow('streams', { read }).run({ onFailure: 'continue' });
    await expect(run.result()).rejects.toThrow(WorkflowFailedError);
    expect(told).toBeInstanceOf(StepFailedError);
    expect(told).toMatchObject({ stepId: 'source', cause: new Error('torn') });
  });

  it('a reader that fails stops the producer', async () => {
    const { numbers, asked } = counting('numbers', Infinity);
    const read = step('read', { numbers: stream(numbers) }, async (inputs) => {
      for await (const _ of inputs.numbers) throw new Error('enough');
    });
    const rescued = fallback(
      'rescued',
      read,
      step('other', () => 'other'),
    );
    expect(await workflow('streams', { rescued }).run().result()).toEqual({ rescued: 'other' });
    expect(asked.isReturned).toBe(true);
  });

  it('a cancel stops both', async () => {
    const { numbers, asked } = counting('numbers', Infinity);
    const read = step('read', { numbers: stream(numbers) }, async ({ numbers: live }) => {
      for await (const number of live) if (number === 10) run.cancel('by hand');
    });
    const run = workflow('streams', { read }).run();
    await expect(run.result()).rejects.toThrow('by hand');
    expect(asked.isReturned).toBe(true);
    expect(run.snapshot().counts).toMatchObject({ cancelled: 2, running: 0 });
  });

  it('a producer that waits for room can be stopped', async () => {
    const { numbers, asked } = counting('numbers', Infinity);
    const never = step('never', { numbers: stream(numbers, { capacity: 1 }) }, () => NEVER, {
      timeout: 20,
    });
    // Real time: a producer that waits for its reader has no timer of its own.
    await expect(workflow('streams', { never }).run({ gracePeriod: 50 }).result()).rejects.toThrow('timeout');
    expect(asked.isReturned).toBe(true);
  });
});

it('an Observable of a stream can be taken apart as any other', async () => {
  const source = step('source', () => range(1, 4));
  const read = step('read', { source: stream(source, { overflow: 'error' }) }, (inputs) =>
    inputs.source.toObservable().pipe(toArray()),
  );
  expect(await workflow('streams', { read }).run().result()).toEqual({ read: [1, 2, 3, 4] });
});
