import { forEachStep, input, type StepFailedError, step, stream, type, workflow } from 'millrace';
import { Store } from 'millrace/store';
import { from } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { expectSound } from '../run/support/sound.ts';
import { Calls } from './support/calls.ts';
import { eventually } from './support/eventually.ts';
import { known, Place, runId, warnings } from './support/place.ts';

interface Item {
  readonly id: string;
  readonly size: number;
}

const items: readonly Item[] = ['a', 'b', 'c', 'd'].map((id, size) => ({ id, size }));

async function* oneToFive(): AsyncGenerator<number> {
  await Promise.resolve();
  yield* [1, 2, 3, 4, 5];
}

/** How the items come. */
const sources: Readonly<Record<string, (list: readonly Item[]) => unknown>> = {
  'a list': (list) => list,
  'an async iterable': (list) =>
    async function* () {
      await Promise.resolve();
      yield* list;
    },
  'an Observable': (list) => () => from(list),
};

describe.each(Object.entries(sources))('a fan-out over %s that goes on', (form, from) => {
  const calls = new Calls();
  const settled = form === 'an async iterable';
  const make = (list: readonly Item[], broken: readonly string[] = []) =>
    workflow('w', {
      all: forEachStep(
        'all',
        { items: from(list) as readonly Item[] },
        ({ id, size }) => {
          if (broken.includes(id)) throw new Error('broken');
          return calls.note(id, `${id}${String(size)}`);
        },
        { key: ({ id }) => id },
      ),
    });

  async function play(place: Place, list: readonly Item[], broken?: readonly string[]) {
    const run = make(list, broken).run({ store: place.store, runId, onFailure: 'continue' });
    const events: string[] = [];
    run.progress$.subscribe((event) => {
      if (event.type === 'step-completed' && event.restored === true) events.push(event.stepId);
    });
    const result = await run.result().catch((error: unknown) => error);
    return { result, restored: events, called: calls.take() };
  }

  test('makes only the children that are left', async () => {
    const place = new Place();
    const first = await play(place, items, ['c']);
    expect(first.called).toStrictEqual(['a', 'b', 'd']);
    const second = await play(place, items);
    expect(second).toStrictEqual({
      result: { all: ['a0', 'b1', 'c2', 'd3'] },
      restored: ['all[a]', 'all[b]', 'all[d]'],
      called: ['c'],
    });
    expect(settled || second.called.length === 1).toBe(true);
  });

  test('makes those anew whose item has changed, and those that are new; goes by key, not by place', async () => {
    const place = new Place();
    await play(place, items, ['c']);
    const changed = [{ id: 'd', size: 3 }, { id: 'b', size: 9 }, { id: 'e', size: 5 }, items[0] as Item];
    expect(await play(place, changed)).toStrictEqual({
      result: { all: ['d3', 'b9', 'e5', 'a0'] },
      restored: ['all[d]', 'all[a]'],
      called: ['b', 'e'],
    });
  });

  test('after a crash at any line comes to the same, and makes no child again that was written down', async () => {
    const place = new Place();
    const { result } = await play(place, items);
    for (const cut of place.cuts()) {
      const written = items.filter(({ id }) =>
        cut.lines.some((line) => line.startsWith(`["done","all[${id}]"`)),
      );
      const isDone = cut.lines.some((line) => line.startsWith('["done","all"'));
      const again = await play(cut, items);
      expect(again.result).toStrictEqual(result);
      expect(again.called).toStrictEqual(
        isDone ? [] : items.flatMap(({ id }) => (written.some((one) => one.id === id) ? [] : [id])),
      );
    }
  });
});

