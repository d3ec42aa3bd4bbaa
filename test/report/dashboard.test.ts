import { request } from 'node:http';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { defineWorkflow, InvalidOptionsError, type ProgressEvent } from 'millrace';
import { type Dashboard, DashboardError, serveDashboard, type WatchedRun } from 'millrace/report';
import type { Browser, Page } from 'playwright-core';
import { firstValueFrom, NEVER, of, Subject } from 'rxjs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { chromiumPath, startChromium } from '../ecosystem/support/chromium.ts';
import { unhandledErrors } from '../run/support/unhandled-errors.ts';

const gate$ = new Subject<number>();

const workflow = defineWorkflow('gated', [
  { id: 'first', run: () => of(1) },
  { id: 'second', dependsOn: ['first'], run: () => firstValueFrom(gate$) },
]);

async function serve(
  runs: Parameters<typeof serveDashboard>[0],
  options: Parameters<typeof serveDashboard>[1] = {},
): Promise<Dashboard> {
  const dashboard = await serveDashboard(runs, options);
  onTestFinished(() => dashboard.close());
  return dashboard;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function ask(
  { url }: Dashboard,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: text });
      });
      // A stream of events has no end: what is asked for is that it begins.
      if (String(response.headers['content-type']).startsWith('text/event-stream')) {
        response.once('data', () => {
          resolve({ status: response.statusCode ?? 0, body: text });
          asked.destroy();
        });
      }
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Reads the stream of events until `isEnough`, then leaves. */
function readEvents(
  dashboard: Dashboard,
  lastEventId: string,
  isEnough: (text: string) => boolean,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      new URL('/events', dashboard.url),
      { headers: lastEventId === '' ? {} : { 'last-event-id': lastEventId } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (!isEnough(text)) return;
          resolve(text);
          asked.destroy();
        });
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

const idsOf = (text: string): string[] => [...text.matchAll(/^id: (.+)$/gm)].map((match) => match[1] ?? '');

test('the events of a run are sent in order, and the rest of them to one who comes back', async () => {
  const run = workflow.run();
  const events: ProgressEvent[] = [];
  run.progress$.subscribe((event) => events.push(event));
  const dashboard = await serve(run);
  const result = run.result();
  const first = await readEvents(dashboard, '', (text) => idsOf(text).length >= 3);
  expect(first).toContain('event: reset');
  gate$.next(2);
  await result;
  const all = await readEvents(dashboard, '', (text) => text.includes('run-completed'));
  const numbers = [...all.matchAll(/"seq":(\d+)/g)].map((match) => Number(match[1]));
  expect(numbers).toEqual(events.map(({ seq }) => seq));
  const rest = await readEvents(dashboard, idsOf(all)[2] ?? '', (text) => text.includes('run-completed'));
  expect(idsOf(rest)).toEqual(idsOf(all).slice(3));
  expect(rest).not.toContain('event: reset');
  const other = await readEvents(dashboard, 'another-3', (text) => text.includes('run-completed'));
  expect(idsOf(other)).toEqual(idsOf(all));
});

test('a run is cancelled with the token, and with nothing else', async () => {
  const run = workflow.run();
  const dashboard = await serve(run);
  const result = run.result().catch((error: unknown) => error);
  const body = JSON.stringify({ runId: run.runId });
  const cancel = (authorization: string, sent = body): Promise<Answer> =>
    ask(dashboard, '/cancel', { method: 'POST', headers: { authorization }, body: sent });
  expect((await ask(dashboard, '/cancel', { method: 'POST', body })).status).toBe(401);
  expect((await cancel('Bearer wrong')).status).toBe(401);
  expect((await cancel(`Bearer ${dashboard.token}`, '{"runId":"other"}')).status).toBe(404);
  expect((await cancel(`Bearer ${dashboard.token}`, 'no JSON')).status).toBe(404);
  expect(run.snapshot().status).toBe('running');
  expect((await cancel(`Bearer ${dashboard.token}`)).status).toBe(202);
  expect(await result).toMatchObject({ code: 'CANCELLED', reason: 'cancelled from the dashboard' });
});

