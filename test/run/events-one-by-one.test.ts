import { InvalidOptionsError, type ProgressEvent, type Run, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { thrownBy } from './support/thrown-by.ts';

const one = step('one', () => 1);
const two = step('two', { one }, ({ one }) => one + 1);
const pair = workflow('pair', { two });

/** Two steps of 10 ms each, one after the other. */
function timed(): { time: VirtualTime; run: Run<unknown> } {
  const time = new VirtualTime();
  const first = step('first', () => time.after(10, 1));
  const second = step('second', { first }, () => time.after(10, 2));
  return { time, run: workflow('timed', { second }).run({ scheduler: time.scheduler }) };
}

async function read(events: AsyncIterable<ProgressEvent>): Promise<ProgressEvent[]> {
  const all: ProgressEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const numbersOf = (events: readonly ProgressEvent[]): number[] => events.map(({ seq }) => seq);

describe('run.events()', () => {
  test('gives what progress$ emits, in order, and ends with the run', async () => {
    const run = pair.run();
    const emitted: ProgressEvent[] = [];
    run.progress$.subscribe((event) => emitted.push(event));
    const following = read(run.events());
    await run.result();
    const events = await following;
    expect(events).toStrictEqual(emitted);
    expect(events.at(-1)?.type).toBe('run-completed');
    expectTypeOf(events).toEqualTypeOf<ProgressEvent[]>();
  });

  test('ends with the run where it fails or is cancelled, and never throws', async () => {
    const failing = workflow('failing', { bad: step('bad', () => Promise.reject(new Error('no'))) }).run();
    const failed = read(failing.events());
    await expect(failing.result()).rejects.toThrow('no');
    expect((await failed).at(-1)?.type).toBe('run-failed');

    const { run } = timed();
    const cancelled = read(run.events());
    run.result$.subscribe({ error: () => undefined });
    run.cancel('enough');
    expect((await cancelled).at(-1)?.type).toBe('run-cancelled');
  });

  test('neither starts the run nor holds it', async () => {
    const { time, run } = timed();
    const following = read(run.events());
    time.flush();
    expect(run.snapshot().status).toBe('idle');
    const subscription = run.result$.subscribe({ error: () => undefined });
    subscription.unsubscribe();
    time.flush();
    expect((await following).at(-1)?.type).toBe('run-cancelled');
  });

  test('hears what happens from when it is iterated on', async () => {
    const { time, run } = timed();
    const events = run.events();
    run.result$.subscribe();
    time.advanceTo(5);
    const following = read(events);
    time.flush();
    expect((await following)[0]).toMatchObject({ at: 10, type: 'step-completed', stepId: 'first' });
  });

  test('can be iterated again, each time for itself', async () => {
    const { time, run } = timed();
    const events = run.events();
    const both = Promise.all([read(events), read(events)]);
    run.result$.subscribe();
    time.flush();
    const [left, right] = await both;
    expect(left).toHaveLength(6);
    expect(right).toStrictEqual(left);
  });

  test('ends at once after the end', async () => {
    const run = pair.run();
    const events = run.events();
    await run.result();
    expect(await read(events)).toStrictEqual([]);
    expect(await read(run.events())).toStrictEqual([]);
  });

  test('is left by break: nobody listens any more, and the run goes on', async () => {
    const { time, run } = timed();
    const leaving = (async () => {
      for await (const event of run.events()) if (event.type === 'run-started') break;
    })();
    const results: unknown[] = [];
    run.result$.subscribe((result) => results.push(result));
    await leaving;
    time.advanceTo(15);
    const later: ProgressEvent[] = [];
    run.progress$.subscribe((event) => later.push(event));
    time.flush();
    expect(results).toStrictEqual([{ second: 2 }]);
    // With nobody there no event is built nor counted: run-started and the first start were, what happened at 10 wasn't.
    expect(numbersOf(later)).toStrictEqual([3, 4]);
  });

  test('gives nothing more to who has left, and lets a read that waits end', async () => {
    const { run } = timed();
    const iterator = run.events()[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await iterator.return?.();
    expect(await waiting).toStrictEqual({ done: true, value: undefined });
    run.result$.subscribe({ error: () => undefined });
    expect(await iterator.next()).toStrictEqual({ done: true, value: undefined });
  });

  test('answers reads that were made ahead in their order', async () => {
    const run = pair.run();
    const iterator = run.events()[Symbol.asyncIterator]();
    const reads = [iterator.next(), iterator.next()];
    await run.result();
    expect((await Promise.all(reads)).map(({ value }) => value?.seq)).toStrictEqual([1, 2]);
  });

  test('tells the one who was slow, in one warning, how many of the oldest were dropped', async () => {
    const run = pair.run();
    const following = read(run.events({ capacity: 2 }));
    await run.result();
    const [first, mark, ...others] = await following;
    // The first was read as it came: somebody waited for it.
    expect(first).toMatchObject({ seq: 1, type: 'run-started' });
    expect(mark).toStrictEqual({
      type: 'warning',
      topic: 'dropped',
      seq: 4,
      at: expect.any(Number) as number,
      runId: run.runId,
      stepId: 'two',
      attempt: 0,
      count: 3,
      message:
        '3 events up to seq 4 were dropped, since 2 wait to be read: read them faster, or give events() a larger capacity',
    });
    expect(numbersOf(others)).toStrictEqual([5, 6]);
  });

  test('says so anew where more are dropped later, and of no step where there is none', async () => {
    const { time, run } = timed();
    const iterator = run.events({ capacity: 1 })[Symbol.asyncIterator]();
    run.result$.subscribe();
    const numbers: unknown[] = [];
    const readTwo = async (): Promise<void> => {
      for (let read = 0; read < 2; read++) {
        const { value } = await iterator.next();
        numbers.push(value?.type === 'warning' ? [value.count, value.stepId] : value?.seq);
      }
    };
    await readTwo();
    time.flush();
    await readTwo();
    expect(numbers).toStrictEqual([[1, ''], 2, [3, 'second'], 6]);
    expect((await iterator.next()).done).toBe(true);
  });

  test.each([1, 2, 3, 7, Infinity])('loses none unsaid with room for %d', async (capacity) => {
    const run = pair.run();
    const following = read(run.events({ capacity }));
    await run.result();
    const events = await following;
    const dropped = events.reduce(
      (sum, event) => sum + (event.type === 'warning' ? (event.count ?? 0) : 0),
      0,
    );
    const marks = events.filter(({ type }) => type === 'warning').length;
    expect(events.length - marks + dropped).toBe(6);
    expect(marks > 0).toBe(capacity < 5);
  });

  test.each([
    { capacity: 0 },
    { capacity: 1.5 },
    { capacity: Number.NaN },
    { capacity: '8' },
    { capcity: 8 },
    null,
    8,
  ])('refuses %j before anything is read', (options) => {
    const run = pair.run();
    const error = thrownBy(() => run.events(options as never));
    expect(error).toBeInstanceOf(InvalidOptionsError);
  });

  test('takes an undefined capacity as absent', async () => {
    const run = pair.run();
    const following = read(run.events({ capacity: undefined }));
    await run.result();
    expect(numbersOf(await following)).toStrictEqual([1, 2, 3, 4, 5, 6]);
  });
});
