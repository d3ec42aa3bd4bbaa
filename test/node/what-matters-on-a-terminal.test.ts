import { type Definition, forEachStep, step, workflow } from 'millrace';
import { renderProgress } from 'millrace/node';
import { memoryStore } from 'millrace/store';
import { VirtualTime } from 'millrace/testing';
import { config, map, timer } from 'rxjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { patience, shown, taking } from './support/shown.ts';
import { FakeTerminal } from './support/terminal.ts';

beforeEach(() => {
  for (const name of ['CI', 'TERM', 'NO_COLOR', 'FORCE_COLOR', 'GITHUB_ACTIONS']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const chain: Definition[] = [
  { id: 'fetch', run: taking(2_000), estimate: 2_000 },
  { id: 'parse', dependsOn: ['fetch'], run: taking(2_000), estimate: 2_000 },
  { id: 'report', dependsOn: ['parse'], run: taking(2_000), estimate: 2_000 },
];

describe('how long the rest may take', () => {
  test('is told, and how sure that is where there is room', async () => {
    const terminal = new FakeTerminal(80, 24);
    const { goTo, run } = await shown(chain, terminal);
    expect((await goTo(2_480))[0]).toMatch(/1\/3 steps {2}2\.4 s {2}~\d s left$/);
    await terminal.resize(140, 24);
    expect((await goTo(3_040))[0]).toMatch(/~\d s left \(\d s to \d s\)$/);
    run.pause();
    expect((await goTo(3_200))[0]).not.toContain('left');
  });

  test('is not told where nobody can know', async () => {
    const terminal = new FakeTerminal(80, 24);
    const { goTo } = await shown([{ id: 'a', run: taking(1_000) }], terminal);
    expect((await goTo(480))[0]).not.toContain('left');
  });
});

describe('what the others wait for', () => {
  const beside = (many: number): Definition[] =>
    Array.from({ length: many }, (_, place) => ({ id: `beside ${String(place)}`, run: taking(9_000) }));

  test('is first, whoever else runs, and says how many wait', async () => {
    const terminal = new FakeTerminal(100, 8);
    const { goTo } = await shown([...beside(50), ...chain], terminal, { limits: { 'light-cpu': 100 } });
    const lines = await goTo(480);
    expect(lines).toEqual([
      expect.stringMatching(/^demo/),
      '  light-cpu 51/100',
      expect.stringMatching(/^▸ fetch .* 480 ms {2}2 wait for it$/),
      expect.stringMatching(/^ {2}beside 0 /),
      expect.stringMatching(/^ {2}beside 1 /),
      expect.stringMatching(/^ {2}beside 2 /),
      '  … and 47 more running',
    ]);
  });

  test('is counted up to a thousand', async () => {
    const terminal = new FakeTerminal(100, 24);
    const many = Array.from({ length: 1_500 }, (_, place) => ({
      id: `needs ${String(place)}`,
      dependsOn: ['first'],
      run: taking(1),
    }));
    const { goTo, display } = await shown(
      [{ id: 'first', run: taking(1_000) }, ...beside(1), ...many],
      terminal,
    );
    expect((await goTo(80)).find((line) => line.startsWith('▸'))).toMatch(/more than 1,000 wait for it$/);
    display.stop();
  });

  test('is told of resources too', async () => {
    const terminal = new FakeTerminal(80, 24);
    const { goTo } = await shown(
      [
        ...Array.from({ length: 5 }, (_, place) => ({
          id: `q${String(place)}`,
          run: taking(500),
          resource: 'db',
        })),
        { id: 'gpu', run: taking(500), resource: 'gpu' },
        { id: 'next', run: taking(500), resource: 'gpu' },
      ],
      terminal,
      { limits: { db: 2, gpu: 1 } },
    );
    expect((await goTo(80))[2]).toBe('  3 wait for db, next waits for gpu');
  });

  test('of a fan-out, the child that takes long is named', async () => {
    const terminal = new FakeTerminal(120, 24);
    const time = new VirtualTime();
    const { scheduler } = time;
    const each = forEachStep(
      'each',
      { items: [100, 3_000, 100, 100] },
      (ms) => timer(ms, scheduler).pipe(map(() => ms)),
      { key: (_, place) => `item ${String(place)}`, concurrency: 2 },
    );
    const run = workflow('demo', { each }).run({ scheduler });
    renderProgress(run, { stream: terminal, scheduler });
    await vi.waitFor(() => {
      expect(terminal.listenerCount('resize')).toBe(2);
    }, patience);
    run.result$.subscribe();
    time.advanceTo(2_000);
    expect((await terminal.lines()).at(-1)).toMatch(/3\/4 within {2}\[item 1\] 2\.0 s$/);
  });
});

test('a step that is about to be tried again shows when, and why', async () => {
  const terminal = new FakeTerminal(80, 24);
  const { goTo } = await shown(
    [
      {
        id: 'flaky',
        run: taking(100, new Error('HTTP 503')),
        retry: { attempts: 3, delay: 2_000, factor: 1, jitter: 0 },
      },
    ],
    terminal,
  );
  expect((await goTo(480)).at(-1)).toBe('↻ flaky  again in 1.6 s  attempt 2  HTTP 503');
  await terminal.resize(30, 24);
  expect((await goTo(560)).at(-1)).toBe('↻ flaky  again in 1.5 s');
});

test('a failure stays with what may explain it, also where it is within something', async () => {
  const terminal = new FakeTerminal(80, 30);
  const damaged = new Error('the footer is damaged', { cause: new Error('EIO: i/o error') });
  const failing = new TypeError('cannot read column\nexpected 32, found 31\nin flights.parquet\nand more', {
    cause: damaged,
  });
  const { goTo } = await shown(
    [
      { id: 'first', run: taking(10) },
      {
        id: 'broken',
        dependsOn: ['first'],
        run: (_, ctx) => {
          for (const line of ['one', 'two', 'three']) ctx.log(line);
          return taking(50, failing)({}, ctx);
        },
      },
      { id: 'long', run: taking(5_000) },
    ],
    terminal,
    { onFailure: 'continue' },
  );
  const story = [
    '  ✗ broken: TypeError: cannot read column',
    '      expected 32, found 31',
    '      in flights.parquet',
    expect.stringMatching(/^ {6}at test\/node\/what-matters-on-a-terminal\.test\.ts:\d+:\d+$/) as string,
    '      caused by the footer is damaged',
    '      caused by EIO: i/o error',
    '      by way of first → broken',
    '      log: two',
    '      log: three',
  ];
  const lines = await goTo(480);
  expect(lines.slice(5)).toEqual([...story, expect.stringMatching(/^ {2}long/)]);
  const end = await goTo(Infinity);
  expect(end.slice(5, -2)).toEqual(story);
});

test('an error without a stack, or that isn’t one, is told as it is', async () => {
  const terminal = new FakeTerminal(80, 30);
  const bare = Object.assign(new Error('bare'), { stack: undefined });
  const foreign = Object.assign(new Error('foreign'), {
    stack:
      'Error: foreign\n    at x (node:internal/x:1:1)\n    at file:///elsewhere/far/away/from/here.js:3:4',
  });
  const odd = Object.assign(new Error('odd'), { stack: 'Error: odd\n    at y (file://host/%zz:1:1)' });
  const circle = Object.assign(new Error('circle'), { code: 'STEP_FAILED', stack: '' });
  circle.cause = circle;
  const { goTo } = await shown(
    [
      { id: 'bare', run: taking(10, bare) },
      { id: 'foreign', run: taking(10, foreign) },
      { id: 'odd', run: taking(10, odd) },
      { id: 'circle', run: taking(10, circle) },
      {
        id: 'text',
        run: () => {
          throw 'just a text';
        },
      },
    ],
    terminal,
    { onFailure: 'continue' },
  );
  expect((await goTo(Infinity)).slice(2, -1)).toEqual([
    '  ✗ text: just a text',
    '  ✗ bare: bare',
    '  ✗ foreign: foreign',
    expect.stringMatching(/^ {6}at .*elsewhere\/far\/away\/from\/here\.js:3:4$/),
    '  ✗ odd: odd',
    '      at file://host/%zz:1:1',
    '  ✗ circle: circle',
    expect.stringContaining('slowest'),
    '    (0 ms)',
  ]);
});

describe.each([
  [40, 24],
  [60, 9],
  [80, 24],
  [200, 60],
])('at %i columns and %i rows', (columns, rows) => {
  test('nothing that matters is cut, and no word is broken', async () => {
    const terminal = new FakeTerminal(columns, rows);
    const { goTo, display } = await shown(
      [
        {
          id: 'load-the-table-of-all-flights',
          run: (_, ctx) => {
            ctx.progress(0.25, 'row group one of rather many of them in this file');
            ctx.log('has begun to load a table of three million rows');
            return taking(60_000)({}, ctx);
          },
          estimate: 60_000,
        },
        { id: 'after', dependsOn: ['load-the-table-of-all-flights'], run: taking(1), estimate: 5_000 },
        {
          id: 'broken',
          run: taking(10, new Error('the server of the airports has gone away')),
          estimate: 10,
        },
        {
          id: 'flaky',
          run: taking(10, new Error('busy')),
          retry: { attempts: 9, delay: 50_000 },
          estimate: 10,
        },
      ],
      terminal,
      { onFailure: 'continue', limits: { 'light-cpu': 4 } },
    );
    const lines = await goTo(12_400);
    const whole = lines.map((line) => line.trim()).join(' ');
    for (const what of [
      '1 failed',
      '12.4 s',
      ' left',
      '25 %',
      '✗ broken: the server of the airports has gone away',
    ])
      expect(whole).toContain(what);
    expect(whole).toMatch(/0\/4 steps/);
    expect(whole).toContain('has begun to load a table of three million rows');
    const message = /row .*$/.exec(lines.find((line) => line.startsWith('▸')) ?? '')?.[0] ?? '';
    expect('row group one of rather many of them in this file ').toContain(
      message.replace(/ ?…$/, ' ').replace(/ *$/, ' '),
    );
    for (const line of lines.slice(-rows)) expect(line.length).toBeLessThanOrEqual(columns);
    display.stop();
  });
});

test('a run that is being stopped says so', async () => {
  const terminal = new FakeTerminal(100, 24);
  const { goTo, run } = await shown(chain, terminal);
  await goTo(480);
  run.cancel('enough', { drain: true });
  expect((await goTo(560))[0]).toMatch(/ 560 ms {2}stopping$/);
});

test('what a thousand steps have said since is what is kept', async () => {
  const terminal = new FakeTerminal(80, 24);
  const talks = (id: string, ms: number, error?: Error): Definition => ({
    id,
    run: (_, ctx) => {
      ctx.log(`said by ${id}`);
      return taking(ms, error)({}, ctx);
    },
  });
  const { goTo } = await shown(
    [
      talks('first', 1_000, new Error('no')),
      ...Array.from({ length: 1_000 }, (_, place) => talks(String(place), 900)),
      talks('last', 1_000, new Error('no')),
    ],
    terminal,
    { onFailure: 'continue', limits: { 'light-cpu': 2_000 } },
  );
  const end = await goTo(Infinity);
  const logs = end.filter((line) => line.startsWith('      log: '));
  expect(logs).toEqual(['      log: said by last']);
});

describe('in the end', () => {
  test('the five that took longest, outputs from the cache, and the report are told', async () => {
    const store = memoryStore();
    const texts: string[] = [];
    const report = vi.fn(() => new URL('file:///tmp/run.html'));
    for (let go = 0; go < 2; go++) {
      let text = '';
      const cached = step('cached', () => 1, { cache: { version: 1 } });
      const run = workflow('demo', { cached }).run({ store });
      const stream = { write: (more: string) => (text += more) };
      const { done } = renderProgress(run, { stream, report });
      expect(report).toHaveBeenCalledTimes(go);
      await run.result();
      await done;
      texts.push(text);
    }
    expect(texts[1]).toContain('1 of 1 steps completed (1 cached)\n');
    expect(texts[1]).toContain('\n  report: /tmp/run.html\n');
    const terminal = new FakeTerminal(60, 24);
    const { goTo } = await shown(
      [50, 700, 200, 400, 300, 600, 100].map((ms) => ({ id: `takes ${String(ms)}`, run: taking(ms) })),
      terminal,
      { limits: { 'light-cpu': 9 } },
      { report: 'https://example.org/run.html' },
    );
    expect(await goTo(Infinity)).toEqual([
      '✓ demo completed in 700 ms',
      '  7 of 7 steps completed',
      '  slowest: takes 700 (700 ms), takes 600 (600 ms), takes 400',
      '    (400 ms), takes 300 (300 ms), takes 200 (200 ms)',
      '  critical path: takes 700 (700 ms)',
      '  report: https://example.org/run.html',
    ]);
  });

  test('there is no report where none was written, or nobody can say', async () => {
    const unhandled = vi.fn();
    config.onUnhandledError = unhandled;
    const oops = new Error('no');
    const none = [
      (): undefined => undefined,
      (): never => {
        throw oops;
      },
    ];
    for (const report of none) {
      let text = '';
      const run = workflow('demo', { a: step('a', () => 1) }).run();
      const { done } = renderProgress(run, { stream: { write: (more: string) => (text += more) }, report });
      await run.result();
      await done;
      expect(text).not.toContain('report');
    }
    await vi.waitFor(() => {
      expect(unhandled).toHaveBeenCalledExactlyOnceWith(oops);
    });
    config.onUnhandledError = null;
  });

  test('a wait that decided how long it took is told', async () => {
    const terminal = new FakeTerminal(100, 24);
    const { goTo } = await shown(
      [
        { id: 'a', run: taking(1_000), resource: 'db' },
        { id: 'b', run: taking(500), resource: 'db' },
      ],
      terminal,
      { limits: { db: 1 } },
    );
    expect((await goTo(Infinity)).at(-1)).toBe('  critical path: b (500 ms), which waited 1.0 s for db');
  });
});

describe('in a log', () => {
  /** What is written of a run to a stream that is none. */
  async function logOf(definitions: readonly Definition[]): Promise<string[]> {
    let text = '';
    const time = new VirtualTime();
    const { scheduler } = time;
    const { defineWorkflow } = await import('millrace');
    const run = defineWorkflow('demo', definitions).run({ scheduler, limits: { db: 1 } });
    const { done } = renderProgress(run, { stream: { write: (more: string) => (text += more) }, scheduler });
    run.result$.subscribe({ error: () => undefined });
    time.flush();
    await done;
    return text.trimEnd().split('\n');
  }

  test('there is a line a minute at least', async () => {
    const lines = await logOf([
      { id: 'slow', run: taking(200_000), resource: 'db', estimate: 200_000 },
      { id: 'next', dependsOn: ['slow'], run: taking(1_000), estimate: 1_000 },
      { id: 'held', run: taking(1_000), resource: 'db', estimate: 1_000 },
    ]);
    expect(lines.slice(0, 4)).toEqual([
      expect.stringMatching(
        /^demo: 0\/3 steps, 1 running, slow for 1 min 00 s, 1 waiting for db, ~\d min left$/,
      ),
      expect.stringMatching(/^demo: 0\/3 steps, 1 running, slow for 2 min 00 s/),
      expect.stringMatching(/^demo: 0\/3 steps, 1 running, slow for 3 min 00 s/),
      expect.stringMatching(/^demo: slow \(1\/3, 3 min 20 s\)$/),
    ]);
  });

  test('GitHub Actions folds it, without the summary', async () => {
    vi.stubEnv('GITHUB_ACTIONS', 'true');
    expect((await logOf([{ id: 'a', run: taking(100) }])).slice(0, 4)).toEqual([
      '::group::demo',
      'demo: a (1/1, 100 ms)',
      '::endgroup::',
      '✓ demo completed in 100 ms',
    ]);
    let text = '';
    const run = workflow('demo', { a: step('a', () => new Promise(() => undefined)) }).run();
    const display = renderProgress(run, { stream: { write: (more: string) => (text += more) } });
    run.result$.subscribe({ error: () => undefined });
    display.stop();
    expect(text).toBe('::group::demo\n::endgroup::\n');
    run.cancel();
  });
});
