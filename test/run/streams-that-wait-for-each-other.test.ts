import { type ProgressEvent, step, stream, type Workflow, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { anywhere } from './support/places.ts';
import { settlePromises } from './support/settle-promises.ts';
import { all, counted } from './support/streamed.ts';

/** source → left, right → both, with few places in each channel. */
function diamond(
  count: number,
  capacity: number,
  read: (left: AsyncIterable<number>, right: AsyncIterable<number>) => Promise<unknown>,
) {
  const produced = { count: 0 };
  const source = step('source', async function* () {
    for (let number = 0; number < count; number++) {
      produced.count++;
      yield number;
    }
  });
  const branch = (id: string) =>
    step(id, { source: stream(source, { capacity }) }, async function* ({ source: values }) {
      for await (const value of values) yield value;
    });
  const both = step(
    'both',
    { left: stream(branch('left'), { capacity }), right: stream(branch('right'), { capacity }) },
    ({ left, right }) => read(left, right),
  );
  return { both, produced };
}

async function told(work: Workflow<unknown, never>) {
  const run = work.run();
  const events: ProgressEvent[] = [];
  run.progress$.subscribe((event) => events.push(event));
  const result = await run.result();
  const warnings = events.filter((event) => event.type === 'warning');
  return { result, warnings };
}

describe.each(anywhere)('%s', (_, make) => {
  test.each([1, 2, 7])(
    'a diamond whose streams are read one after the other comes to its end (capacity %i)',
    async (capacity) => {
      const { both } = diamond(20, capacity, async (left, right) => [
        (await all(left)).length,
        (await all(right)).length,
      ]);
      const { result, warnings } = await told(make({ both }));
      expect(JSON.stringify(result)).toContain('[20,20]');
      expect(warnings.length).toBeGreaterThan(0);
      expect(new Set(warnings.map(({ topic }) => topic))).toStrictEqual(new Set(['channel']));
      expect(warnings[0]?.message).toContain('right');
    },
  );

  test('a diamond that is read side by side grows nothing', async () => {
    const { both } = diamond(50, 1, async (left, right) => {
      const [one, two] = await Promise.all([all(left), all(right)]);
      return [one.length, two.length];
    });
    const { result, warnings } = await told(make({ both }));
    expect(JSON.stringify(result)).toContain('[50,50]');
    expect(warnings).toStrictEqual([]);
  });

  test('a slow reader of both at once keeps the bounds', async () => {
    let most = 0;
    let read = 0;
    const slowly = async (values: AsyncIterable<number>): Promise<number> => {
      let count = 0;
      for await (const value of values) {
        count++;
        read++;
        most = Math.max(most, produced.count - value);
        for (let turn = 0; turn < 3; turn++) await settlePromises();
      }
      return count;
    };
    const { both, produced } = diamond(30, 1, (left, right) => Promise.all([slowly(left), slowly(right)]));
    const { warnings } = await told(make({ both }));
    expect(read).toBe(60);
    expect(warnings).toStrictEqual([]);
    expect(most).toBeLessThan(10);
  });

  test('a reader that is at something else meanwhile keeps the bounds', async () => {
    const { both, produced } = diamond(30, 1, async (left, right) => {
      const first = left[Symbol.asyncIterator]();
      const second = right[Symbol.asyncIterator]();
      await first.next();
      await second.next();
      for (let turn = 0; turn < 50; turn++) await settlePromises();
      expect(produced.count).toBeLessThan(10);
      await first.return?.();
      return (await all({ [Symbol.asyncIterator]: () => second })).length;
    });
    const { result, warnings } = await told(make({ both }));
    expect(JSON.stringify(result)).toContain('29');
    expect(warnings).toStrictEqual([]);
  });
});

test('two streams of one step, read one after the other', async () => {
  const numbers = step('numbers', () => counted(20));
  const both = step(
    'both',
    { one: stream(numbers, { capacity: 2 }), two: stream(numbers, { capacity: 2 }) },
    async ({ one, two }) => [(await all(one)).length, (await all(two)).length],
  );
  const { result, warnings } = await told(workflow('w', { both }));
  expect(result).toStrictEqual({ both: [20, 20] });
  expect(warnings.length).toBeGreaterThan(0);
});
