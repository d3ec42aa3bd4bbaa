import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forEachStep, input, type ProgressEvent, step, type, workflow } from 'millrace';
import { replay } from 'millrace/node';
import { htmlReport } from 'millrace/report';
import { fileStore, memoryStore, RunHeldError, UnknownRunError } from 'millrace/store';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { MemoryPlace, memoryBackend } from '../../lib/store/memory-backend.ts';
import { Store } from '../../lib/store/store.ts';
import { caught } from './support/caught.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const n = input('n', type<number>());
const table = step('table', { n }, ({ n }, { log }) => {
  log('made', { n });
  return Array.from({ length: n }, () => 'x');
});
const each = forEachStep('each', { items: table }, (letter) => letter.length, { key: (_, at) => at });
const size = step('size', { each }, ({ each }) => each.length > 0, { version: 3 });
const flow = workflow('flow', { size }, { version: 'v1' });
const broken = step('broken', { table }, () => {
  throw new Error('no luck');
});

describe('show', () => {
  test('tells how a run and its steps stand', async () => {
    const store = memoryStore();
    await flow.run({ store, runId: 'a', inputs: { n: 2 } }).result();
    const { steps, ...run } = await store.show('a');
    expect(run).toMatchObject({
      workflow: 'flow',
      version: 'v1',
      status: 'completed',
      goes: 1,
      completed: 5,
    });
    expect(run.durationMs).toBeGreaterThanOrEqual(0);
    expect(
      steps.map(({ stepId, parentId, status, attempts }) => [stepId, parentId, status, attempts]),
    ).toStrictEqual([
      ['table', undefined, 'completed', 1],
      ['each', undefined, 'completed', 1],
      ['size', undefined, 'completed', 1],
      ['each[0]', 'each', 'completed', 1],
      ['each[1]', 'each', 'completed', 1],
    ]);
    expect(steps[0]?.output).toStrictEqual({ kept: 'journal', size: 9, files: [] });
  });

  test('tells large outputs by their size, and those that are not kept', async () => {
    const store = memoryStore();
    const large = step('large', () => 'x'.repeat(50_000));
    const loose = step('loose', () => 1, { checkpoint: false });
    await workflow('sizes', { large, loose }).run({ store, runId: 'a' }).result();
    expect((await store.show('a')).steps.map(({ output }) => output)).toStrictEqual([
      { kept: 'object', size: 50_002, files: [] },
      { kept: 'no', size: 0, files: [] },
    ]);
  });

  test('tells why a run failed, and which step did', async () => {
    const store = memoryStore();
    await caught(
      workflow('flow', { broken })
        .run({ store, runId: 'a', inputs: { n: 1 } })
        .result(),
    );
    expect(await store.show('a')).toMatchObject({
      status: 'failed',
      because: expect.stringContaining('no luck') as string,
      steps: [{ status: 'completed' }, { stepId: 'broken', status: 'failed', because: 'no luck' }],
    });
  });
});

