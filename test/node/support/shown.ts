import { type Definition, defineWorkflow, type RunOptions } from 'millrace';
import { type RenderProgressOptions, renderProgress } from 'millrace/node';
import { VirtualTime } from 'millrace/testing';
import { map, timer } from 'rxjs';
import { expect, vi } from 'vitest';
import type { FakeTerminal } from './terminal.ts';

/** What is waited for is a module that is loaded, or the host's time: soon there, but not on a busy machine. */
export const patience = { timeout: 4_000 };

export function taking(ms: number, error?: Error): Definition['run'] {
  return (_, ctx) =>
    timer(ms, ctx.scheduler).pipe(
      map(() => {
        if (error !== undefined) throw error;
        return ms;
      }),
    );
}

/** A run in virtual time that is shown on a terminal; `goTo` lets time pass. */
export async function shown(
  definitions: readonly Definition[],
  terminal: FakeTerminal,
  runOptions: RunOptions<never> = {},
  options: RenderProgressOptions = {},
) {
  const time = new VirtualTime();
  const { scheduler } = time;
  const run = defineWorkflow('demo', definitions).run({ scheduler, ...runOptions });
  const display = renderProgress(run, { stream: terminal, scheduler, ...options });
  // log-update is loaded when it is needed.
  if (options.style !== 'lines')
    await vi.waitFor(() => {
      expect(terminal.listenerCount('resize')).toBe(2);
    }, patience);
  run.result$.subscribe({ error: () => undefined });
  const goTo = (ms: number): Promise<string[]> => {
    time.advanceTo(ms);
    return terminal.lines();
  };
  return { run, display, scheduler, goTo };
}

const load: Definition = {
  id: 'load',
  resource: 'heavy-io',
  run: (_, ctx) => {
    ctx.progress({ done: 1, total: 4 }, 'row group 1');
    return taking(1_000)({}, ctx);
  },
};
export const pipeline: Definition[] = [
  load,
  { id: 'quick', run: taking(100) },
  { id: 'report', dependsOn: ['load'], run: taking(500) },
];
