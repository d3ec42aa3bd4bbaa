import { forEachStep, step, subflow, workflow } from 'millrace';
import { renderProgress } from 'millrace/node';
import { VirtualTime } from 'millrace/testing';
import { map, timer } from 'rxjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { patience } from './support/shown.ts';
import { FakeTerminal } from './support/terminal.ts';

beforeEach(() => {
  for (const name of ['CI', 'TERM', 'NO_COLOR', 'FORCE_COLOR']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('what comes of a step', () => {
  /** A subflow whose fan-out takes 100 ms an item, two at a time, and a step beside it. */
  function growing(items: number, fails = false) {
    const time = new VirtualTime();
    const { scheduler } = time;
    const pages = forEachStep(
      'page',
      { items: Array.from({ length: items }, (_, place) => place) },
      (place) =>
        timer(100, scheduler).pipe(
          map(() => {
            if (fails && place === 1) throw new Error('no such page');
            return place;
          }),
        ),
      { concurrency: 2, settle: true },
    );
    const book = subflow('book', workflow('pages', { pages }));
    const cover = step('cover', () => timer(250, scheduler));
    return { time, run: workflow('demo', { book, cover }).run({ scheduler }) };
  }

  test('is told by numbers, beside its step', async () => {
    const terminal = new FakeTerminal(100, 24);
    const { run, time } = growing(6);
    const { done } = renderProgress(run, { stream: terminal, scheduler: time.scheduler });
    await vi.waitFor(() => {
      expect(terminal.listenerCount('resize')).toBe(2);
    }, patience);
    run.result$.subscribe();
    time.advanceTo(160);
    expect(await terminal.lines()).toEqual([
      'demo  ██████████████░░░░░░░░░░  0/2 steps, 2/5 within them  160 ms',
      expect.stringContaining('light-cpu'),
      '  book   ██████░░░░░░  53 %   160 ms  2/5 within',

      expect.stringMatching(/^ {2}cover +160 ms$/),
    ]);
    time.flush();
    await done;
    expect(await terminal.lines()).toEqual([
      '✓ demo completed in 300 ms',
      '  2 of 2 steps completed',
      '  slowest: cover (250 ms), book/page[0] (100 ms), book/page[1] (100 ms), book/page[2] (100 ms),',
      '    book/page[3] (100 ms)',
      '  critical path: book (300 ms)',
    ]);
  });

  test('is told where it waits to be tried again', async () => {
    const terminal = new FakeTerminal(100, 24);
    const time = new VirtualTime();
    const { scheduler } = time;
    const each = forEachStep(
      'each',
      { items: [1, 2, 3, 4] },
      (place, _, { attempt }) =>
        timer(100, scheduler).pipe(
          map(() => {
            if (place < 3 && attempt === 1) throw new Error('busy');
            return place;
          }),
        ),
      { retry: { attempts: 2, delay: 100, jitter: 0 } },
    );
    const run = workflow('demo', { each }).run({ scheduler });
    const { done } = renderProgress(run, { stream: terminal, scheduler });
    await vi.waitFor(() => {
      expect(terminal.listenerCount('resize')).toBe(2);
    }, patience);
    run.result$.subscribe();
    time.advanceTo(160);
    const lines = await terminal.lines();
    expect(lines.at(-3)).toContain('  0/1 steps, 2/4 within them · 2 to be tried again  160 ms');
    expect(lines.at(-1)).toMatch(/ 2\/4 within, 2 to be tried again$/);
    time.advanceTo(240);
    expect((await terminal.lines()).at(-1)).toMatch(/2\/4 within$/);
    time.flush();
    await done;
  });

  test('counts for the whole by how long it takes', async () => {
    const terminal = new FakeTerminal(100, 24);
    const time = new VirtualTime();
    const { scheduler } = time;
    const quick = step('quick', () => timer(10, scheduler), { estimate: 10 });
    const each = forEachStep(
      'each',
      { items: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
      () => timer(100, scheduler),
      {
        estimate: 100,
        concurrency: 1,
      },
    );
    const run = workflow('demo', { quick, each }).run({ scheduler });
    const { done } = renderProgress(run, { stream: terminal, scheduler });
    await vi.waitFor(() => {
      expect(terminal.listenerCount('resize')).toBe(2);
    }, patience);
    run.result$.subscribe();
    for (const [at, bar] of [
      [80, '██░'],
      [480, '███████████░'],
      [880, '█████████████████████░'],
    ] as const) {
      time.advanceTo(at);
      expect((await terminal.lines())[0]).toContain(`  ${bar}`);
    }
    time.flush();
    await done;
  });

  test('gets a line a second where there is no terminal, and its failures are told', async () => {
    let text = '';
    const { run, time } = growing(60, true);
    const stream = { write: (more: string) => (text += more) };
    const { done } = renderProgress(run, { stream, scheduler: time.scheduler });
    run.result$.subscribe();
    time.flush();
    await done;
    expect(text.trimEnd().split('\n')).toEqual([
      'demo: 0/2 steps, 1/3 within them, 2 running',
      'demo: ✗ book/page[1]: no such page',
      expect.stringMatching(/^ {4}at test/),
      '    by way of book → book/page → book/page[1]',
      'demo: cover (1/2, 250 ms)',
      'demo: 1/2 steps, 25/27 within them, 1 running',
      'demo: 1/2 steps, 45/47 within them, 1 running',
      'demo: book (2/2, 3.0 s)',
      '✓ demo completed in 3.0 s',
      '  2 of 2 steps completed',
      '  ✗ book/page[1]: no such page',
      expect.stringMatching(/^ {6}at test/),
      '      by way of book → book/page → book/page[1]',
      expect.stringContaining('  slowest: cover (250 ms), book/page[0] (100 ms)'),
      '  critical path: book (3.0 s)',
    ]);
  });
});