describe('events', () => {
  test('are a log for every picture', async () => {
    const store = memoryStore();
    await flow.run({ store, runId: 'a', inputs: { n: 2 }, limits: { 'heavy-io': 3 } }).result();
    const log = await store.events('a');
    expect(log).toMatchObject({ runId: 'a', workflow: { name: 'flow' }, problems: [] });
    expect(Array.from(log.workflow.steps, ({ id }) => id)).toStrictEqual(['table', 'each', 'size']);
    expect(log.events[0]?.type).toBe('run-started');
    expect(log.events.at(-1)?.type).toBe('run-completed');
    expect(replay(log).play().snapshot()).toMatchObject({ status: 'completed', counts: { completed: 3 } });
    expect(htmlReport(log)).toContain('flow: report of a run');
  });

  test('say what was told, also of a step that has waited', async () => {
    const slow = (id: string) => step(id, () => time.after(20, id), { resource: 'gpu' });
    const time = new VirtualTime();
    const store = memoryStore();
    const run = workflow('waits', { a: slow('a'), b: slow('b') }).run({
      store,
      runId: 'a',
      limits: { gpu: 1 },
      scheduler: time.scheduler,
    });
    const told: ProgressEvent[] = [];
    run.progress$.subscribe((event) => told.push(event));
    run.result$.subscribe();
    time.flush();
    expect(told.some((event) => event.type === 'step-started' && event.waited !== undefined)).toBe(true);
    expect((await store.events('a')).events).toStrictEqual(told);
  });

  test('are one log for each process, the last one first asked for', async () => {
    const store = memoryStore();
    for (let time = 0; time < 2; time++) await flow.run({ store, runId: 'a', inputs: { n: 2 } }).result();
    const goes = await store.goes('a');
    expect(goes.map(({ events }) => events[0])).toMatchObject([{ seq: 1 }, { seq: 1, resumed: true }]);
    expect(await store.events('a')).toStrictEqual(goes[1]);
  });

  test('cost a damaged line alone, and are known by their steps where nothing else is', async () => {
    const place = new MemoryPlace();
    const backend = memoryBackend(place);
    const store = new Store(backend);
    await flow.run({ store, runId: 'a', inputs: { n: 1 } }).result();
    const before = (await store.events('a')).events.length;
    const opened = backend.openRun('a', { cancelRequested: () => undefined, displaced: () => undefined });
    opened.appendEvents([
      '{"seq":',
      '{"seq":999,"at":1,"other":[{"type":"later","seq":999,"at":1,"runId":"a"}]}',
    ]);
    opened.close();
    for (const { name } of backend.listObjects('blob')) backend.removeObject('blob', name);
    const log = await store.events('a');
    expect([log.events.length, log.problems.length]).toStrictEqual([before, 3]);
    expect(log.workflow.name).toBe('flow');
    expect(Array.from(log.workflow.steps, ({ id }) => id)).toStrictEqual(['table', 'each', 'size']);
  });

  test('of a run that is not there, or has none, are refused', async () => {
    const backend = memoryBackend();
    const store = new Store(backend);
    expect(await caught(store.events('a'))).toBeInstanceOf(UnknownRunError);
    await flow.run({ store, runId: 'a', inputs: { n: 1 } }).result();
    const lines = backend.readLines('a') as readonly string[];
    backend.removeRun('a');
    const opened = backend.openRun('a', { cancelRequested: () => undefined, displaced: () => undefined });
    opened.append(lines);
    expect(await caught(store.events('a'))).toMatchObject({ code: 'EVENT_LOG_INVALID' });
    expect(await store.goes('a')).toStrictEqual([]);
    expect(await store.show('a')).toMatchObject({
      status: 'running',
      steps: [{ stepId: 'table', status: 'completed' }, {}, {}, {}],
    });
  });
});

test('diff tells what two runs are of, how their steps fared, and what they came to', async () => {
  const store = memoryStore();
  await flow.run({ store, runId: 'a', inputs: { n: 1 } }).result();
  const changed = step('size', { each }, ({ each }) => each.length > 0, { version: 4 });
  await workflow('flow', { size: changed })
    .run({ store, runId: 'b', inputs: { n: 2 } })
    .result();
  const { left, right, changes, steps } = await store.diff('a', 'b');
  expect([left.runId, right.runId]).toStrictEqual(['a', 'b']);
  expect(changes).toStrictEqual([
    { subject: 'workflow', what: 'had version "v1" and has none' },
    { subject: 'inputs.n', what: 'is another value' },
    { subject: "step 'size'", what: 'had version 3 and has 4' },
  ]);
  expect(
    steps.map(({ stepId, left: l, right: r, output }) => [stepId, l?.status, r?.status, output]),
  ).toStrictEqual([
    ['table', 'completed', 'completed', 'different'],
    ['each', 'completed', 'completed', 'different'],
    ['size', 'completed', 'completed', 'same'],
    ['each[0]', 'completed', 'completed', 'same'],
    ['each[1]', undefined, 'completed', 'unknown'],
  ]);
});

test('cancel asks whoever is at a run, and says whether anybody is', async () => {
  const store = memoryStore();
  const waits = workflow('waits', { a: step('a', () => new Promise<number>(() => undefined)) });
  const run = waits.run({ store, runId: 'a', gracePeriod: 0 });
  const ended = caught(run.result());
  expect(await store.cancel('a', 'enough')).toBe(true);
  expect(await ended).toMatchObject({ name: 'CancelledError', reason: 'enough' });
  expect(await store.cancel('a')).toBe(false);
  expect(await caught(store.cancel('b'))).toBeInstanceOf(UnknownRunError);
});

