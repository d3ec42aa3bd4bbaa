import { request } from 'node:http';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { defineWorkflow, InvalidOptionsError, type ProgressEvent } from 'millrace';
import { type Dashboard, DashboardError, serveDashboard, type WatchedRun } from 'millrace/report';
import { firstValueFrom, NEVER, of, Subject } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { unhandledErrors } from '../run/support/unhandled-errors.ts';
import { type Followed, follow, type Sent } from './support/follow.ts';

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

const idsOf = (text: string): string[] => [...text.matchAll(/^id: (.+)$/gm)].map((match) => match[1] ?? '');

const eventsOf = (sent: readonly Sent[]): readonly ProgressEvent[] =>
  sent.flatMap(({ frame }) => frame?.events ?? []);

const hasEvent =
  (type: string) =>
  (sent: readonly Sent[]): boolean =>
    eventsOf(sent).some((event) => event.type === type);

const hasLine =
  (runId: string) =>
  (sent: readonly Sent[]): boolean =>
    sent.some(({ lines }) => lines.some((line) => line.runId === runId));

/** Follows, and says when it has begun. */
function begin(
  dashboard: Dashboard,
  isEnough: (sent: readonly Sent[]) => boolean,
): [all: Promise<Followed>, begun: Promise<void>] {
  let all: Promise<Followed> | undefined;
  const begun = new Promise<void>((resolve) => {
    all = follow(dashboard, (sent) => {
      if (sent.length > 0) resolve();
      return isEnough(sent);
    });
  });
  return [all as unknown as Promise<Followed>, begun];
}

test('who comes late is sent what there is, and who comes back the rest of it', async () => {
  const run = workflow.run();
  const events: ProgressEvent[] = [];
  run.progress$.subscribe((event) => events.push(event));
  const dashboard = await serve(run);
  const result = run.result();
  const first = await follow(dashboard, hasEvent('step-completed'));
  expect(first.sent[0]).toMatchObject({ isAll: true, run: { runId: run.runId } });
  gate$.next(2);
  await result;
  const all = await follow(dashboard, hasEvent('run-completed'));
  expect(eventsOf(all.sent)).toStrictEqual(JSON.parse(JSON.stringify(events)));
  const lastEventId = idsOf(first.text).at(-1) ?? '';
  const seen = eventsOf(first.sent).at(-1)?.seq ?? 0;
  const rest = await follow(dashboard, hasEvent('run-completed'), { lastEventId });
  expect(rest.sent.some((sent) => sent.run !== undefined)).toBe(false);
  expect(eventsOf(rest.sent).map(({ seq }) => seq)).toStrictEqual(
    events.map(({ seq }) => seq).filter((seq) => seq > seen),
  );
  const other = await follow(dashboard, hasEvent('run-completed'), { lastEventId: 'another-1-3' });
  expect(eventsOf(other.sent)).toHaveLength(events.length);
});

test('what happens at once is sent at once, and progress that is outdated is not sent', async () => {
  const steps = defineWorkflow('tells', [
    {
      id: 'tells',
      run: (_, context) => {
        for (let done = 0; done < 1_000; done++) context.progress({ done, total: 1_000 });
        return firstValueFrom(gate$);
      },
    },
  ]);
  const run = steps.run();
  const dashboard = await serve(run);
  const following = follow(dashboard, hasEvent('run-completed'));
  const result = run.result();
  await follow(dashboard, hasEvent('step-progress'));
  gate$.next(1);
  await result;
  const { sent } = await following;
  expect(eventsOf(sent).filter(({ type }) => type === 'step-progress').length).toBeLessThanOrEqual(2);
  expect(sent.length).toBeLessThan(8);
});

test('the run that is shown is the one that is asked for, else the latest, which stays as long as it goes on', async () => {
  const runs$ = new Subject<WatchedRun>();
  const dashboard = await serve(runs$);
  const [first, second] = [workflow.run(), workflow.run()];
  const results = [first, second].map((run) => run.result().catch((error: unknown) => error));
  runs$.next(first);
  const [shown, begun] = begin(dashboard, hasEvent('run-cancelled'));
  await begun;
  runs$.next(second);
  const chosen = await follow(dashboard, hasLine(second.runId), { run: second.runId });
  expect(chosen.sent[0]?.run?.runId).toBe(second.runId);
  first.cancel();
  const { sent } = await shown;
  expect(sent.flatMap(({ run }) => run?.runId ?? [])).toStrictEqual([first.runId]);
  const latest = await follow(dashboard, hasLine(first.runId));
  expect(latest.sent[0]?.run?.runId).toBe(second.runId);
  second.cancel();
  await Promise.all(results);
  const third = workflow.run();
  const [next, isThere] = begin(dashboard, (seen) => seen.some(({ run }) => run?.runId === third.runId));
  await isThere;
  runs$.next(third);
  expect((await next).sent.flatMap(({ run }) => run?.runId ?? [])).toStrictEqual([second.runId, third.runId]);
});

