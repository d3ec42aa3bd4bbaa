import {
  choose,
  EmptyStepError,
  fallback,
  firstOf,
  forEachStep,
  InvalidOptionsError,
  InvalidWorkflowError,
  type LiveStream,
  MissingOverflowError,
  optional,
  ResourceLimitError,
  type Run,
  type Step,
  StepFailedError,
  StreamOverflowError,
  step,
  stream,
  subflow,
  WorkflowFailedError,
  workflow,
} from 'millrace';
import { type Recording, runInVirtualTime } from 'millrace/testing';
import {
  concat,
  EMPTY,
  firstValueFrom,
  map,
  NEVER,
  type Observable,
  of,
  range,
  throwError,
  timer,
  toArray,
} from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { VirtualTime } from './support/virtual-time.ts';
import { play } from './support/watch.ts';

/** So many numbers, and how many of them were asked for. */
function counting(id: string, count: number) {
  const asked = { count: 0, isReturned: false };
  const numbers = step(id, async function* () {
    try {
      for (let number = 0; number < count; number++) {
        asked.count++;
        yield number;
      }
    } finally {
      asked.isReturned = true;
    }
  });
  return { asked, numbers };
}

async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const list: Value[] = [];
  for await (const value of values) list.push(value);
  return list;
}

/** The cause of what a run fails with. */
async function causeOf(result: Promise<unknown>): Promise<unknown> {
  const error: unknown = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StepFailedError);
  return (error as StepFailedError).cause;
}

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

async function* counted(count: number): AsyncGenerator<number> {
  for (let number = 0; number < count; number++) yield number;
}

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