describe('a fan-out that goes on', () => {
  test('builds a fold again of its children’s outputs', () => {
    const calls = new Calls();
    let fails = true;
    const sum = forEachStep(
      'sum',
      { items: [1, 2, 3, 4] },
      (item) => {
        if (fails && item === 3) throw new Error('broken');
        return calls.note(String(item), item * 10);
      },
      {
        reduce: (total: number, value: number) => calls.note(`+${String(value)}`, total + value),
        initial: 0,
      },
    );
    const steps = workflow('w', { sum });
    const place = new Place();
    place.play(steps, { onFailure: 'continue' });
    calls.take();
    fails = false;
    const run = place.play(steps);
    expect(run.result).toStrictEqual({ sum: 100 });
    expect(calls.take()).toStrictEqual(['+10', '+20', '3', '+30', '+40']);
    expectSound(run);
  });

  test('that settles gives equal results, its failures included', () => {
    const calls = new Calls();
    const all = forEachStep(
      'all',
      { items: ['a', 'b'] },
      (item) => {
        calls.note(item, 0);
        if (item === 'b') throw new TypeError('broken');
        return item;
      },
      { settle: true },
    );
    const after = step('after', { all }, (inputs) => inputs.all);
    const steps = workflow('w', { after });
    const place = new Place();
    const [fulfilled, rejected] = place.play(steps).result?.after ?? [];
    expect(fulfilled).toStrictEqual({ status: 'fulfilled', value: 'a' });
    calls.take();
    for (const cut of [place.cutAfterStep('all'), place]) {
      const [first, second] = cut.play(steps).result?.after ?? [];
      expect(first).toStrictEqual(fulfilled);
      const reason: unknown = (second as PromiseRejectedResult).reason;
      const before = (rejected as PromiseRejectedResult).reason as StepFailedError;
      expect(reason).toBeInstanceOf(Error);
      expect(reason).toMatchObject({ name: 'StepFailedError', message: before.message, stepId: 'all[1]' });
      expect((reason as Error).cause).toMatchObject({ name: 'TypeError', message: 'broken' });
      expect(calls.take()).toStrictEqual([]);
    }
  });

  test('and is tried again begins its second attempt anew', () => {
    const calls = new Calls();
    let failures = 3;
    const all = forEachStep(
      'all',
      { items: ['a', 'b'] },
      (item) => {
        calls.note(item, 0);
        if (item === 'b' && failures-- > 0) throw new Error('broken');
        return item;
      },
      { retry: 0 },
    );
    const steps = workflow('w', { part: step('part', () => all, { retry: 1 }) });
    const place = new Place();
    const first = place.play(steps);
    expect(first.error).toMatchObject({ name: 'StepFailedError' });
    expect(calls.take()).toStrictEqual(['a', 'b', 'a', 'b']);
    // The first attempt of this process has what the last one of the other had made; the second has nothing.
    const second = place.play(steps);
    expect(second.result).toStrictEqual({ part: ['a', 'b'] });
    expect(calls.take()).toStrictEqual(['b', 'a', 'b']);
    expectSound(second);
  });

  test.each([1, 3])('over a stream restores its children, with a concurrency of %d', async (concurrency) => {
    const calls = new Calls();
    let fails = true;
    const numbers = step('numbers', oneToFive, { resource: 'heavy-io' });
    const all = forEachStep(
      'all',
      { items: stream(numbers) },
      async (item: number) => {
        await Promise.resolve();
        if (fails && item === 5) throw new Error('broken');
        return calls.note(String(item), item * 10);
      },
      { resource: 'heavy-io', concurrency },
    );
    const steps = workflow('w', { all });
    const place = new Place();
    const limits = { 'heavy-io': 2 };
    const first = await place.run(steps, { limits, onFailure: 'continue' });
    expect(first.error).toMatchObject({ name: 'WorkflowFailedError' });
    expect(calls.take()).toStrictEqual(['1', '2', '3', '4']);
    fails = false;
    for (const slow of [false, true]) {
      const later = place.cutAfter(place.lines.length);
      const { result, events } = await later.run(steps, {
        limits,
        ...(slow ? { store: new Store(eventually(later.backend)) } : {}),
      });
      expect(result).toStrictEqual({ all: [10, 20, 30, 40, 50] });
      expect(calls.take()).toStrictEqual(['5']);
      expect(known(events, 'restored')).toStrictEqual(['all[0]', 'all[1]', 'all[2]', 'all[3]']);
    }
  });

  test('over a stream loads its children’s outputs where these are long', async () => {
    const calls = new Calls();
    let fails = true;
    const numbers = step('numbers', oneToFive, { resource: 'heavy-io' });
    const all = forEachStep(
      'all',
      { items: stream(numbers) },
      async (item: number) => {
        await Promise.resolve();
        if (fails && item === 3) throw new Error('broken');
        return calls.note(String(item), String(item).repeat(20_000));
      },
      { resource: 'heavy-io' },
    );
    const last = step('last', { all }, (inputs) => inputs.all.map((text) => text[0]));
    const steps = workflow('w', { last });
    const place = new Place();
    const limits = { 'heavy-io': 2 };
    await place.run(steps, { limits, onFailure: 'continue' });
    calls.take();
    fails = false;
    const { result, error } = await place.run(steps, { limits, store: new Store(eventually(place.backend)) });
    expect(error).toBeUndefined();
    expect(result).toStrictEqual({ last: ['1', '2', '3', '4', '5'] });
    expect(calls.take()).toStrictEqual(['3']);
  });

  test('whose items can’t be told apart makes its children again, and says why', () => {
    const calls = new Calls();
    class Row {
      parse = (): number => 1;
    }
    const after = { fails: true };
    const all = forEachStep('all', { items: [new Row(), new Row()] }, () => calls.note('child', 1));
    const last = step('last', { all }, (inputs) => {
      if (after.fails) throw new Error('broken');
      return inputs.all.length;
    });
    const steps = workflow('w', { last });
    const place = new Place();
    const first = place.play(steps);
    expect(warnings(first.events)).toStrictEqual([
      "children of step 'all' can't be known again, and run again where the run is resumed: the item of 'all[0]' can't be stored: it is an instance of Row",
    ]);
    expect(calls.take()).toStrictEqual(['child', 'child']);
    const crashed = place.cutAfterStep('all[1]');
    after.fails = false;
    expect(crashed.play(steps).result).toStrictEqual({ last: 2 });
    expect(calls.take()).toStrictEqual(['child', 'child']);
    // The fan-out as a whole is known by its path alone.
    place.play(steps);
    expect(calls.take()).toStrictEqual([]);
  });

  test('has children known by key where these look like paths', () => {
    const calls = new Calls();
    const n = input('n', type<number>());
    const all = forEachStep(
      'all',
      { items: ['a/b', 'a]', '[a', '%2F', '/'], n },
      (item) => calls.note(item, item),
      {
        key: (item) => item,
      },
    );
    const steps = workflow('w', { all });
    const place = new Place();
    const { result } = place.play(steps, { inputs: { n: 1 } });
    calls.take();
    for (const cut of place.cuts()) {
      const written = cut.lines.filter((line) => line.startsWith('["done","all[')).length;
      const isDone = cut.lines.some((line) => line.startsWith('["done","all"'));
      expect(cut.play(steps, { inputs: { n: 1 } }).result).toStrictEqual(result);
      expect(calls.take()).toHaveLength(isDone ? 0 : 5 - written);
    }
  });
});
