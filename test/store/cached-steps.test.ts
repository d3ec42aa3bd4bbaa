import { inspect } from 'node:util';
import { forEachStep, input, optional, type RunHistory, step, subflow, type, workflow } from 'millrace';
import { Store } from 'millrace/store';
import { afterEach, describe, expect, test } from 'vitest';
import { go } from './support/cached-runs.ts';
import { Calls } from './support/calls.ts';
import { eventually } from './support/eventually.ts';
import { known, Place, runId, warnings } from './support/place.ts';

const calls = new Calls();

afterEach(() => {
  calls.take();
});

describe('a step with a cache', () => {
  const make = (version: number | string = 1, more: object = {}) => {
    const n = input('n', type<number>());
    const a = step('a', { n }, (inputs) => calls.note('a', inputs.n * 2), { cache: { version, ...more } });
    return workflow('w', { a });
  };

  test('is a hit in another run with the same inputs, and comes to the same', async () => {
    const place = new Place();
    const first = await go(place, calls, make(), { inputs: { n: 1 } });
    expect(first).toMatchObject({ result: { a: 2 }, cached: [], ran: ['a'] });
    const second = await go(place, calls, make(), { inputs: { n: 1 } });
    expect(second).toMatchObject({ result: first.result, cached: ['a'], ran: [] });
    expect(second.events.map(({ type: kind }) => kind)).toStrictEqual([
      'run-started',
      'step-completed',
      'run-completed',
    ]);
  });

  test('is a miss with other inputs, and with another version; each is kept beside the others', async () => {
    const place = new Place();
    for (const [version, n] of [
      [1, 1],
      [1, 2],
      [2, 1],
      ['1', 1],
    ] as const)
      expect(await go(place, calls, make(version), { inputs: { n } })).toMatchObject({
        cached: [],
        ran: ['a'],
      });
    for (const [version, n] of [
      [1, 1],
      [1, 2],
      [2, 1],
      ['1', 1],
    ] as const)
      expect(await go(place, calls, make(version), { inputs: { n } })).toMatchObject({
        result: { a: 2 * n },
        cached: ['a'],
        ran: [],
      });
  });

  test('goes by its key alone where it says one', async () => {
    const place = new Place();
    const even = { key: ({ n }: { n: number }) => n % 2 };
    await go(place, calls, make(1, even), { inputs: { n: 2 } });
    expect(await go(place, calls, make(1, even), { inputs: { n: 4 } })).toMatchObject({
      result: { a: 4 },
      cached: ['a'],
    });
    expect(await go(place, calls, make(1, even), { inputs: { n: 3 } })).toMatchObject({
      result: { a: 6 },
      ran: ['a'],
    });
  });

  test('goes by the environment that it names', async () => {
    const place = new Place();
    const more = { env: ['MILLRACE_TEST_MODE'] };
    const under = async (mode: string | undefined) => {
      if (mode === undefined) delete process.env['MILLRACE_TEST_MODE'];
      else process.env['MILLRACE_TEST_MODE'] = mode;
      try {
        return await go(place, calls, make(1, more), { inputs: { n: 1 } });
      } finally {
        delete process.env['MILLRACE_TEST_MODE'];
      }
    };
    for (const mode of ['x', 'y', undefined, '']) expect(await under(mode)).toMatchObject({ ran: ['a'] });
    for (const mode of ['x', 'y', undefined, '']) expect(await under(mode)).toMatchObject({ cached: ['a'] });
  });

  test('is a miss once its result is older than its ttl', async () => {
    const place = new Place();
    const more = { ttl: '1h' };
    await go(place, calls, make(1, more), { inputs: { n: 1 } });
    expect(await go(place, calls, make(1, more), { inputs: { n: 1 } })).toMatchObject({ cached: ['a'] });
    expect(await go(place, calls, make(1, { ttl: 0 }), { inputs: { n: 1 } })).toMatchObject({ ran: ['a'] });
  });

  test('shares its results under a name, between workflows', async () => {
    const place = new Place();
    const named = (workflowName: string, id: string, name?: string) =>
      workflow(workflowName, { [id]: step(id, () => calls.note(id, 1), { cache: { version: 1, name } }) });
    await go(place, calls, named('one', 'a', 'shared'));
    expect(await go(place, calls, named('two', 'b', 'shared'))).toMatchObject({
      result: { b: 1 },
      cached: ['b'],
    });
    expect(await go(place, calls, named('two', 'b'))).toMatchObject({ ran: ['b'] });
    expect(await go(place, calls, named('one', 'a'))).toMatchObject({ ran: ['a'] });
  });

  test('is never taken for another whose names only look alike', async () => {
    const place = new Place();
    const one = (workflowName: string, id: string, name?: string) =>
      workflow(workflowName, {
        out: step(id, () => calls.note(id, `${workflowName}/${id}`), { cache: { version: 1, name } }),
      });
    const all = [
      one('w', 'x: y'),
      one('w: x', 'y'),
      one('v', 'z', 'w: x: y'),
      one('w', 'a/b'),
      one('w', 'a[]'),
    ];
    const nested = workflow('w', {
      out: subflow(
        'a',
        workflow('part', { b: step('b', () => calls.note('a/b', 'nested'), { cache: { version: 1 } }) }),
      ),
    });
    const results = [];
    for (const each of [...all, nested]) results.push((await go(place, calls, each)).result);
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(6);
    for (const [at, each] of [...all, nested].entries())
      expect(await go(place, calls, each)).toMatchObject({ result: results[at], ran: [] });
  });

  test('is cut off early by an upstream step that ran again and came to the same', async () => {
    const place = new Place();
    const chain = (read: () => unknown) => {
      const source = step('source', () => calls.note('source', read()));
      const parsed = step(
        'parsed',
        { source },
        (inputs) => calls.note('parsed', String(inputs.source).trim()),
        {
          cache: { version: 1 },
        },
      );
      const used = step('used', { parsed }, (inputs) => calls.note('used', `<${inputs.parsed}>`), {
        cache: { version: 1 },
      });
      return workflow('w', { used });
    };
    expect(
      await go(
        place,
        calls,
        chain(() => 'x'),
      ),
    ).toMatchObject({ ran: ['source', 'parsed', 'used'] });
    expect(
      await go(
        place,
        calls,
        chain(() => ' x '),
      ),
    ).toMatchObject({
      result: { used: '<x>' },
      ran: ['source', 'parsed'],
      cached: ['used'],
    });
    expect(
      await go(
        place,
        calls,
        chain(() => 'x'),
      ),
    ).toMatchObject({ ran: ['source'], cached: ['parsed', 'used'] });
  });

  test('tells undefined, missing and equal inputs apart as values do', async () => {
    const place = new Place();
    const of = (value: unknown) => {
      const given = step('given', () => value);
      return workflow('w', {
        a: step('a', { given: optional(given) }, () => calls.note('a', 1), { cache: { version: 1 } }),
      });
    };
    const values = [
      undefined,
      null,
      0,
      -0,
      '',
      '0',
      false,
      Number.NaN,
      [],
      {},
      [undefined],
      { a: undefined },
      1n,
      new Date(0),
      new Map(),
      new Set(),
      new Uint8Array(2),
      new Uint16Array(1),
      /x/,
      /x/g,
      new Error('x'),
      new TypeError('x'),
    ];
    for (const value of values)
      expect(await go(place, calls, of(value)), inspect(value)).toMatchObject({ ran: ['a'] });
    for (const value of values) expect(await go(place, calls, of(value))).toMatchObject({ cached: ['a'] });
    expect(await go(place, calls, of({ b: 1, a: [2] }))).toMatchObject({ ran: ['a'] });
    expect(await go(place, calls, of({ a: [2], b: 1 }))).toMatchObject({ cached: ['a'] });
  });

  test('that gets what can’t be told apart is warned of once, and runs', async () => {
    const place = new Place();
    const source = step('source', () => ({ rows: [{ parse: () => 1 }] }), { checkpoint: false });
    const user = (id: string) => step(id, { source }, () => calls.note(id, 1), { cache: { version: 1 } });
    const steps = workflow('w', { a: user('a') });
    for (const _ of [1, 2]) {
      const { ran, events } = await go(place, calls, steps);
      expect(ran).toStrictEqual(['a']);
      expect(warnings(events)).toStrictEqual([
        "step 'a' has no result in the cache: what it gets can't be stored: at '.rows[0].parse' is function parse",
      ]);
    }
    const all = forEachStep('all', { items: [() => 1, () => 2] }, () => calls.note('child', 1), {
      cache: { version: 1 },
      checkpoint: false,
    });
    const { events } = await go(place, calls, workflow('w', { all }));
    expect(warnings(events)).toHaveLength(1);
  });

  test('whose output can’t be stored has no result, and is warned of', async () => {
    const place = new Place();
    const steps = workflow('w', {
      a: step('a', () => calls.note('a', { f: () => 1 }), { cache: { version: 1 } }),
    });
    for (const _ of [1, 2]) {
      const { ran, events } = await go(place, calls, steps);
      expect(ran).toStrictEqual(['a']);
      expect(warnings(events)).toHaveLength(1);
    }
  });

  test('that failed has no result', async () => {
    const place = new Place();
    let fails = true;
    const a = step(
      'a',
      () => {
        calls.note('a', 0);
        if (fails) throw new Error('broken');
        return 1;
      },
      { cache: { version: 1 }, retry: 1 },
    );
    const steps = workflow('w', { a });
    expect(await go(place, calls, steps)).toMatchObject({ ran: ['a', 'a'], cached: [] });
    fails = false;
    expect(await go(place, calls, steps)).toMatchObject({ ran: ['a'], cached: [] });
    expect(await go(place, calls, steps)).toMatchObject({ ran: [], cached: ['a'] });
  });

  test('is restored rather than looked for where its own run goes on', async () => {
    const place = new Place();
    await go(place, calls, make(), { inputs: { n: 1 }, runId });
    const { events, cached } = await go(place, calls, make(), { inputs: { n: 1 }, runId });
    expect(cached).toStrictEqual([]);
    expect(known(events, 'restored')).toStrictEqual(['a']);
  });

  test('really runs again where the run is told to, and what comes of it is for others', async () => {
    let made = 1;
    const n = input('n', type<number>());
    const a = step('a', { n }, () => calls.note('a', made), { cache: { version: 1 } });
    const each = forEachStep('each', { items: ['x', 'y'], n }, (item) => calls.note(`each ${item}`, made), {
      cache: { version: 1 },
    });
    const steps = workflow('w', { b: step('b', { a, each }, (inputs) => inputs.a + inputs.each.length) });
    const place = new Place();
    const options = { inputs: { n: 1 }, runId: 'told' };
    expect((await go(place, calls, steps, options)).ran.toSorted()).toStrictEqual(['a', 'each x', 'each y']);
    made = 5;
    const again = await go(place, calls, steps, { ...options, resume: { from: ['a', 'each'] } });
    expect([again.ran.toSorted(), again.cached, again.result]).toStrictEqual([
      ['a', 'each x', 'each y'],
      [],
      { b: 7 },
    ]);
    const other = await go(place, calls, steps, { inputs: { n: 1 } });
    expect([other.ran, other.result]).toStrictEqual([[], { b: 7 }]);
  });

  test('goes after what is given', async () => {
    const place = new Place();
    await go(place, calls, make(), { inputs: { n: 1 } });
    const { result, cached } = await go(place, calls, make(), { inputs: { n: 1 }, given: { a: 'given' } });
    expect([result, cached]).toStrictEqual([{ a: 'given' }, []]);
  });

  test('whose result is damaged, or gone with a part of it, runs and says so', async () => {
    const long = 'x'.repeat(30_000);
    const steps = workflow('w', { a: step('a', () => calls.note('a', long), { cache: { version: 1 } }) });
    const place = new Place();
    await go(place, calls, steps);
    const [cached] = place.backend.listObjects('cached');
    const bytes = place.backend.getObject('cached', cached?.name ?? '') as Uint8Array;
    const flipped = bytes.slice();
    flipped[flipped.length - 9] = (flipped.at(-9) as number) ^ 1;
    place.backend.putObject('cached', cached?.name ?? '', flipped);
    const damaged = await go(place, calls, steps);
    expect(damaged).toMatchObject({ result: { a: long }, ran: ['a'] });
    expect(warnings(damaged.events)).toStrictEqual([
      "the result of step 'a' in the cache is damaged; the step runs",
    ]);
    expect(await go(place, calls, steps)).toMatchObject({ ran: [], cached: ['a'] });
    for (const { name, size } of place.backend.listObjects('blob'))
      if (size > 20_000) place.backend.removeObject('blob', name);
    const gone = await go(place, calls, steps);
    expect(gone).toMatchObject({ result: { a: long }, ran: ['a'] });
    expect(warnings(gone.events)).toHaveLength(1);
  });

  test('teaches a history nothing, and takes nothing of any resource', async () => {
    const place = new Place();
    await go(place, calls, make(), { inputs: { n: 1 } });
    const history: RunHistory = {};
    const run = make().run({ store: place.store, runId: 'last', inputs: { n: 1 }, history });
    await run.result();
    expect(JSON.stringify(history)).not.toContain('"a"');
    expect(run.metrics().steps.get('a')).toMatchObject({
      status: 'completed',
      attempts: 0,
      durationMs: 0,
      busyMs: 0,
    });
    expect(Object.values(run.metrics().resources).every(({ peak }) => peak === 0)).toBe(true);
    expect(run.snapshot().steps.get('a')).toMatchObject({
      status: 'completed',
      attempts: 0,
      startedAt: null,
    });
  });

  test('can be cancelled while it is looked for', async () => {
    const place = new Place();
    await go(place, calls, make(), { inputs: { n: 1 } });
    const backend = eventually(place.backend);
    const run = make().run({
      store: new Store({
        ...backend,
        getObject: (kind, name) => {
          run.cancel('enough');
          return backend.getObject(kind, name);
        },
      }),
      runId: 'cancelled',
      inputs: { n: 1 },
    });
    const ends: string[] = [];
    run.progress$.subscribe((event) => ends.push(event.type));
    await expect(run.result()).rejects.toMatchObject({ name: 'CancelledError', reason: 'enough' });
    expect(ends).toStrictEqual(['run-started', 'step-cancelled', 'run-cancelled']);
    expect(calls.take()).toStrictEqual([]);
  });
});