describe('gc', () => {
  test('removes a run with what only it has named, once that is old enough', async () => {
    const folder = temporaryFolder();
    const store = fileStore(folder);
    const large = workflow('large', { a: step('a', () => 'x'.repeat(50_000), { cache: { version: 1 } }) });
    await large.run({ store, runId: 'old' }).result();
    expect(await store.gc({ olderThan: 0 })).toMatchObject({ runs: ['old'], cached: 0, blobs: 0 });
    const hourAgo = Date.now() / 1000 - 3600;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), hourAgo, hourAgo);
    // The result still names its value; what the steps were is named by nobody.
    expect(await store.gc()).toMatchObject({ runs: [], cached: 0, blobs: 2 });
    expect(await store.gc({ olderThan: '30m', dryRun: true })).toMatchObject({ cached: 1, blobs: 1 });
    const report = await store.gc({ olderThan: '30m' });
    expect(report).toMatchObject({ cached: 1, blobs: 1, left: 0 });
    expect(report.bytes).toBeGreaterThan(50_000);
  });

  test('leaves a run that is held, and tells the truth about it', async () => {
    const backend = memoryBackend();
    const store = new Store(backend);
    await flow.run({ store, runId: 'a', inputs: { n: 1 } }).result();
    const held = backend.openRun('a', { cancelRequested: () => undefined, displaced: () => undefined });
    expect(await store.gc({ olderThan: 0, maxBytes: 0 })).toMatchObject({ runs: [], blobs: 0 });
    held.close();
    expect(await store.gc({ olderThan: 0 })).toMatchObject({ runs: ['a'] });
    expect(await store.runs()).toStrictEqual([]);
  });

  test('leaves a run that is taken while it looks, with what that names', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const backend = memoryBackend();
    const store = new Store(backend);
    const large = workflow('large', { a: step('a', () => 'x'.repeat(50_000)) });
    await large.run({ store, runId: 'a' }).result();
    vi.advanceTimersByTime(3_600_000);
    const taken = vi.spyOn(backend, 'removeRun').mockImplementationOnce((runId) => {
      throw new RunHeldError('a store', runId, 'another process');
    });
    expect(await store.gc({ olderThan: 0 })).toMatchObject({ runs: [], blobs: 0, bytes: 0 });
    expect(taken).toHaveBeenCalledWith('a');
    expect(await store.show('a')).toMatchObject({ status: 'completed' });
    expect(await store.gc({ olderThan: 0 })).toMatchObject({ runs: ['a'], left: 0 });
  });

  test('fails where a run can’t be removed for another reason', async () => {
    const backend = memoryBackend();
    const store = new Store(backend);
    await flow.run({ store, runId: 'a', inputs: { n: 1 } }).result();
    const denied = new Error('not permitted');
    vi.spyOn(backend, 'removeRun').mockImplementationOnce(() => {
      throw denied;
    });
    expect(await caught(store.gc({ olderThan: 0 }))).toBe(denied);
  });

  test('refuses options that can’t be used', async () => {
    expect(await caught(memoryStore().gc({ olderThan: 'soon', kep: 1 } as never))).toMatchObject({
      message: expect.stringMatching(/did you mean 'keep'.*expected olderThan to be a duration/) as string,
    });
  });

  test('only looks at cached results: that is no use of them', async () => {
    const folder = temporaryFolder();
    const store = fileStore(folder);
    await workflow('small', { a: step('a', () => 1, { cache: { version: 1 } }) })
      .run({ store, runId: 'a' })
      .result();
    const dayAgo = Date.now() / 1000 - 86_400;
    for (const entry of readdirSync(join(folder, 'objects'), { recursive: true, withFileTypes: true }))
      if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), dayAgo, dayAgo);
    await store.gc();
    expect(await store.gc({ olderThan: '12h' })).toMatchObject({ runs: [], cached: 1 });
  });
});

test('a folder that is a file is told of, whatever is asked', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  expect(await caught(fileStore(file).runs())).toMatchObject({ code: 'STORE' });
});
