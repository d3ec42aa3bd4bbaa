import {
  forEachStep,
  type ProgressEvent,
  type RunSnapshot,
  type Step,
  step,
  stream,
  workflow,
} from 'millrace';
import { describe, expect, test } from 'vitest';
import { replay } from '../../lib/node/index.ts';
import { timelineOf } from '../../lib/report/timeline-of.ts';
import { ownAndParts } from './support/places.ts';
import { settlePromises } from './support/settle-promises.ts';
import { counted } from './support/streamed.ts';

describe.each(ownAndParts)('%s', (_, make) => {
  test('a fan-out over a stream takes in reports and replays what it takes in snapshots', async () => {
    const limits = { db: 1, gpu: 2 };
    const events: ProgressEvent[] = [];
    const samples: [count: number, taken: Record<string, number>][] = [];
    const takenOf = ({ resources }: RunSnapshot): Record<string, number> =>
      Object.fromEntries(['db', 'gpu'].map((name) => [name, resources[name]?.taken ?? 0]));
    const sample = async <Value>(value: Value): Promise<Value> => {
      await settlePromises();
      samples.push([events.length, takenOf(run.snapshot())]);
      return value;
    };
    const numbers = step('numbers', () => counted(5), { resource: 'db' });
    const fan = forEachStep('fan', { items: stream(numbers) }, sample, { resource: 'gpu' });
    const after = step('after', { fan }, () => sample(1), { resource: 'gpu' });
    const run = make({ after }).run({ limits });
    const first = run.snapshot();
    run.progress$.subscribe((event) => events.push(event));
    await run.result();
    await sample(0);
    expect(samples).toHaveLength(7);
    for (const [count, taken] of samples) {
      const seen = events.slice(0, count);
      const { usage } = timelineOf({ workflow: run.workflow, limits, events: seen });
      const pictured = ['db', 'gpu'].map((name) => [name, usage.get(name)?.at(-1)?.taken ?? 0]);
      expect(Object.fromEntries(pictured)).toStrictEqual(taken);
      const again = replay({ runId: run.runId, workflow: run.workflow, events: seen, snapshot: first });
      again.play();
      expect(takenOf(again.snapshot())).toStrictEqual(taken);
    }
  });

  test.each([1, 2, 3, 7])(
    '%i fan-outs over streams whose children bring bigger demands come to their end',
    async (count) => {
      const fans = Array.from({ length: count }, (__, place) => {
        const id = String(place);
        const numbers = step(`numbers ${id}`, () => counted(5));
        return forEachStep(
          `fan ${id}`,
          { items: stream(numbers) },
          (item) =>
            workflow('inner', { big: step('big', () => Promise.resolve(item), { resource: { gpu: 3 } }) }),
          { resource: 'gpu' },
        );
      });
      const work = make(Object.fromEntries(fans.map((fan) => [fan.id, fan])));
      const result = await work.run({ limits: { gpu: Math.max(3, count) } }).result();
      expect(JSON.stringify(result).match(/"big":4/g)).toHaveLength(count);
    },
  );

  test('fan-outs over streams whose children are fan-outs over streams come to their end', async () => {
    const numbers = step('numbers', () => counted(4));
    const fan = forEachStep(
      'fan',
      { items: stream(numbers) },
      (item) => {
        const inner = step('numbers', () => counted(3));
        return forEachStep('within', { items: stream(inner) }, (one) => Promise.resolve(one + item), {
          resource: 'gpu',
        });
      },
      { resource: 'gpu' },
    );
    const result = await make({ fan })
      .run({ limits: { gpu: 1 } })
      .result();
    expect(JSON.stringify(result)).toContain('[[0,1,2],[1,2,3],[2,3,4],[3,4,5]]');
  });
});

describe('children that return steps', () => {
  test.each([
    ['a step', (item: number) => step('one', () => item, { resource: 'gpu' })],
    [
      'a workflow',
      (item: number) => workflow('inner', { one: step('one', () => item, { resource: 'gpu' }) }),
    ],
  ])('such as %s don’t read an iterable of 20,000 items to its end', async (_, made) => {
    let asked = 0;
    let most = 0;
    let over = 0;
    const items = async function* () {
      for (let item = 0; item < 20_000; item++) {
        asked++;
        most = Math.max(most, asked - over);
        yield item;
      }
    };
    const fan = forEachStep('fan', { items }, (item) => made(item) as Step<number, never>, {
      reduce: (sum: number) => {
        over++;
        if (over === 200) run.cancel('enough');
        return sum + 1;
      },
      initial: 0,
    });
    const run = workflow('w', { fan }).run({ limits: { gpu: 1 } });
    await run.result().catch(() => undefined);
    expect(most).toBeLessThan(100);
    expect(asked).toBeLessThan(400);
  });
});
