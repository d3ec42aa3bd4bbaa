import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forEachStep, input, optional, step, subflow, type, workflow } from 'millrace';
import { memoryStore, type Store, UnknownRunError, UnknownStepError } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { MemoryPlace, memoryBackend } from '../../lib/store/memory-backend.ts';
import { Store as StoreOfBackend } from '../../lib/store/store.ts';
import { caught } from './support/caught.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const n = input('n', type<number>());

/** Each reason by its kind, with what differs. */
async function reasons(store: Store, runId: string, stepId: string): Promise<readonly string[]> {
  const { reasons: found } = await store.why(runId, stepId);
  for (const { message } of found) expect(message).not.toBe('');
  return found.map(({ kind, ingredient, change }) =>
    [kind, ingredient, change].filter((part) => part !== undefined).join(' '),
  );
}

describe('a cached step ran', () => {
  const make = (version: number, more = {}) => {
    const table = step('table', { n }, ({ n }) => [n % 2], { cache: { version: 1 } });
    const sum = step('sum', { table }, ({ table }) => table[0] ?? 0, { cache: { version, ...more } });
    return workflow('sums', { sum });
  };

  test('since nobody had looked for it, or what it depends on is not what it was', async () => {
    const store = memoryStore();
    await make(1)
      .run({ store, runId: 'a', inputs: { n: 1 } })
      .result();
    await make(1)
      .run({ store, runId: 'b', inputs: { n: 2 } })
      .result();
    expect(await reasons(store, 'a', 'table')).toStrictEqual(['first']);
    expect(await reasons(store, 'b', 'table')).toStrictEqual(['differs input n different']);
    expect(await reasons(store, 'b', 'sum')).toStrictEqual(['differs input table different']);
    expect((await store.why('b', 'sum')).comparedWith).toBe('a');
  });

  test('although what is before it did, or not, where that came to the same', async () => {
    const store = memoryStore();
    await make(1)
      .run({ store, runId: 'a', inputs: { n: 1 } })
      .result();
    await make(1)
      .run({ store, runId: 'b', inputs: { n: 3 } })
      .result();
    expect(await store.why('b', 'sum')).toMatchObject({
      origin: 'cached',
      reasons: [{ kind: 'same', message: expect.stringContaining("run 'a'") as string }],
      comparedWith: 'a',
    });
  });

  test('of another version, or with more or less that counts', async () => {
    const store = memoryStore();
    await make(1, { env: ['HOME'] })
      .run({ store, runId: 'a', inputs: { n: 1 } })
      .result();
    await make(2, { env: ['PATH'] })
      .run({ store, runId: 'b', inputs: { n: 1 } })
      .result();
    expect(await reasons(store, 'b', 'sum')).toStrictEqual([
      'differs version different',
      'differs env PATH new',
      'differs env HOME gone',
    ]);
  });

  test('for a file', async () => {
    const path = join(temporaryFolder(), 'data.txt');
    const store = memoryStore();
    const read = step('read', () => 1, { cache: { version: 1, files: () => [path] } });
    for (const runId of ['a', 'b']) {
      writeFileSync(path, runId);
      await workflow('reading', { read }).run({ store, runId }).result();
    }
    expect(await reasons(store, 'b', 'read')).toStrictEqual([`differs file ${path} different`]);
  });

  test('although nothing differs, where its result is gone', async () => {
    const backend = memoryBackend();
    const store = new StoreOfBackend(backend);
    await make(1)
      .run({ store, runId: 'a', inputs: { n: 1 } })
      .result();
    for (const { name } of backend.listObjects('cached')) backend.removeObject('cached', name);
    await make(1)
      .run({ store, runId: 'b', inputs: { n: 1 } })
      .result();
    expect(await reasons(store, 'b', 'sum')).toStrictEqual(['not-there']);
  });
});

