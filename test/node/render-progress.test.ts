import { type Definition, defineWorkflow, InvalidOptionsError, sharedLimits } from 'millrace';
import { readJsonLines, renderProgress, replay, writeJsonLines } from 'millrace/node';
import { VirtualTime } from 'millrace/testing';
import { map, NEVER, timer } from 'rxjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { patience, pipeline, shown, taking } from './support/shown.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { FakeTerminal } from './support/terminal.ts';

const path = temporaryFolder();

beforeEach(() => {
  for (const name of ['CI', 'TERM', 'NO_COLOR', 'FORCE_COLOR']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('on a terminal', () => {
  test('there is a line a running step, the resources, and in the end a summary', async () => {
    const terminal = new FakeTerminal(100, 24);
    const { goTo, display } = await shown(pipeline, terminal, { limits: { 'heavy-io': 2, 'light-cpu': 4 } });
    expect(await goTo(80)).toEqual([
      'demo  ██░░░░░░░░░░░░░░░░░░░░░░  0/3 steps  80 ms',
      '  heavy-io 1/2   light-cpu 1/4',
      '▸ load   ███░░░░░░░░░  25 %    80 ms  row group 1',
      '  quick                        80 ms',
    ]);
    expect(await goTo(160)).toEqual([
      'demo  ███████░░░░░░░░░░░░░░░░░  1/3 steps  160 ms',
      '  heavy-io 1/2   light-cpu 0/4',
      '  load  ███░░░░░░░░░  25 %   160 ms  row group 1',
    ]);
    expect(await goTo(Infinity)).toEqual([
      '✓ demo completed in 1.5 s',
      '  3 of 3 steps completed',
      '  slowest: load (1.0 s), report (500 ms), quick (100 ms)',
      '  critical path: load (1.0 s) → report (500 ms)',
    ]);
    await display.done;
  });

  test('attempts, retries, logs and warnings are told; failures stay on the screen', async () => {
    const terminal = new FakeTerminal(100, 24);
    const { goTo } = await shown(
      [
        { id: 'bad', run: taking(50, new TypeError('no such table')), retry: { attempts: 2, delay: 100 } },
        { id: 'after', dependsOn: ['bad'], run: taking(1) },
        {
          id: 'long',
          run: (_, ctx) => {
            ctx.log('has begun');
            return taking(2_000)({}, ctx);
          },
        },
      ],
      terminal,
      { onFailure: 'continue' },
    );
    expect(await goTo(80)).toEqual([
      'long: has begun',
      'bad failed and is tried again: TypeError: no such table',
      expect.stringContaining('0/3 steps · 1 to be tried again  80 ms'),
      expect.stringContaining('light-cpu 1/'),
      expect.stringContaining('  long'),
      '↻ bad   again in 70 ms  attempt 2  TypeError: no such table',
    ]);
    expect((await goTo(160)).at(-2)).toMatch(/^▸ bad .* 10 ms {2}attempt 2$/);
    expect((await goTo(400)).slice(2)).toEqual([
      expect.stringContaining('0/3 steps · 1 failed · 1 skipped  400 ms'),
      expect.stringContaining('light-cpu 1/'),
      '  ✗ bad (2 attempts): TypeError: no such table',
      expect.stringMatching(/^ {6}at test\/node\/render-progress\.test\.ts:\d+:\d+$/),
      expect.stringContaining('  long'),
    ]);
    expect((await goTo(Infinity)).slice(2)).toEqual([
      '✗ demo failed in 2.0 s',
      '  1 of 3 steps completed, 1 failed, 1 skipped',
      '  ✗ bad (2 attempts): TypeError: no such table',
      expect.stringMatching(/^ {6}at test/),
      '  slowest: long (2.0 s), bad (50 ms)',
      '  critical path: long (2.0 s)',
    ]);
  });

  test('a cancel says why', async () => {
    const terminal = new FakeTerminal(60, 10);
    const { run, goTo } = await shown(pipeline, terminal);
    await goTo(320);
    run.cancel('the user has seen enough');
    expect(await goTo(Infinity)).toEqual([
      '■ demo was cancelled in 320 ms: the user has seen enough',
      '  1 of 3 steps completed, 2 cancelled',
      '  slowest: load (320 ms), quick (100 ms)',
      '  critical path: quick (100 ms)',
    ]);
  });

  test('a pause and a timeout are told', async () => {
    const terminal = new FakeTerminal(90, 10);
    const { run, goTo } = await shown(pipeline, terminal, { timeout: 700, limits: { memory: 1 } });
    await goTo(100);
    run.pause();
    run.pause('heavy-io');
    const lines = await goTo(200);
    expect(lines[0]).toContain('paused');
    expect(lines[1]).toMatch(/heavy-io 1\/\d+ paused/);
    expect((await goTo(Infinity))[0]).toContain(
      "failed in 700 ms: WorkflowTimeoutError: the run of workflow 'demo'",
    );
  });

  test('a wait for other runs is told', async () => {
    const terminal = new FakeTerminal(90, 10);
    const shared = sharedLimits({ runs: 1 });
    const { scheduler, goTo, run } = await shown(pipeline, terminal, { shared });
    // By now it is under way: another one waits for it.
    expect(run.snapshot().status).toBe('running');
    const other = new FakeTerminal(90, 10);
    const waiting = defineWorkflow('next', pipeline).run({ scheduler, shared });
    renderProgress(waiting, { stream: other, scheduler });
    await vi.waitFor(() => {
      expect(other.listenerCount('resize')).toBe(2);
    }, patience);
    waiting.result$.subscribe();
    await goTo(200);
    expect((await other.lines())[0]).toMatch(/^next .* 0\/3 steps {2}waiting for other runs$/);
    await goTo(Infinity);
    expect((await other.lines())[0]).toBe('✓ next completed in 1.5 s');
  });

  test.each([
    [80, 24],
    [40, 6],
    [20, 3],
    [10, 2],
    [3, 1],
    [200, 60],
  ])('of %i columns and %i rows, 10,000 steps show what fits', async (columns, rows) => {
    const terminal = new FakeTerminal(columns, rows);
    const steps: Definition[] = Array.from({ length: 10_000 }, (_, place) => ({
      id: `step ${String(place)}`,
      run: taking(1_000 + place),
    }));
    const { goTo, display } = await shown(steps, terminal, { limits: { 'light-cpu': 5_000 } });
    const lines = await goTo(800);
    expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
    // What is drawn over leaves nothing behind.
    expect(lines.filter((line) => line.includes('de')).length).toBeLessThanOrEqual(1);
    if (rows > 5) expect(lines.at(-1)).toMatch(/… and 4,\d+ more running|… and 4,/);
    display.stop();
  });

  test('it survives other sizes while it runs', async () => {
    const terminal = new FakeTerminal(100, 24);
    const { goTo } = await shown(pipeline, terminal, { limits: { 'heavy-io': 2, 'light-cpu': 4 } });
    await goTo(160);
    await terminal.resize(30, 24);
    expect(await goTo(240)).toEqual([
      'demo  1/3 steps  240 ms',
      '  heavy-io 1/2',
      '  light-cpu 0/4',
      '  load  25 %   240 ms',
    ]);
    await terminal.resize(15, 24);
    await goTo(320);
    await terminal.resize(120, 8);
    expect(await goTo(400)).toEqual([
      expect.stringMatching(/^demo {2}[█░]{29} {2}1\/3 steps {2}400 ms$/),
      '  heavy-io 1/2   light-cpu 0/4',
      '  load  ███░░░░░░░░░  25 %   400 ms  row group 1',
    ]);
    expect((await goTo(Infinity))[0]).toBe('✓ demo completed in 1.5 s');
  });

  test('whatever the sizes, what was there before is neither lost nor doubled', async () => {
    const terminal = new FakeTerminal(100, 50);
    terminal.write('$ node flights.js\n');
    const steps: Definition[] = Array.from({ length: 12 }, (_, place) => ({
      id: `a step with a rather long name ${String(place)}`,
      run: (_, ctx) => {
        ctx.progress(0.3, 'and a message that is rather long as well, so that lines are full');
        return taking(10_000)({}, ctx);
      },
    }));
    const { goTo, display } = await shown(steps, terminal, { limits: { 'light-cpu': 12 } });
    for (const [place, columns] of [60, 45, 70, 38, 120, 40, 99, 50].entries()) {
      await goTo(160 * place + 80);
      await terminal.resize(columns, 50);
      const lines = await goTo(160 * place + 160);
      expect(lines[0]).toBe('$ node flights.js');
      expect(lines.filter((line) => line.startsWith('demo'))).toHaveLength(1);
      expect(lines).toHaveLength(15);
    }
    display.stop();
    expect(await terminal.lines()).toEqual(['$ node flights.js']);
  });

  test('what users write can not do the terminal harm', async () => {
    const terminal = new FakeTerminal(70, 10);
    const evil = '\u001B[2J\u001B]0;title\u0007a\nb\rc\u202Ed\u0000';
    const { goTo } = await shown(
      [
        {
          id: `${evil}日本語🚀`,
          run: (_, ctx) => {
            ctx.progress(0.5, `${evil}${'漢字'.repeat(50)}`);
            ctx.log(evil);
            return taking(100, new Error(evil))({}, ctx);
          },
        },
      ],
      terminal,
      {},
      { title: evil },
    );
    const lines = await goTo(80);
    expect(lines[0]).toBe('a b c d 日本語🚀: a b c d');
    expect(lines[1]).toMatch(/^a b c d {2}[█░]+ {2}0\/1 steps/);
    expect(lines[3]).toContain('  a b c d 日本語🚀  ██████');
    expect(lines[3]).toMatch(/漢…$/);
    expect(lines).toHaveLength(4);
    const end = await goTo(Infinity);
    expect(end.slice(1)).toEqual([
      '✗ a b c d failed in 100 ms',
      '  0 of 1 steps completed, 1 failed',
      '  ✗ a b c d 日本語🚀: a',
      '      b c d',
      expect.stringMatching(/^ {6}at test/),
      '      log: a b c d',
      '  critical path: a b c d 日本語🚀 (100 ms)',
    ]);
    expect(terminal.written).not.toContain('\u001B]0');
    expect(terminal.written).not.toContain('\u001B[2J');
  });

  test('it draws twelve times a second at most, however many events there are', async () => {
    const terminal = new FakeTerminal(80, 24);
    const chatty: Definition = {
      id: 'chatty',
      run: (_, ctx) =>
        timer(0, 0.5, ctx.scheduler).pipe(
          map((tick) => {
            ctx.progress({ done: tick, total: 4_000 }, `tick ${String(tick)}`);
            if (tick % 4 === 0) ctx.log('once more');
          }),
        ),
    };
    const { goTo, display } = await shown([chatty], terminal);
    const lines = await goTo(1_000);
    expect(terminal.writes).toBeLessThanOrEqual(13 * 3);
    expect(lines.filter((line) => line === 'chatty: once more').length).toBeGreaterThan(200);
    expect(lines.at(-1)).toMatch(/chatty.*47 %.*tick/);
    display.stop();
  });

  test('a log that floods is cut', async () => {
    const terminal = new FakeTerminal(80, 24);
    const flood: Definition = {
      id: 'flood',
      run: (_, ctx) => {
        for (let place = 0; place < 1_000; place++) ctx.log(`line ${String(place)}`);
        return taking(100)({}, ctx);
      },
    };
    const { goTo } = await shown([flood], terminal);
    const lines = await goTo(90);
    expect(lines[99]).toBe('flood: line 99');
    expect(lines[100]).toBe('… and 900 messages more');
  });

  test('it waits for a terminal that is behind, and ends alone with one that fails', async () => {
    const terminal = Object.assign(new FakeTerminal(80, 24), { writableNeedDrain: false });
    const { run, goTo, display } = await shown(pipeline, terminal);
    await goTo(80);
    terminal.writableNeedDrain = true;
    const { writes } = terminal;
    await goTo(800);
    expect(terminal.writes).toBe(writes);
    terminal.writableNeedDrain = false;
    terminal.write = () => {
      throw new Error('gone');
    };
    await goTo(Infinity);
    await display.done;
    expect(run.snapshot().status).toBe('completed');
  });

  test('of many failures, large amounts and a long path the ends are shown', async () => {
    const terminal = new FakeTerminal(220, 12);
    const failing: Definition[] = Array.from({ length: 130 }, (_, place) => ({
      id: `bad ${String(place)}`,
      run: taking(10, new Error('no')),
      resource: { memory: '1.5MiB', gpu: 1 },
    }));
    const chain: Definition[] = Array.from({ length: 12 }, (_, place) => ({
      id: `link ${String(place)}`,
      dependsOn: place === 0 ? [] : [`link ${String(place - 1)}`],
      run: taking(100),
    }));
    const { goTo } = await shown([...failing, ...chain], terminal, {
      onFailure: 'continue',
      limits: { memory: '2GiB', gpu: Infinity, 'light-cpu': 1 },
    });
    const lines = await goTo(80);
    expect(lines[1]).toContain('memory 0 B/2 GiB');
    expect(lines[1]).toContain('gpu 0/∞');
    expect(lines.slice(2)).toEqual([
      '  ✗ bad 0: no',
      '  ✗ bad 1: no',
      '  ✗ bad 2: no',
      '  ✗ … and 127 more failed',
      expect.stringContaining('link 0'),
    ]);
    const end = await goTo(Infinity);
    expect(end.at(-3)).toBe('  ✗ … and 110 more failed');
    expect(end.at(-2)).toContain('slowest: link 0 (100 ms)');
    expect(end.slice(-1)[0]).toContain('link 3 (100 ms) → … 4 more … → link 8 (100 ms)');
  });

  test('what finalisers and clean-ups throw, a cancel by an error, and none, are told', async () => {
    const ending = async (reason: unknown): Promise<string[]> => {
      const terminal = new FakeTerminal(120, 12);
      const { run, goTo } = await shown(
        [
          {
            id: 'a',
            run: (_, ctx) => {
              ctx.defer(() => {
                throw new RangeError('stuck');
              });
              return NEVER;
            },
          },
        ],
        terminal,
      );
      await goTo(80);
      run.cancel(reason);
      return goTo(Infinity);
    };
    expect(await ending(new Error('no power'))).toEqual([
      "a finaliser of step 'a' failed: RangeError: stuck",
      '■ demo was cancelled in 80 ms: no power',
      '  0 of 1 steps completed, 1 cancelled',
    ]);
    expect((await ending(undefined))[1]).toBe('■ demo was cancelled in 80 ms');
    expect((await ending(12n))[1]).toBe('■ demo was cancelled in 80 ms: 12n');
  });

  test('on the host’s time it draws as well, and without log-update there are plain lines', async () => {
    const terminal = new FakeTerminal(80, 24);
    const definition: Definition = {
      id: 'a',
      // Until it has been seen.
      run: () =>
        vi.waitFor(async () => {
          expect((await terminal.lines()).at(-1)).toMatch(/^ {2}a .* \d+ ms$/);
        }, patience),
    };
    const run = defineWorkflow('host', [definition]).run();
    const display = renderProgress(run, { stream: terminal, style: 'live' });
    await run.result();
    await display.done;
    vi.doMock('log-update', () => {
      throw new Error('not installed');
    });
    const other = new FakeTerminal(80, 24);
    const time = new VirtualTime();
    const { scheduler } = time;
    const again = defineWorkflow('host', pipeline).run({ scheduler });
    const { done } = renderProgress(again, { stream: other, scheduler });
    await vi.waitFor(async () => {
      expect((await other.lines())[0]).toContain('needs the package log-update');
    }, patience);
    again.result$.subscribe();
    time.flush();
    await done;
    expect((await other.lines()).join('\n')).toContain('host: quick (1/3, 100 ms)');
    vi.doUnmock('log-update');
  });

  test('it can be stopped, and leaves nothing behind', async () => {
    const terminal = new FakeTerminal(80, 24);
    const { run, goTo, display } = await shown(pipeline, terminal);
    {
      using _ = display;
      await goTo(160);
    }
    display.stop();
    await display.done;
    expect(await goTo(Infinity)).toEqual([]);
    expect(run.snapshot().status).toBe('completed');
    expect(terminal.eventNames()).toEqual([]);
  });

  test('a run that is over before there is a first frame leaves its summary, and what it said', async () => {
    const terminal = new FakeTerminal(80, 24);
    const run = defineWorkflow('fast', [
      {
        id: 'a',
        run: (_, ctx) => {
          ctx.log('hello');
        },
      },
    ]).run();
    const display = renderProgress(run, { stream: terminal });
    run.result$.subscribe();
    await display.done;
    const lines = await terminal.lines();
    expect(lines[0]).toBe('a: hello');
    expect(lines[1]).toMatch(/^✓ fast completed in/);
    await vi.dynamicImportSettled();
    expect(terminal.eventNames()).toEqual([]);
  });

  test('colours are shown where they are wanted', async () => {
    const escapeCode = String.fromCodePoint(27);
    const written = async (
      environment: Record<string, string>,
      stream: { hasColors?: () => boolean; isTTY?: boolean },
    ) => {
      for (const name of ['NO_COLOR', 'FORCE_COLOR']) vi.stubEnv(name, environment[name]);
      let text = '';
      const run = defineWorkflow('fast', [{ id: 'a', run: () => 1 }]).run();
      renderProgress(run, { stream: { ...stream, write: (more) => (text += more) }, style: 'lines' });
      await run.result();
      return text.includes(`${escapeCode}[`);
    };
    const terminal = { isTTY: true, hasColors: () => true };
    expect(await written({}, terminal)).toBe(true);
    expect(await written({}, { isTTY: true, hasColors: () => false })).toBe(false);
    expect(await written({ NO_COLOR: '1' }, terminal)).toBe(false);
    expect(await written({}, {})).toBe(false);
    expect(await written({ FORCE_COLOR: '1' }, {})).toBe(true);
    expect(await written({ FORCE_COLOR: '0' }, terminal)).toBe(false);
  });
});

test('yesterday’s log is shown like the run', async () => {
  const terminal = new FakeTerminal(100, 24);
  const { run, goTo } = await shown(pipeline, terminal, { limits: { 'heavy-io': 2, 'light-cpu': 4 } });
  const log = writeJsonLines(run, path('shown.jsonl'));
  // The run has begun: what is logged from here on begins with where it stood.
  const early = await goTo(160);
  const end = await goTo(Infinity);
  await log.done;
  const again = new FakeTerminal(100, 24);
  const time = new VirtualTime();
  const { scheduler } = time;
  const yesterday = replay(await readJsonLines(path('shown.jsonl')), { speed: 1, scheduler });
  renderProgress(yesterday, { stream: again, scheduler });
  yesterday.play();
  time.flush();
  expect((await again.lines()).slice(1)).toEqual(end.slice(1));
  expect(early[0]).toContain('1/3 steps');
});

test('options that can not be used are told', async () => {
  const run = defineWorkflow('demo', [{ id: 'a', run: () => 1 }]).run();
  expect(() => renderProgress(run, { stream: {} as never })).toThrow(
    'expected stream to be a stream to write to',
  );
  expect(() => renderProgress(run, { report: 7 as never })).toThrow('a path, a URL or a function');
  expect(() => renderProgress(run, { style: 'big' as never })).toThrow("'live' or 'lines'");
  expect(() => renderProgress(run, { title: 7 as never, scheduler: 7 as never })).toThrow(
    'an RxJS scheduler',
  );
  expect(() => renderProgress(run, { steam: process.stderr } as object)).toThrow("did you mean 'stream'?");
  await run.result();
  expect(() => renderProgress(run)).toThrow('expected the run to be one that is not over');
});

test.each([null, undefined, {}, 'run'])('%o is no run, neither to show nor to log', (run) => {
  expect(() => renderProgress(run as never)).toThrow(InvalidOptionsError);
  expect(() => writeJsonLines(run as never, 'never-written.jsonl')).toThrow(InvalidOptionsError);
});
