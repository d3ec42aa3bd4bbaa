import { PassThrough } from 'node:stream';
import { type ProgressEvent, step, workflow } from 'millrace';
import { renderProgress } from 'millrace/node';
import { memoryStore } from 'millrace/store';
import { expect, test } from 'vitest';

function kept() {
  let fails = true;
  const given = step('given', () => 1);
  const cached = step('cached', { given }, ({ given }) => given, { cache: { version: 1 } });
  const done = step('done', { cached }, ({ cached }) => cached);
  const last = step('last', { done }, ({ done }) => {
    if (fails) throw new Error('not yet');
    return done;
  });
  const flow = workflow('kept', { last, done });
  return {
    flow,
    mend: () => {
      fails = false;
    },
  };
}

test('snapshots and the terminal say where outputs come from', async () => {
  const { flow, mend } = kept();
  const store = memoryStore();
  await expect(flow.run({ store, runId: 'other' }).result()).rejects.toThrow('not yet');
  const options = { store, runId: 'this', given: { given: 1 } };
  await expect(flow.run(options).result()).rejects.toThrow('not yet');
  const first = flow.run({ ...options, runId: 'third' });
  await expect(first.result()).rejects.toThrow('not yet');
  const originsIn = (run: typeof first) =>
    Object.fromEntries(Array.from(run.snapshot().steps, ({ id, origin }) => [id, origin]));
  expect(originsIn(first)).toEqual({ given: 'given', cached: 'cached', done: undefined, last: undefined });
  mend();
  const again = flow.run(options);
  const events: ProgressEvent[] = [];
  again.progress$.subscribe((event) => events.push(event));
  const stream = new PassThrough();
  const display = renderProgress(again, { stream });
  await again.result();
  await display.done;
  expect(originsIn(again)).toEqual({ given: 'given', cached: 'restored', done: 'restored', last: undefined });
  expect(events[0]).toMatchObject({ type: 'run-started', resumed: true });
  expect(String(stream.read())).toContain('4 of 4 steps completed (2 restored, 1 given)');
});