describe('a result that was undone or closed', () => {
  test('isn’t anybody’s: that of a step with a clean-up is kept once its run has completed', async () => {
    const place = new Place();
    let fails = true;
    const a = step('a', () => calls.note('a', 'made'), {
      cache: { version: 1 },
      cleanup: () => calls.note('undo', undefined),
    });
    const b = step('b', { a }, (inputs) => {
      if (fails) throw new Error('broken');
      return inputs.a;
    });
    const steps = workflow('w', { b });
    expect((await go(place, calls, steps)).ran).toStrictEqual(['a', 'undo']);
    fails = false;
    expect(await go(place, calls, steps)).toMatchObject({ ran: ['a'], cached: [] });
    expect(await go(place, calls, steps)).toMatchObject({ ran: [], cached: ['a'] });
    // Others' work isn't undone.
    fails = true;
    expect(await go(place, calls, steps)).toMatchObject({ ran: [], cached: ['a'] });
  });

  test('isn’t anybody’s, either, as a part of a subflow', async () => {
    const place = new Place();
    let fails = true;
    const x = step('x', () => calls.note('x', 1), { cleanup: () => calls.note('undo', undefined) });
    const sub = subflow('sub', workflow('part', { x }), { cache: { version: 1 } });
    const b = step('b', { sub }, (inputs) => {
      if (fails) throw new Error('broken');
      return inputs.sub.x;
    });
    const steps = workflow('w', { b });
    expect((await go(place, calls, steps)).ran).toStrictEqual(['x', 'undo']);
    fails = false;
    expect(await go(place, calls, steps)).toMatchObject({ ran: ['x'], cached: [] });
    expect(await go(place, calls, steps)).toMatchObject({ ran: [], cached: ['sub'] });
  });

  test('by a release is opened again', async () => {
    const place = new Place();
    const open = step('open', () => calls.note('open', '/tmp/x'), {
      cache: { version: 1 },
      release: () => calls.note('release', undefined),
    });
    const steps = workflow('w', { use: step('use', { open }, (inputs) => inputs.open) });
    for (const _ of [1, 2]) expect((await go(place, calls, steps)).ran).toStrictEqual(['open', 'release']);
  });
});
