import { step, type Workflow, workflow } from 'millrace';
import { fileStore, memoryStore, type Store, UnknownRunError } from 'millrace/store';
import { describe, expect, test, vi } from 'vitest';
import { followEvents } from '../../lib/command/follow-events.ts';
import { runCommand } from '../../lib/command/run-command.ts';
import { caught } from '../store/support/caught.ts';
import { temporaryFolder } from '../store/support/temporary-folder.ts';
import { captured } from './support/captured.ts';

const runId = 'nightly';

/** A run that goes on once its gate is opened. */
function gated(): { readonly flow: Workflow<{ readonly last: number }, never>; readonly open: () => void } {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const first = step('first', (ctx) => {
    ctx.log('before');
    return 1;
  });
  const last = step('last', { first }, async ({ first }, ctx) => {
    await gate;
    ctx.log('after');
    return first + 1;
  });
  return { flow: workflow('gated', { last }), open };
}

/** Follows the run to the end; calls `seen` with each type of event. */
async function typesOf(
  store: Store,
  signal: AbortSignal,
  seen: (type: string) => void = () => undefined,
): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of followEvents(store, runId, signal, 1)) {
    types.push(type);
    seen(type);
  }
  return types;
}

const whole = [
  'run-started',
  'step-started',
  'log',
  'step-completed',
  'step-started',
  'log',
  'step-completed',
  'run-completed',
];
const withoutHolds = (types: readonly string[]): string[] => types.filter((type) => type !== 'holds-changed');

describe('the events of a run', () => {
  test('are told as they come, each once, until nobody is at it', async () => {
    const store = memoryStore();
    const { flow, open } = gated();
    const result = flow.run({ store, runId }).result();
    const types = await typesOf(store, new AbortController().signal, (type) => {
      if (type === 'step-completed') open();
    });
    await result;
    expect(withoutHolds(types)).toStrictEqual(whole);
  });

  test('are those of each process that was at it, one after the other', async () => {
    const store = memoryStore();
    const { flow, open } = gated();
    open();
    for (let time = 0; time < 2; time++) await flow.run({ store, runId }).result();
    expect(withoutHolds(await typesOf(store, new AbortController().signal))).toStrictEqual([
      ...whole,
      'run-started',
      'step-completed',
      'step-completed',
      'run-completed',
    ]);
  });

  test('are told no further once that is wanted, also while nothing comes', async () => {
    const store = memoryStore();
    const { flow, open } = gated();
    const result = flow.run({ store, runId }).result();
    const stop = new AbortController();
    const types: string[] = [];
    const looks = vi.spyOn(store.backend, 'listRuns');
    const followed = (async () => {
      for await (const { type } of followEvents(store, runId, stop.signal, 3_600_000)) types.push(type);
    })();
    await vi.waitFor(() => {
      expect(types.at(-1)).toBe('step-started');
    });
    stop.abort();
    await followed;
    expect(looks).toHaveBeenCalledTimes(1);
    open();
    await result;
    expect(await typesOf(store, stop.signal)).toStrictEqual([]);
  });

  test('of one that there is not can’t be followed', async () => {
    expect(await caught(typesOf(memoryStore(), new AbortController().signal))).toBeInstanceOf(
      UnknownRunError,
    );
  });
});

test('`logs --follow` ends with the run, and by Ctrl-C sooner', async () => {
  const folder = temporaryFolder();
  const { flow, open } = gated();
  const store = fileStore(folder);
  const result = flow.run({ store, runId }).result();
  await vi.waitFor(() => store.events(runId));
  const stopped = captured();
  const words = ['logs', runId, '--follow', '--store', folder];
  const first = runCommand(words, stopped.terminal);
  await vi.waitFor(() => {
    expect(stopped.texts.all).toContain('first  before');
  });
  process.emit('SIGINT');
  await first;
  expect(stopped.texts.all).not.toContain('after');
  const whole = captured();
  const second = runCommand(words, whole.terminal);
  open();
  await Promise.all([result, second]);
  expect(whole.texts.all).toMatch(/first {2}before\n.*last {2}after\n$/);
});