describe('steering', () => {
  const post = (dashboard: Dashboard, path: string, body: object | string, token = dashboard.token) =>
    ask(dashboard, path, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  test('takes the token, and says what to do where it is another', async () => {
    const run = workflow.run();
    const dashboard = await serve(run);
    const result = run.result().catch((error: unknown) => error);
    const { runId } = run;
    for (const path of ['/cancel', '/pause', '/resume', '/limits', '/cancel-step']) {
      expect(await ask(dashboard, path, { method: 'POST', body: JSON.stringify({ runId }) })).toMatchObject({
        status: 401,
      });
      const answer = await post(dashboard, path, { runId }, 'stale');
      expect([answer.status, answer.body]).toStrictEqual([401, expect.stringMatching(/open the URL that/)]);
    }
    expect((await post(dashboard, '/cancel', { runId: 'other' })).status).toBe(404);
    for (const body of ['no JSON', '3', 'null'])
      expect((await post(dashboard, '/cancel', body)).status).toBe(404);
    expect((await ask(dashboard, '/cancel')).status).toBe(404);
    expect(run.snapshot().status).toBe('running');
    expect(await post(dashboard, '/cancel', { runId })).toMatchObject({ status: 202 });
    expect(await result).toMatchObject({ code: 'CANCELLED', reason: 'cancelled from the dashboard' });
    const late = await post(dashboard, '/cancel', { runId });
    expect([late.status, late.body]).toStrictEqual([409, 'The run is over: it has ended as cancelled.']);
  });

  test('pauses and resumes all, or a class', async () => {
    const run = workflow.run({ gracePeriod: 0 });
    const dashboard = await serve(run);
    const result = run.result().catch((error: unknown) => error);
    const { runId } = run;
    expect(await post(dashboard, '/pause', { runId })).toMatchObject({ status: 202 });
    expect(run.snapshot().isPaused).toBe(true);
    expect(await post(dashboard, '/resume', { runId })).toMatchObject({ status: 202, body: 'resumed' });
    expect(await post(dashboard, '/pause', { runId, resource: 'light-cpu' })).toMatchObject({ status: 202 });
    expect(run.snapshot()).toMatchObject({ isPaused: false, pausedResources: ['light-cpu'] });
    expect(await post(dashboard, '/resume', { runId, resource: 'light-cpu' })).toMatchObject({ status: 202 });
    const wrong = await post(dashboard, '/pause', { runId, resource: 'gpu' });
    expect([wrong.status, wrong.body]).toStrictEqual([400, expect.stringContaining('gpu')]);
    run.cancel();
    await result;
  });

  test('changes a limit, and leaves its rate as it is', async () => {
    const rated = defineWorkflow('rated', [
      { id: 'a', resource: { api: 2 }, run: () => firstValueFrom(gate$) },
    ]);
    const run = rated.run({ limits: { api: { limit: 4, rate: { limit: 10, per: '1s' } } } });
    const dashboard = await serve(run);
    const result = run.result();
    const { runId } = run;
    expect(await post(dashboard, '/limits', { runId, limits: { api: 3 } })).toMatchObject({ status: 202 });
    expect(run.limits['api']).toMatchObject({ limit: 3, rate: { limit: 10 } });
    const small = await post(dashboard, '/limits', { runId, limits: { api: 1 } });
    expect([small.status, small.body]).toStrictEqual([400, expect.stringMatching(/'a'.*demands/)]);
    for (const limits of [{ api: 'many' }, 3, undefined])
      expect((await post(dashboard, '/limits', { runId, limits })).status).toBe(400);
    expect(run.limits['api']).toMatchObject({ limit: 3 });
    gate$.next(1);
    await result;
  });

  test('stops a step, and lets running ones finish', async () => {
    const two = defineWorkflow('two', [
      { id: 'a', run: () => firstValueFrom(gate$) },
      { id: 'b', run: () => firstValueFrom(gate$) },
      { id: 'c', dependsOn: ['b'], run: () => 1 },
    ]);
    const run = two.run({ onFailure: 'continue', gracePeriod: 0 });
    const dashboard = await serve(run);
    const result = run.result().catch((error: unknown) => error);
    const { runId } = run;
    expect(await post(dashboard, '/cancel-step', { runId, stepId: 'a' })).toMatchObject({ status: 202 });
    await follow(dashboard, hasEvent('step-failed'));
    expect(run.snapshot().steps.get('a')?.status).toBe('failed');
    const wrong = await post(dashboard, '/cancel-step', { runId, stepId: 'bb' });
    expect([wrong.status, wrong.body]).toStrictEqual([400, expect.stringContaining("did you mean 'b'?")]);
    expect(await post(dashboard, '/cancel', { runId, drain: true })).toMatchObject({ status: 202 });
    gate$.next(2);
    await result;
    expect(run.snapshot().steps.get('b')?.status).toBe('completed');
    expect(run.snapshot().steps.get('c')?.status).toBe('cancelled');
  });

  test('asks of a run only what it can do', async () => {
    const run = workflow.run();
    const { runId, workflow: info, progress$ } = run;
    const asked: unknown[] = [];
    const watched: WatchedRun = {
      runId,
      workflow: info,
      progress$,
      snapshot: () => run.snapshot(),
      cancel: (reason, options) => {
        asked.push([reason, options]);
        return asked.length > 1 ? Promise.reject(new Error('nobody is at it')) : Promise.resolve();
      },
    };
    const dashboard = await serve(watched);
    const { sent } = await follow(dashboard, hasLine(runId));
    expect(sent[0]?.run?.abilities).toStrictEqual(['cancel']);
    for (const path of ['/pause', '/resume', '/limits', '/cancel-step']) {
      const answer = await post(dashboard, path, { runId });
      expect([answer.status, answer.body]).toStrictEqual([400, expect.stringMatching(/of this process/)]);
    }
    expect(await post(dashboard, '/cancel', { runId })).toMatchObject({ status: 202 });
    expect(asked).toStrictEqual([['cancelled from the dashboard', undefined]]);
    expect(await post(dashboard, '/cancel', { runId })).toMatchObject({
      status: 500,
      body: 'nobody is at it',
    });
  });
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
  await follow(dashboard, hasLine(run.runId));
  await unhandled.settle();
  expect(unhandled.errors).toMatchObject([{ code: 'INVALID_OPTIONS' }]);
});

test('runs with one id are shown beside each other, and cancelled each by itself', async () => {
  const runs$ = new Subject<WatchedRun>();
  const dashboard = await serve(runs$);
  const [first, second] = [workflow.run({ runId: 'nightly' }), workflow.run({ runId: 'nightly' })];
  for (const run of [first, second, second]) runs$.next(run);
  const results = [first, second].map((run) => run.result().catch((error: unknown) => error));
  const { sent } = await follow(dashboard, hasLine('nightly (2)'));
  expect(sent[0]?.lines.map(({ runId }) => runId)).toStrictEqual(['nightly', 'nightly (2)']);
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
    { history: 3 },
    { history: [{ steps: 1 }] },
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
  const { sent } = await follow(dashboard, hasLine(run.runId));
  expect(sent[0]?.run?.head.snapshot).toMatchObject({
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
  const { sent } = await follow(dashboard, hasEvent('run-completed'));
  const known = runs.slice(1).map(({ runId }) => runId);
  expect(sent[0]?.lines.map(({ runId }) => runId)).toStrictEqual(known);
  expect(sent[0]?.lines.map(({ status }) => status)).toStrictEqual(['completed', 'completed']);
});

test('one who never reads holds neither the run nor those who do, and is held nothing for', async () => {
  const many = defineWorkflow('many', [
    {
      id: 'talks',
      run: async (_, context) => {
        for (let round = 0; round < 30; round++) {
          for (let line = 0; line < 100; line++) context.log('x'.repeat(3_000));
          // So that what is due is sent in between.
          await told(dashboard);
        }
        return 1;
      },
    },
  ]);
  const told = async (by: Dashboard): Promise<void> => {
    await follow(by, ({ length }) => length > 0);
  };
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
  const { sent } = await follow(dashboard, hasEvent('run-completed'));
  expect(eventsOf(sent).filter(({ type }) => type === 'log')).toHaveLength(1_000);
  expect(sent.at(-1)?.frame?.forgotten).toBe(2_000);
  // A message may be on its way, and the system has buffers of its own.
  expect(lazy.bytesRead).toBeLessThan(9_000_000 / 2);
});