describe('they are admitted together, or not at all:', () => {
  it('at most as many as may run at once', () => {
    const { numbers } = counting('numbers', 3);
    const read = step('read', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    expect(() => workflow('streams', { read }).run({ concurrency: 1 })).toThrow(
      "step 'numbers' + 'read' demands 2 of 'concurrency', but the limit is 1; raise the run's concurrency",
    );
  });

  const { numbers } = counting('numbers', 100);
  const doubled = step('doubled', { numbers: stream(numbers) }, async function* (inputs) {
    for await (const number of inputs.numbers) yield number * 2;
  });
  const sum = step('sum', { doubled: stream(doubled) }, (inputs) => all(inputs.doubled));
  const flow = workflow('streams', { sum });

  it('what can never fit is an error before the start', () => {
    expect(() => flow.run({ limits: { 'light-cpu': 2 } })).toThrow(ResourceLimitError);
    expect(() => flow.run({ limits: { 'light-cpu': 2 } })).toThrow(
      "step 'numbers' + 'doubled' + 'sum' demands 3",
    );
    expect(() => flow.run({ concurrency: 2 })).toThrow("demands 3 of 'concurrency'");
  });

  it('what just fits runs', async () => {
    const { sum: list } = await flow.run({ limits: { 'light-cpu': 3 }, concurrency: 3 }).result();
    expect(list).toHaveLength(100);
  });

  it('they wait for room for all of them, and start at one moment', () => {
    const time = new VirtualTime();
    const busy = step('busy', () => time.after(30, 1), { priority: 1 });
    const source = step('source', () => time.after(5, 1));
    const read = step('read', { source: stream(source, { overflow: 'error' }) }, ({ source: live }) =>
      live.toObservable(),
    );
    const watched = play(workflow('streams', { busy, read }), { limits: { 'light-cpu': 2 } }, time);
    const start = (id: string) => watched.the('step-started', id).at;
    expect([start('busy'), start('source'), start('read')]).toEqual([0, 30, 30]);
    expect(watched.run.snapshot().resources['light-cpu']?.taken).toBe(0);
  });

  it('limits that change meanwhile stay large enough for them', () => {
    const run = flow.run({ limits: { 'light-cpu': 8 } });
    expect(() => {
      run.setLimits({ 'light-cpu': 2 });
    }).toThrow(ResourceLimitError);
  });

  it('a fan-out over a stream can use what it took with its producer', async () => {
    const source = step('source', () => counted(30), { resource: 'heavy-cpu' });
    const each = forEachStep(
      'each',
      { items: stream(source, { capacity: 1 }) },
      async (number) => {
        await new Promise((resolve) => setImmediate(resolve));
        return number;
      },
      { resource: 'heavy-cpu', reduce: (total: number, number) => total + number, initial: 0 },
    );
    const nested = workflow('streams', { each });
    expect(() => nested.run({ limits: { 'heavy-cpu': 1 } })).toThrow(ResourceLimitError);
    for (const limit of [2, 3, 5]) {
      const run = nested.run({ limits: { 'heavy-cpu': limit } });
      expect(await run.result()).toEqual({ each: 435 });
      expect(run.metrics().resources['heavy-cpu']?.peak).toBeLessThanOrEqual(limit);
      expect(run.snapshot().resources['heavy-cpu']?.taken).toBe(0);
    }
  });

  it('children start while the producer still emits, and it is held back for them', async () => {
    const { numbers: source, asked } = counting('source', 60);
    let done = 0;
    let ahead = 0;
    const each = forEachStep(
      'each',
      { items: stream(source, { capacity: 1 }) },
      async () => {
        await new Promise((resolve) => setImmediate(resolve));
        ahead = Math.max(ahead, asked.count - done++);
      },
      { concurrency: 2 },
    );
    await workflow('streams', { each }).run().result();
    expect(done).toBe(60);
    expect(ahead).toBeLessThanOrEqual(6);
  });
});

describe('with branches:', () => {
  const { numbers } = counting('numbers', 5);

  it('a reader that is skipped is not waited for', async () => {
    const read = step('read', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers), {
      when: () => false,
    });
    const whole = step('whole', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    const flow = workflow('streams', { whole, read: optional(read) });
    expect(await flow.run().result()).toEqual({ whole: [0, 1, 2, 3, 4], read: undefined });
  });

  it('a producer that is skipped skips its readers', async () => {
    const source = step('source', () => counted(3), { when: () => false });
    const read = step('read', { source: stream(source) }, (inputs) => all(inputs.source));
    const flow = workflow('streams', { read: optional(read) });
    expect(await flow.run().result()).toEqual({ read: undefined });
  });

  it('a branch may stream, and one that is not taken does not', async () => {
    const read = step('read', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    const flow = (branch: 'read' | 'no') =>
      workflow('streams', {
        out: choose('out', {}, () => branch, { read, no: step('no', () => 'nothing') }),
      });
    expect(await flow('read').run().result()).toEqual({ out: [0, 1, 2, 3, 4] });
    const run = flow('no').run();
    expect(await run.result()).toEqual({ out: 'nothing' });
    expect(run.snapshot().counts).toMatchObject({ skipped: 2 });
  });

  it('what loses a race stops with its producer', async () => {
    const { numbers: endless, asked } = counting('endless', Infinity);
    const read = step('read', { endless: stream(endless) }, (inputs) => all(inputs.endless));
    const first = firstOf('first', [read, step('quick', () => Promise.resolve('quick'))]);
    expect(await workflow('streams', { first }).run().result()).toEqual({ first: 'quick' });
    expect(asked.isReturned || asked.count === 0).toBe(true);
  });

  it('a workflow with streams is tried again as a whole', async () => {
    let attempts = 0;
    const source = step('source', () => counted(4));
    const read = step('read', { source: stream(source) }, async (inputs) => {
      const list = await all(inputs.source);
      if (++attempts < 3) throw new Error('not yet');
      return list;
    });
    const again = subflow('again', workflow('inner', { read }), { retry: 2 });
    expect(await workflow('streams', { again }).run().result()).toEqual({ again: { read: [0, 1, 2, 3] } });
    expect(attempts).toBe(3);
  });
});

describe('is refused:', () => {
  const { numbers } = counting('numbers', 3);

  it.each([
    ['a capacity below 1', () => stream(numbers, { capacity: 0 }), 'capacity'],
    ['a capacity without an end', () => stream(numbers, { capacity: Infinity }), 'capacity'],
    ['a policy that there is not', () => stream(numbers, { overflow: 'drop' as never }), 'overflow'],
    [
      'an option that there is not',
      () => stream(numbers, { capcity: 1 } as never),
      "did you mean 'capacity'?",
    ],
    ['what is no step', () => stream('numbers' as never), 'a step made by step()'],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(InvalidOptionsError);
    expect(make).toThrow(message);
  });

  it('waiting for the end of what is read', () => {
    const read = step('read', { numbers: stream(numbers), last: numbers }, () => 1);
    expect(() => workflow('streams', { read })).toThrow(InvalidWorkflowError);
    expect(() => workflow('streams', { read })).toThrow('numbers → read');
  });

  it('waiting for it through others', () => {
    const { numbers: source } = counting('source', 3);
    const last = step('last', { source }, (inputs) => inputs.source);
    const between = step('between', { last }, (inputs) => inputs.last);
    const read = step('read', { source: stream(source), between }, () => 1);
    expect(() => workflow('streams', { read })).toThrow('source → last → between → read');
  });

  it('two groups that wait for each other', () => {
    const one = counting('one', 3).numbers;
    const two = counting('two', 3).numbers;
    const readOne = step('readOne', { one: stream(one), two }, () => 1);
    const readTwo = step('readTwo', { two: stream(two), one }, () => 2);
    expect(() => workflow('streams', { readOne, readTwo })).toThrow(InvalidWorkflowError);
  });

  it('a retry on either side', () => {
    const tried = step('tried', () => counted(3), { retry: 1 });
    const read = step('read', { tried: stream(tried) }, () => 1, { retry: 2 });
    expect(() => workflow('streams', { read })).toThrow("retry of step 'tried'");
    expect(() => workflow('streams', { read })).toThrow("retry of step 'read'");
  });

  it('the stream of a step that emits nothing itself', () => {
    const joined = firstOf('joined', [numbers]);
    const read = step('read', { joined: stream(joined) }, () => 1);
    expect(() => workflow('streams', { read })).toThrow("the stream of 'joined' in step 'read'");
  });

  it('as an input of a subflow, and in a choice', () => {
    const inner = workflow('inner', { one: step('one', () => 1) });
    expect(() => subflow('sub', inner, { inputs: { rows: stream(numbers) } } as never)).toThrow(
      InvalidOptionsError,
    );
    expect(() => choose('pick', { rows: stream(numbers) }, () => 'a', { a: numbers })).toThrow(
      InvalidOptionsError,
    );
  });

  it('a second reading', async () => {
    const read = step('read', { numbers: stream(numbers) }, async (inputs) => {
      await all(inputs.numbers);
      return all(inputs.numbers);
    });
    const cause = await causeOf(workflow('streams', { read }).run().result());
    expect(cause).toBeInstanceOf(InvalidOptionsError);
    expect(String(cause)).toContain("the stream of 'numbers' to be read once");
  });
});

it('an Observable of a stream can be taken apart as any other', async () => {
  const source = step('source', () => range(1, 4));
  const read = step('read', { source: stream(source, { overflow: 'error' }) }, (inputs) =>
    inputs.source.toObservable().pipe(toArray()),
  );
  expect(await workflow('streams', { read }).run().result()).toEqual({ read: [1, 2, 3, 4] });
});

describe('whoever reads a step that is decided about later', () => {
  const late = () => {
    const before = step('before', () => Promise.resolve(1));
    const skipped = step('skipped', { before }, () => counted(3), { when: () => false });
    const read = step('read', { skipped: stream(skipped) }, (inputs) => all(inputs.skipped));
    return { before, skipped, read };
  };

  it('is skipped with it', async () => {
    const { read } = late();
    expect(
      await workflow('late', { read: optional(read) })
        .run()
        .result(),
    ).toEqual({ read: undefined });
  });

  it('is skipped with it where it needs something else, too', async () => {
    const { before, skipped } = late();
    const read = step('read', { skipped: stream(skipped), before }, () => 1);
    const each = forEachStep('each', { items: stream(skipped), before }, (number) => number);
    const flow = workflow('late', { read: optional(read), each: optional(each) });
    expect(await flow.run().result()).toEqual({ read: undefined, each: undefined });
  });

  it('can’t be in a branch that is chosen by its end', () => {
    const numbers = step('numbers', () => counted(3));
    const one = step('one', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    const two = step('two', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    const after = step('after', { one }, () => 'b' as const);
    const other = step('other', () => 1);
    const refused = (out: Step<unknown, never>): void => {
      expect(() => workflow('late', { out })).toThrow(InvalidWorkflowError);
    };
    refused(fallback('out', one, two));
    refused(choose('out', { numbers }, () => 'b', { a: one, b: other }));
    refused(choose('out', { after }, () => 'b', { a: two, b: other }));
    refused(
      fallback(
        'out',
        one,
        step('more', { two }, () => 1),
      ),
    );
    // What decides has nothing to do with the stream.
    expect(workflow('late', { out: choose('out', { other }, () => 'b', { a: one, b: two }) })).toBeDefined();
  });
});

describe('children of a fan-out over a stream', () => {
  const numbers = step('numbers', () => counted(6), { resource: {} });
  const each = forEachStep(
    'each',
    { items: stream(numbers) },
    (_, __, { scheduler }) => timer(1, scheduler),
    {
      resource: 'api',
    },
  );
  const flow = workflow('live', { each });
  const startsIn = ({ events }: Recording): number[] =>
    events.flatMap((event) =>
      event.type === 'step-started' && event.stepId.includes('[') ? [event.at] : [],
    );

  it('keep to a rate, the one that runs in what the fan-out has taken as well', async () => {
    const limits = { api: { limit: 9, rate: { limit: 2, per: 100 } } };
    const starts = startsIn(await runInVirtualTime(flow, { limits }));
    expect(starts).toHaveLength(6);
    // The fan-out itself has been the first.
    for (const at of [0, 100, 200])
      expect(starts.filter((start) => start >= at && start < at + 100).length).toBeLessThanOrEqual(2);
  });

  it('are held back by a pause of their class', async () => {
    const slow = step(
      'slow',
      async function* (ctx) {
        for (let number = 0; number < 6; number++) {
          await firstValueFrom(timer(10, ctx.scheduler));
          yield number;
        }
      },
      { resource: {} },
    );
    const late = forEachStep('late', { items: stream(slow) }, (number) => number, { resource: 'api' });
    const paused = {
      15: (run: Pick<Run, 'pause'>) => {
        run.pause('api');
      },
      100: (run: Pick<Run, 'resume'>) => {
        run.resume('api');
      },
    };
    const recording = await runInVirtualTime(workflow('live', { late }), { limits: { api: 3 }, at: paused });
    const starts = startsIn(recording);
    expect(starts).toHaveLength(6);
    expect(starts.filter((start) => start > 15 && start < 100)).toEqual([]);
  });
});