test('other names of the host, and pages of elsewhere, are refused', async () => {
  const dashboard = await serve(workflow.run());
  const { host } = new URL(dashboard.url);
  expect((await ask(dashboard, '/')).status).toBe(200);
  expect((await ask(dashboard, '/nothing')).status).toBe(404);
  expect((await ask(dashboard, '/', { headers: { host: 'evil.example:80' } })).status).toBe(403);
  for (const origin of ['http://evil.example', 'null', `https://${host}`])
    expect((await ask(dashboard, '/events', { headers: { origin } })).status).toBe(403);
  expect((await ask(dashboard, '/events', { headers: { origin: `http://${host}` } })).status).toBe(200);
  expect((await ask(dashboard, '/')).body).not.toContain(dashboard.token);
});

describe('answers', () => {
  const statusFor = async (dashboard: Dashboard, host: string): Promise<number> =>
    (await ask(dashboard, '/', { headers: { host } })).status;

  test.each(['0.0.0.0', '::'])('on %s by every address and name of the machine', async (host) => {
    const dashboard = await serve(NEVER, { host });
    const { port } = new URL(dashboard.url);
    for (const name of ['localhost', '127.0.0.1', '[::1]', '192.168.1.7', '[fe80::1]', hostname()])
      expect([name, await statusFor(dashboard, `${name}:${port}`)]).toStrictEqual([name, 200]);
    expect(await statusFor(dashboard, `evil.example:${port}`)).toBe(403);
  });

  test.each(['localhost', '127.0.0.1', 'LOCALHOST.', 'localhost:443'])(
    'to %s, as port 80 and tunnels have it',
    async (host) => {
      expect(await statusFor(await serve(NEVER), host)).toBe(200);
    },
  );

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '[', 'a b'])(
    'not to %o',
    async (host) => {
      expect(await statusFor(await serve(NEVER), host)).not.toBe(200);
    },
  );

  test.each(['::1', '[::1]', '0:0:0:0:0:0:0:1'])('on %s', async (host) => {
    const dashboard = await serve(NEVER, { host });
    expect((await ask(dashboard, '/')).status).toBe(200);
  });
});

test.each([null, undefined, 'run', {}, { runId: 'a' }])('%o is no run', (run) => {
  expect(() => serveDashboard(run as never)).toThrow(InvalidOptionsError);
});

test('what an Observable emits that is no run is reported, and the others are shown', async () => {
  const unhandled = unhandledErrors();
  const runs$ = new Subject<WatchedRun>();
  const dashboard = await serve(runs$);
  runs$.next(null as never);
  const run = workflow.run();
  runs$.next(run);
  await readEvents(dashboard, '', (text) => text.includes(run.runId));
  await unhandled.settle();
  expect(unhandled.errors).toMatchObject([{ code: 'INVALID_OPTIONS' }]);
});

test('runs with one id are shown beside each other, and cancelled each by itself', async () => {
  const runs$ = new Subject<WatchedRun>();
  const dashboard = await serve(runs$);
  const [first, second] = [workflow.run({ runId: 'nightly' }), workflow.run({ runId: 'nightly' })];
  for (const run of [first, second, second]) runs$.next(run);
  const results = [first, second].map((run) => run.result().catch((error: unknown) => error));
  const text = await readEvents(dashboard, '', (seen) => seen.includes('"runId":"nightly (2)","event"'));
  expect(text.match(/"kind":"run"/g)).toHaveLength(2);
  const answer = await ask(dashboard, '/cancel', {
    method: 'POST',
    headers: { authorization: `Bearer ${dashboard.token}` },
    body: JSON.stringify({ runId: 'nightly (2)' }),
  });
  expect([answer.status, first.snapshot().status]).toStrictEqual([202, 'running']);
  first.cancel();
  await Promise.all(results);
});

test('a port in use and an address of elsewhere are typed errors', async () => {
  const dashboard = await serve(workflow.run());
  const port = Number(new URL(dashboard.url).port);
  await expect(serveDashboard(NEVER, { port })).rejects.toMatchObject({ code: 'DASHBOARD_PORT_IN_USE' });
  const elsewhere = serveDashboard(NEVER, { host: '192.0.2.1' });
  await expect(elsewhere).rejects.toBeInstanceOf(DashboardError);
  await expect(elsewhere).rejects.toMatchObject({ code: 'DASHBOARD_NOT_LISTENING' });
});

