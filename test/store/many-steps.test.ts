import { type Definition, defineWorkflow, forEachStep, step, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { known, Place, runId } from './support/place.ts';

describe('many steps', () => {
  test('are all restored: 5,000 in layers', () => {
    let ran = 0;
    const definitions = Array.from(
      { length: 5000 },
      (_, at): Definition => ({
        id: `s${String(at)}`,
        dependsOn: at < 50 ? [] : [`s${String(at - 50)}`],
        run: () => ++ran,
      }),
    );
    const steps = defineWorkflow('layers', definitions);
    const place = new Place();
    const { result } = place.play(steps);
    expect(ran).toBe(5000);
    const again = place.play(steps);
    expect(again.result).toStrictEqual(result);
    expect(known(again.events, 'restored')).toHaveLength(5000);
    expect(ran).toBe(5000);
  });

  test.each([
    ['restored', false],
    ['cached', true],
  ] as const)(
    'are all %s: 20,000 children, without deep stacks',
    async (origin, hasCache) => {
      const count = 20_000;
      let ran = 0;
      let fails = true;
      const all = forEachStep(
        'all',
        { items: () => Array.from({ length: count }, (_, at) => at).values() },
        (item) => {
          if (fails && item === count - 1) throw new Error('broken');
          ran++;
          return item % 10;
        },
        {
          reduce: (sum: number, one: number) => sum + one,
          initial: 0,
          ...(hasCache ? { cache: { version: 1 } } : {}),
        },
      );
      const steps = workflow('w', { last: step('last', { all }, (inputs) => inputs.all) });
      const place = new Place();
      await place.run(steps);
      expect(ran).toBe(count - 1);
      fails = false;
      const { result, events } = await place.run(steps, { runId: hasCache ? 'another' : runId });
      expect(result).toStrictEqual({ last: 90_000 });
      expect(ran).toBe(count);
      expect(known(events, origin)).toHaveLength(count - 1);
    },
    60_000,
  );

  test('give the event loop its turns while they are restored', async () => {
    const count = 20_000;
    let fails = true;
    let turns = 0;
    const all = forEachStep(
      'all',
      { items: () => Array.from({ length: count }, (_, at) => at).values() },
      (item) => {
        if (fails && item === count - 1) throw new Error('broken');
        return item;
      },
      { reduce: (sum: number, one: number) => sum + one, initial: 0 },
    );
    const steps = workflow('w', { all });
    const place = new Place();
    await place.run(steps);
    fails = false;
    const run = steps.run({ store: place.store, runId });
    const between: number[] = [];
    run.progress$.subscribe((event) => {
      if (event.type === 'step-completed' && event.restored === true) between.push(turns);
    });
    const timer = setInterval(() => turns++, 0);
    await run.result();
    clearInterval(timer);
    expect(between).toHaveLength(count - 1);
    expect((between.at(-1) ?? 0) - (between[0] ?? 0)).toBeGreaterThan(2);
  });
});
