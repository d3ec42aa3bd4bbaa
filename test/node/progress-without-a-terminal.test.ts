import { EventEmitter } from 'node:events';
import { type Definition, defineWorkflow, type RunOptions, sharedLimits } from 'millrace';
import { renderProgress } from 'millrace/node';
import { VirtualTime } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pipeline, taking } from './support/shown.ts';

beforeEach(() => {
  for (const name of ['CI', 'TERM', 'NO_COLOR', 'FORCE_COLOR']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('where there is no terminal', () => {
  /** What is written of a run to a stream that is none. */
  async function plainLines(
    definitions: readonly Definition[],
    stream: object = {},
    options: RunOptions<never> = {},
    time = new VirtualTime(),
  ): Promise<string[]> {
    let text = '';
    const { scheduler } = time;
    const run = defineWorkflow('demo', definitions).run({
      scheduler,
      onFailure: 'continue',
      limits: { 'light-cpu': 4 },
      ...options,
    });
    const output = { write: (more: string) => (text += more), ...stream };
    const { done } = renderProgress(run, { stream: output, scheduler });
    run.result$.subscribe({ error: () => undefined });
    time.flush();
    await done;
    return text.trimEnd().split('\n');
  }

  test('there is a line for what happens', async () => {
    const lines = await plainLines([...pipeline, { id: 'bad', run: taking(150, new Error('no')), retry: 1 }]);
    expect(lines).toEqual([
      'demo: quick (1/4, 100 ms)',
      'demo: bad failed and is tried again: no',
      'demo: ✗ bad (2 attempts): no',
      expect.stringMatching(/^ {4}at test/),
      'demo: load (2/4, 1.0 s)',
      'demo: report (3/4, 500 ms)',
      '✗ demo failed in 1.5 s',
      '  3 of 4 steps completed, 1 failed',
      '  ✗ bad (2 attempts): no',
      expect.stringMatching(/^ {6}at test/),
      '  slowest: load (1.0 s), report (500 ms), bad (150 ms), quick (100 ms)',
      '  critical path: load (1.0 s) → report (500 ms)',
    ]);
  });

  test('a run that waits for others says so', async () => {
    const time = new VirtualTime();
    const { scheduler } = time;
    const shared = sharedLimits({ runs: 1 });
    defineWorkflow('first', pipeline).run({ scheduler, shared }).result$.subscribe();
    const lines = await plainLines([{ id: 'quick', run: taking(100) }], {}, { shared }, time);
    expect(lines).toEqual([
      'demo: waits for other runs to end, as one of 1',
      'demo: quick (1/1, 100 ms)',
      '✓ demo completed in 100 ms',
      '  1 of 1 steps completed',
      '  critical path: quick (100 ms)',
    ]);
  });

  test('of many steps there is a line a second', async () => {
    const lines = await plainLines(
      Array.from({ length: 1_000 }, (_, place) => ({ id: String(place), run: taking(10) })),
    );
    expect(lines.slice(0, 3)).toEqual([
      'demo: 1/1,000 steps, 3 running',
      'demo: 401/1,000 steps, 3 running',
      'demo: 801/1,000 steps, 3 running',
    ]);
    expect(lines).toHaveLength(7);
  });

  test.each([
    ['under CI', { CI: 'true' }, { isTTY: true, columns: 80, rows: 24 }],
    ['on a dumb terminal', { TERM: 'dumb' }, { isTTY: true, columns: 80, rows: 24 }],
    ['on a terminal without a size', {}, { isTTY: true, columns: 0, rows: 0 }],
  ])('nor %s', async (_, environment, stream) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    expect((await plainLines(pipeline, stream))[0]).toBe('demo: quick (1/3, 100 ms)');
  });

  test('a pipe whose other end is gone ends the display alone', async () => {
    const pipe = Object.assign(new EventEmitter(), { write: () => true });
    const run = defineWorkflow('demo', [{ id: 'a', run: () => NEVER }]).run();
    const { done } = renderProgress(run, { stream: pipe });
    run.result$.subscribe({ error: () => undefined });
    pipe.emit('error', new Error('EPIPE'));
    await done;
    expect(run.snapshot().status).toBe('running');
    run.cancel();
  });
});