describe('a step of a run that was gone on with', () => {
  /** A run, however it ends, that is gone on with. */
  async function twice(
    make: (isFirst: boolean) => Parameters<typeof workflow>[1],
    options: object = {},
  ): Promise<Store> {
    const store = memoryStore();
    const first = workflow('flow', make(true)).run({ store, runId: 'x' });
    await first.result().catch(() => undefined);
    await workflow('flow', make(false))
      .run({ store, runId: 'x', ...options })
      .result();
    return store;
  }
  const failing = (isFirst: boolean): number => {
    if (isFirst) throw new Error('not yet');
    return 1;
  };

  test('was kept, had failed, or was not reached', async () => {
    const store = await twice((isFirst) => {
      const first = step('first', () => 1);
      const second = step('second', { first }, () => failing(isFirst));
      return { third: step('third', { second }, () => 1) };
    });
    expect(await reasons(store, 'x', 'first')).toStrictEqual(['kept']);
    expect(await reasons(store, 'x', 'second')).toStrictEqual(['failed']);
    expect(await reasons(store, 'x', 'third')).toStrictEqual(['upstream second']);
  });

  test('was not kept, undone, or closed', async () => {
    const store = await twice((isFirst) => {
      const loose = step('loose', () => 1, { checkpoint: false });
      const undone = step('undone', () => 1, { cleanup: () => undefined });
      const closed = step('closed', () => 1, { release: () => undefined });
      return { end: step('end', { loose, undone, closed }, () => failing(isFirst)) };
    });
    expect(await reasons(store, 'x', 'loose')).toStrictEqual(['not-kept']);
    expect(await reasons(store, 'x', 'undone')).toStrictEqual(['undone']);
    expect(await reasons(store, 'x', 'closed')).toStrictEqual(['closed']);
  });

  test('has changed, or stands after one that has', async () => {
    const store = await twice(
      (isFirst) => {
        const first = step('first', () => 1, { version: isFirst ? 1 : 2 });
        return { second: step('second', { first }, () => 1) };
      },
      { resume: 'compatible' },
    );
    expect(await reasons(store, 'x', 'first')).toStrictEqual(['changed']);
    expect(await reasons(store, 'x', 'second')).toStrictEqual(['upstream first']);
  });

  test('was asked for, or skipped', async () => {
    const store = await twice(
      (isFirst) => {
        const asked = step('asked', () => isFirst);
        return { skipped: optional(step('skipped', { asked }, () => 1, { when: ({ asked }) => asked })) };
      },
      { resume: { from: ['asked'] } },
    );
    expect(await reasons(store, 'x', 'asked')).toStrictEqual(['asked']);
    expect(await store.why('x', 'skipped')).toMatchObject({
      status: 'skipped',
      reasons: [{ kind: 'status', message: "the 'when' of step 'skipped' said no" }],
    });
  });

  test('was given', async () => {
    const store = memoryStore();
    const one = step('one', () => 1);
    await workflow('given', { two: step('two', { one }, () => 2) })
      .run({ store, runId: 'x', given: { one: 5 } })
      .result();
    expect(await reasons(store, 'x', 'one')).toStrictEqual(['given']);
    expect(await reasons(store, 'x', 'two')).toStrictEqual(['no-cache']);
  });

  test('was under way when its process died', async () => {
    const place = new MemoryPlace();
    const dying = memoryBackend(place);
    const hangs = workflow('flow', { a: step('a', () => new Promise<number>(() => undefined)) });
    const run = hangs.run({ store: new StoreOfBackend(dying), runId: 'x' });
    const reached = new Promise((resolve) => {
      run.progress$.subscribe(({ type: what }) => {
        if (what === 'step-started') setImmediate(resolve);
      });
    });
    run.result().catch(() => undefined);
    await reached;
    dying.abandon();
    const store = new StoreOfBackend(memoryBackend(place));
    expect(await store.show('x')).toMatchObject({
      status: 'interrupted',
      steps: [{ status: 'interrupted' }],
    });
    await workflow('flow', { a: step('a', () => 1) })
      .run({ store, runId: 'x' })
      .result();
    expect(await reasons(store, 'x', 'a')).toStrictEqual(['stopped']);
    expect(await store.show('x')).toMatchObject({ status: 'completed', goes: 2, steps: [{ attempts: 2 }] });
  });
});

test('children and steps of subflows are asked about by path', async () => {
  const store = memoryStore();
  const each = forEachStep('each', { items: () => [1, 2] }, (item) => item, { cache: { version: 1 } });
  const sub = subflow('sub', workflow('part', { inner: step('inner', () => 1) }));
  const flow = workflow('flow', { each, sub });
  for (const runId of ['a', 'b']) await flow.run({ store, runId }).result();
  expect(await store.why('b', 'each[1]')).toMatchObject({ origin: 'cached', comparedWith: 'a' });
  expect(await reasons(store, 'b', 'sub/inner')).toStrictEqual(['no-cache']);
});

test('what is not there is refused, with the nearest name', async () => {
  const store = memoryStore();
  await workflow('flow', { first: step('first', () => 1) })
    .run({ store, runId: 'nightly' })
    .result();
  expect(await caught(store.why('nightl', 'first'))).toMatchObject({
    constructor: UnknownRunError,
    nearest: 'nightly',
  });
  expect(await caught(store.why('nightly', 'frist'))).toMatchObject({
    constructor: UnknownStepError,
    nearest: 'first',
  });
  expect(await caught(memoryStore().show('x'))).toMatchObject({
    message: expect.stringContaining('none at all') as string,
  });
});
