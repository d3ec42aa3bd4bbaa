import { step, workflow } from 'millrace';
import { fileStore } from 'millrace/store';
import { expect, onTestFinished, test } from 'vitest';
import { serveStore } from '../../lib/command/serve-store.ts';
import { follow, type Sent } from '../report/support/follow.ts';
import { temporaryFolder } from '../store/support/temporary-folder.ts';

const has =
  (type: string) =>
  (sent: readonly Sent[]): boolean =>
    sent.some(({ frame }) => frame?.events.some((event) => event.type === type));

/** A run that goes on until it is cancelled, and the dashboard over its store. */
async function endlessRun(runId = 'today', keep = 5) {
  const store = fileStore(temporaryFolder());
  const endless = step('b', () => new Promise<number>(() => undefined));
  const run = workflow('new', { b: endless }).run({ store, runId, gracePeriod: 0 });
  const result = run.result().catch((error: unknown) => error);
  const served = await serveStore(store, { port: 0, host: '127.0.0.1', keep }, () => undefined);
  onTestFinished(() => served.close());
  return { store, run, result, served };
}

function askToCancel({ url }: { readonly url: string }, runId: string): Promise<Response> {
  const token = new URL(url).hash.replace('#token=', '');
  return fetch(new URL('/cancel', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ runId }),
  });
}

test('the dashboard over a store shows the runs of yesterday beside the running one', {
  timeout: 30_000,
}, async () => {
  const folder = temporaryFolder();
  let open: (value: number) => void = () => undefined;
  const gate = new Promise<number>((resolve) => {
    open = resolve;
  });
  const store = fileStore(folder);
  await workflow('old', { a: step('a', () => 1) })
    .run({ store, runId: 'yesterday' })
    .result();
  const run = workflow('new', { b: step('b', () => gate) }).run({ store, runId: 'today' });
  const result = run.result();
  const problems: string[] = [];
  const served = await serveStore(fileStore(folder), { port: 0, host: '127.0.0.1', keep: 5 }, (problem) => {
    problems.push(problem);
  });
  onTestFinished(() => served.close());

  const old = await follow(served, has('run-completed'), { run: 'yesterday' });
  expect(old.sent.at(-1)?.frame).toMatchObject({ status: 'completed', steps: [[0, 'completed']] });
  const isRunning = (sent: readonly Sent[]): boolean =>
    sent.some(({ lines }) => lines.some((line) => line.runId === 'today' && line.running === 1));
  await follow(served, isRunning);
  const running = await follow(served, has('step-started'), { run: 'today' });
  expect(running.sent[0]?.lines.map(({ runId, status }) => [runId, status])).toStrictEqual([
    ['yesterday', 'completed'],
    ['today', 'running'],
  ]);
  expect(has('run-completed')(running.sent)).toBe(false);
  open(2);
  await result;
  const all = await follow(served, has('run-completed'), { run: 'today' });
  const ofToday = all.sent.flatMap(({ frame }) => frame?.events.map(({ type }) => type) ?? []);
  expect(ofToday.filter((type) => type !== 'holds-changed')).toStrictEqual([
    'run-started',
    'step-started',
    'step-completed',
    'run-completed',
  ]);
  expect(problems).toStrictEqual([]);
});

test('a running one is cancelled from there', { timeout: 30_000 }, async () => {
  const { result, served } = await endlessRun();
  const { sent } = await follow(served, has('step-started'));
  expect(sent.find((each) => each.run !== undefined)?.run?.abilities).toStrictEqual(['cancel']);
  const answer = await askToCancel(served, 'today');
  expect(answer.status).toBe(202);
  expect(await result).toMatchObject({ reason: 'cancelled from the dashboard' });
  await follow(served, has('run-cancelled'));
});

test('one whose process has died is shown as interrupted, and nobody is asked to cancel it', {
  timeout: 30_000,
}, async () => {
  const { store, run, result, served } = await endlessRun();
  await follow(served, has('step-started'));
  // As if it were gone: its events end, and nobody holds the run any more.
  const runs = store.runs.bind(store);
  store.runs = async () =>
    (await runs()).map((info) => ({ ...info, status: 'interrupted' as const, changedAt: 1 }));
  const { sent } = await follow(served, (seen) =>
    seen.some(({ lines }) => lines[0]?.status === 'interrupted'),
  );
  expect(sent.at(-1)?.frame?.status).toBe('interrupted');
  const answer = await askToCancel(served, 'today');
  expect([answer.status, await answer.text()]).toStrictEqual([
    409,
    'Nobody is at this run any more, so that there is nobody to ask.',
  ]);
  store.runs = runs;
  run.cancel();
  await result;
});

test('of many runs the latest are kept, and those that go on', { timeout: 30_000 }, async () => {
  const { store, run, result, served } = await endlessRun('long', 2);
  const quick = workflow('old', { a: step('a', () => 1) });
  await follow(served, (sent) => sent.some(({ lines }) => lines.some(({ runId }) => runId === 'long')));
  for (const runId of ['first', 'second', 'third']) {
    await quick.run({ store, runId }).result();
    await follow(served, (sent) => sent.some(({ lines }) => lines.some((line) => line.runId === runId)));
  }
  run.cancel();
  await result;
  const { sent } = await follow(served, (seen) =>
    seen.some(({ lines }) => lines.some(({ runId, status }) => runId === 'long' && status === 'cancelled')),
  );
  expect(sent[0]?.lines.map(({ runId }) => runId)).not.toContain('first');
});
