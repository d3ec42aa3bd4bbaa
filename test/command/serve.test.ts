import { request } from 'node:http';
import { step, workflow } from 'millrace';
import { fileStore } from 'millrace/store';
import { expect, onTestFinished, test } from 'vitest';
import { serveStore } from '../../lib/command/serve-store.ts';
import { temporaryFolder } from '../store/support/temporary-folder.ts';

interface Sent {
  readonly kind: 'run' | 'event';
  readonly runId: string;
  readonly event?: { readonly type: string };
}

/** What a browser is sent, until it has been sent enough. */
function sentUntil(url: string, isEnough: (sent: readonly Sent[]) => boolean): Promise<readonly Sent[]> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL('/events', url), (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        const sent = [...text.matchAll(/^data: (\{.*)\n\n/gm)].map(
          ([, json]) => JSON.parse(json ?? '') as Sent,
        );
        if (!isEnough(sent)) return;
        resolve(sent);
        asked.destroy();
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

const has =
  (runId: string, type: string) =>
  (sent: readonly Sent[]): boolean =>
    sent.some((each) => each.runId === runId && each.event?.type === type);

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

  await sentUntil(served.url, has('yesterday', 'run-completed'));
  const running = await sentUntil(served.url, has('today', 'step-started'));
  expect(has('today', 'run-completed')(running)).toBe(false);
  open(2);
  await result;
  const all = await sentUntil(served.url, has('today', 'run-completed'));
  const ofToday = all
    .filter(({ runId, kind }) => runId === 'today' && kind === 'event')
    .map(({ event }) => event?.type);
  expect(ofToday.filter((type) => type !== 'holds-changed')).toStrictEqual([
    'run-started',
    'step-started',
    'step-completed',
    'run-completed',
  ]);
  expect(problems).toStrictEqual([]);
});

test('a running one is cancelled from there', { timeout: 30_000 }, async () => {
  const store = fileStore(temporaryFolder());
  const run = workflow('new', { b: step('b', () => new Promise<number>(() => undefined)) }).run({
    store,
    runId: 'today',
    gracePeriod: 0,
  });
  const result = run.result().catch((error: unknown) => error);
  const served = await serveStore(store, { port: 0, host: '127.0.0.1', keep: 5 }, () => undefined);
  onTestFinished(() => served.close());
  await sentUntil(served.url, has('today', 'step-started'));
  const token = new URL(served.url).hash.replace('#token=', '');
  const answer = await fetch(new URL('/cancel', served.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ runId: 'today' }),
  });
  expect(answer.status).toBe(202);
  expect(await result).toMatchObject({ reason: 'cancelled from the dashboard' });
});