test('options are checked, and the URL is told', async () => {
  for (const options of [
    { port: 70_000 },
    { port: 1.5 },
    { host: 1 },
    { host: '' },
    { keep: 0 },
    { log: 'yes' },
    { prot: 1 },
  ])
    expect(() => serveDashboard(NEVER, options as object)).toThrow(InvalidOptionsError);
  const lines: string[] = [];
  const { url, token } = await serve(NEVER, { log: (line) => lines.push(line) });
  expect(lines).toEqual([url]);
  expect(url).toContain(token);
  expect(new URL(url).hostname).toBe('127.0.0.1');
});

test('a run that has begun is shown as it stands', async () => {
  const run = workflow.run();
  const result = run.result();
  const dashboard = await serve(run);
  const text = await readEvents(dashboard, '', (sent) => sent.includes('"kind":"run"'));
  const head = JSON.parse(/data: (.*"kind":"run".*)/.exec(text)?.[1] ?? '') as {
    readonly head: { readonly snapshot?: { readonly status: string; readonly steps: readonly unknown[] } };
  };
  expect(head.head.snapshot).toMatchObject({
    status: 'running',
    steps: [
      { id: 'first', status: 'completed' },
      { id: 'second', status: 'running' },
    ],
  });
  gate$.next(1);
  await result;
});

test('the oldest runs that are over are forgotten', async () => {
  const quick = defineWorkflow('quick', [{ id: 'only', run: () => 1 }]);
  const runs$ = new Subject<WatchedRun>();
  const dashboard = await serve(runs$, { keep: 2 });
  const runs = [quick.run(), quick.run(), quick.run()];
  for (const run of runs) {
    runs$.next(run);
    runs$.next(run);
    await run.result();
  }
  const text = await readEvents(dashboard, '', (sent) => sent.split('run-completed').length > 2);
  expect(text).toContain('"kind":"forget"');
  const heads = [...text.matchAll(/"kind":"run","runId":"([^"]+)"/g)].map((match) => match[1]);
  expect(heads).toEqual(runs.slice(1).map(({ runId }) => runId));
});

test('one who never reads holds neither the run nor those who do', async () => {
  const many = defineWorkflow('many', [
    {
      id: 'talks',
      run: (_, context) => {
        for (let line = 0; line < 150; line++) context.log('x'.repeat(20_000));
        return 1;
      },
    },
  ]);
  const run = many.run();
  const dashboard = await serve(run);
  const { host, port } = new URL(dashboard.url);
  const lazy = connect(Number(port), '127.0.0.1');
  onTestFinished(() => {
    lazy.destroy();
  });
  await new Promise((resolve) => lazy.once('connect', resolve));
  lazy.pause();
  lazy.write(`GET /events HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await run.result();
  const text = await readEvents(dashboard, '', (sent) => sent.slice(-500).includes('run-completed'));
  expect(idsOf(text).length).toBeGreaterThan(150);
  expect(lazy.bytesRead).toBeLessThan(3_000_000);
});

describe.skipIf(chromiumPath === undefined)('in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startChromium(chromiumPath ?? '');
  }, 60_000);

  afterAll(async () => {
    await browser.close();
  });

  async function open(url: string): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(url);
    return page;
  }

  test('two browsers watch states change; only the one with the token can cancel', {
    timeout: 30_000,
  }, async () => {
    const run = workflow.run();
    const dashboard = await serve(run);
    const [page, guest] = [await open(dashboard.url), await open(dashboard.url.replace(/#.*/, ''))];
    await page.locator('.row.waiting').first().waitFor();
    const result = run.result().catch((error: unknown) => error);
    for (const one of [page, guest]) {
      await one.locator('.row.completed', { hasText: 'first' }).waitFor();
      await one.locator('.row.running', { hasText: 'second' }).waitFor();
    }
    expect(await guest.getByRole('button', { name: 'Cancel the run' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Cancel the run' }).click();
    for (const one of [page, guest]) await one.locator('header .badge.cancelled').waitFor();
    expect(await result).toMatchObject({ code: 'CANCELLED' });
  });

  test('a page that lost its connection catches up', { timeout: 30_000 }, async () => {
    const run = workflow.run();
    const dashboard = await serve(run);
    const page = await open(dashboard.url);
    const result = run.result();
    await page.locator('.row.running', { hasText: 'second' }).waitFor();
    await page.context().setOffline(true);
    gate$.next(3);
    await result;
    await page.context().setOffline(false);
    await page.reload();
    await page.locator('header .badge.completed').waitFor();
    expect(await page.locator('.row.completed').count()).toBe(2);
  });
});
