import { connect, createServer, type Socket } from 'node:net';
import { type Definition, defineWorkflow, type StepContext } from 'millrace';
import { type Dashboard, serveDashboard, type WatchedRun } from 'millrace/report';
import type { Browser, Page } from 'playwright-core';
import { Subject } from 'rxjs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { chromiumPath, startChromium } from '../ecosystem/support/chromium.ts';

const gracePeriod = 0;

/** Something that a step waits for until a test opens it. */
class Gate {
  readonly #opened: Promise<void>;
  open: () => void = () => undefined;

  constructor() {
    this.#opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  readonly wait = (): Promise<void> => this.#opened;
}

/** A step that does what a test tells it to. */
class Puppet {
  context: StepContext | undefined;
  readonly #gate = new Gate();
  readonly #called = new Gate();

  readonly run = async (_: unknown, context: StepContext): Promise<void> => {
    this.context = context;
    this.#called.open();
    await this.#gate.wait();
  };

  async log(...messages: readonly string[]): Promise<void> {
    await this.#called.wait();
    for (const message of messages) this.context?.log(message);
  }

  end(): void {
    this.#gate.open();
  }
}

async function serve(runs: Parameters<typeof serveDashboard>[0]): Promise<Dashboard> {
  const dashboard = await serveDashboard(runs);
  onTestFinished(() => dashboard.close());
  return dashboard;
}

function start(definitions: readonly Definition[], options: object = {}, name = 'live') {
  const run = defineWorkflow(name, definitions).run({ gracePeriod, ...options });
  const begin = (): Promise<unknown> => run.result().catch((error: unknown) => error);
  onTestFinished(async () => {
    run.cancel();
    await begin();
  });
  return { run, begin };
}

/** Serves a run, and begins it. */
async function serveOne(definitions: readonly Definition[], options: object = {}) {
  const { run, begin } = start(definitions, options);
  const dashboard = await serve(run);
  return { run, dashboard, result: begin() };
}

describe.skipIf(chromiumPath === undefined)('the live page', { timeout: 60_000 }, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startChromium(chromiumPath ?? '');
  }, 60_000);

  afterAll(async () => {
    await browser.close();
  });

  async function open(url: string, width = 1_400): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 1_000 } });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    onTestFinished(async () => {
      await page.close();
      expect(errors).toStrictEqual([]);
    });
    await page.goto(url);
    return page;
  }

  const badge = (page: Page) => page.locator('header .badge');
  const now = (page: Page) => page.getByRole('region', { name: 'Now' });
  const answer = (page: Page) => page.locator('.answer');
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

  test('two browsers watch; only the one with the token can cancel, and nothing says so any more at the end', async () => {
    const puppet = new Puppet();
    const { dashboard, result } = await serveOne([
      { id: 'first', run: () => 1 },
      { id: 'second', dependsOn: ['first'], run: puppet.run },
    ]);
    const [page, guest] = [await open(dashboard.url), await open(dashboard.url.replace(/#.*/, ''))];
    for (const one of [page, guest]) {
      await badge(one).filter({ hasText: 'running' }).waitFor();
      await now(one).locator('.running tbody tr', { hasText: 'second' }).waitFor();
      await one.getByRole('heading', { name: 'Steps' }).scrollIntoViewIfNeeded();
      await one.locator('.row.completed', { hasText: 'first' }).waitFor();
    }
    expect(await page.title()).toMatch(/^\d+ % · live$/);
    await now(page).getByRole('button', { name: 'second', exact: true }).click();
    await page.locator('dialog[open] .facts', { hasText: 'running' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await button(guest, 'Cancel the run').count()).toBe(0);
    expect(await button(guest, 'Stop step second').count()).toBe(0);
    await button(page, 'Cancel the run').click();
    await button(page, 'Keep it running').click();
    await button(page, 'Cancel the run').click();
    await button(page, 'Stop it now').click();
    for (const one of [page, guest]) await badge(one).filter({ hasText: 'cancelled' }).waitFor();
    expect(await result).toMatchObject({ code: 'CANCELLED' });
    await answer(page).filter({ hasText: /^$/ }).waitFor({ state: 'attached' });
    expect(await page.title()).toBe('cancelled · live');
    expect(await button(page, 'Cancel the run').count()).toBe(0);
  });

  test('time goes on between events, and stands still at the end', async () => {
    const puppet = new Puppet();
    const { dashboard } = await serveOne([{ id: 'slow', estimate: 1, run: puppet.run }]);
    const page = await open(dashboard.url);
    const elapsed = now(page).locator('.figures div', { hasText: 'elapsed' }).locator('dd');
    await elapsed.waitFor();
    const before = (await elapsed.textContent()) ?? '';
    await elapsed.filter({ hasNotText: before }).waitFor();
    await now(page)
      .getByText(/^slow: [\d.]+ × its estimate$/)
      .waitFor();
    puppet.end();
    await badge(page).filter({ hasText: 'completed' }).waitFor();
    expect(await page.title()).toBe('completed · live');
    await now(page).locator('.parts').waitFor({ state: 'hidden' });
  });

  test('what waits is told with what it waits for, and what is left as an interval', async () => {
    const [busy, load] = [new Puppet(), new Puppet()];
    const { dashboard } = await serveOne(
      [
        { id: 'load', estimate: 60_000, resource: 'heavy-io', run: load.run },
        ...['one', 'two', 'three'].map(
          (id): Definition => ({
            id,
            estimate: 60_000,
            resource: 'gpu',
            run: id === 'one' ? busy.run : () => 1,
          }),
        ),
        ...['x', 'y', 'z', 'v'].map(
          (id): Definition => ({ id, estimate: 1, dependsOn: ['load'], run: () => 1 }),
        ),
      ],
      { limits: { gpu: 1 } },
    );
    const page = await open(dashboard.url);
    const waits = now(page).locator('.waits li');
    await waits.filter({ hasText: /^4 steps wait for load, running for .*x, y, z and 1 more$/ }).waitFor();
    await waits.filter({ hasText: /^2 steps, ready, wait for gpu: 1 of 1 are taken.*two, three$/ }).waitFor();
    await now(page)
      .getByText(/^about [\d.]+ \w+.* \([\d.]+ \w+.* to [\d.]+ \w+.*\)$/)
      .waitFor();
    const figure = (name: string) => now(page).locator('.figures div', { hasText: name }).locator('dd');
    expect(await figure('ready').textContent()).toBe('2');
    expect(await figure('waiting').textContent()).toBe('4');
    load.end();
    busy.end();
    await badge(page).filter({ hasText: 'completed' }).waitFor();
  });

  test('a run is paused, resumed, given other limits, and one of its steps is stopped', async () => {
    const puppets = [new Puppet(), new Puppet(), new Puppet()];
    const { run, result, dashboard } = await serveOne(
      puppets.map((puppet, place) => ({ id: `step ${String(place)}`, resource: 'gpu', run: puppet.run })),
      { limits: { gpu: 1 }, onFailure: 'continue' },
    );
    const page = await open(dashboard.url);
    await button(page, 'Pause').click();
    await badge(page).filter({ hasText: 'paused' }).waitFor();
    await answer(page).filter({ hasText: 'Done: paused: what runs goes on, nothing starts.' }).waitFor();
    expect(await page.title()).toMatch(/^paused \d+ % · live$/);
    await now(page).getByText('unknown while it is paused').waitFor();
    await now(page)
      .getByText(/2 steps, ready, wait for the end of the pause/)
      .waitFor();
    await button(page, 'Resume').click();
    await badge(page).filter({ hasText: 'running' }).waitFor();

    const field = page.getByLabel('Limit of gpu');
    await field.fill('many');
    await field.press('Enter');
    await answer(page)
      .filter({ hasText: /^Not done: .*gpu.*many/ })
      .waitFor();
    expect(await answer(page).getAttribute('class')).toContain('problem');
    await field.fill('2');
    await field.press('Enter');
    await now(page).locator('.running tbody tr', { hasText: 'step 1' }).waitFor();
    expect(run.limits['gpu']).toBe(2);

    await button(page, 'Pause gpu').click();
    await button(page, 'Resume gpu').waitFor();
    expect(run.snapshot().pausedResources).toStrictEqual(['gpu']);
    await button(page, 'Stop step step 0').click();
    await page.locator('.remarks summary', { hasText: "'step 0' was cancelled by itself" }).waitFor();
    await now(page)
      .getByText(/1 step, ready, waits for the end of the pause of gpu/)
      .waitFor();
    // What it held is free once it has stopped.
    puppets[0]?.end();
    await button(page, 'Resume gpu').click();
    await now(page).locator('.running tbody tr', { hasText: 'step 2' }).waitFor();

    await button(page, 'Cancel the run').click();
    await button(page, 'Let running steps finish').click();
    await badge(page).filter({ hasText: 'stopping' }).waitFor();
    for (const puppet of puppets) puppet.end();
    await badge(page).filter({ hasText: 'cancelled' }).waitFor();
    await result;
    expect(run.snapshot().counts).toMatchObject({ completed: 2, failed: 1 });
  });

  test('a token of an earlier start says what to do, and so does a process that is gone', async () => {
    const puppet = new Puppet();
    const { run, dashboard } = await serveOne([{ id: 'a', run: puppet.run }]);
    const page = await open(dashboard.url.replace(/token=.*/, 'token=stale'));
    await button(page, 'Pause').click();
    await answer(page)
      .filter({ hasText: /^Not done: the token of this page.*open the URL/ })
      .waitFor();
    expect(run.snapshot().isPaused).toBe(false);
    await dashboard.close();
    await page
      .locator('header')
      .getByText(/^no connection: what is shown is the last/)
      .waitFor();
    await button(page, 'Pause').click();
    await answer(page)
      .filter({ hasText: /^Not done: the dashboard does not answer/ })
      .waitFor();
  });

  test('runs are a table with a search and a filter, and one that is chosen stays chosen', async () => {
    const runs$ = new Subject<WatchedRun>();
    const dashboard = await serve(runs$);
    const puppet = new Puppet();
    const failed = start(
      [{ id: 'a', run: () => Promise.reject(new Error('no')) }],
      { runId: 'failed-1' },
      'import',
    );
    const done = start([{ id: 'b', run: () => 1 }], { runId: 'done-1' }, 'export');
    const going = start([{ id: 'c', run: puppet.run }], { runId: 'going-1' }, 'import');
    for (const { run } of [failed, done, going]) runs$.next(run);
    void going.begin();
    await Promise.all([failed.begin(), done.begin()]);
    const page = await open(dashboard.url);
    const rows = page.getByRole('region', { name: 'Runs' }).locator('tbody tr');
    await rows.nth(2).waitFor();
    const ids = async (): Promise<string[]> => rows.locator('button').allTextContents();
    expect(await ids()).toStrictEqual(['going-1', 'done-1', 'failed-1']);
    await page.getByLabel('Search the runs').fill('import');
    expect(await ids()).toStrictEqual(['going-1', 'failed-1']);
    await page.getByLabel('Only runs that are').selectOption('failed');
    expect(await ids()).toStrictEqual(['failed-1']);
    await page.getByText('1 of 3 runs').waitFor();
    await button(page, 'failed-1').click();
    await badge(page).filter({ hasText: 'failed' }).waitFor();
    await page.locator('.remarks summary', { hasText: "step 'a' failed" }).waitFor();
    await page.reload();
    await badge(page).filter({ hasText: 'failed' }).waitFor();
    expect(await page.locator('tr.shown button').textContent()).toBe('failed-1');
    expect(await button(page, 'Cancel the run').count()).toBe(0);
    puppet.end();
  });

  test('messages are followed to their end, beyond any bound, can be searched, and what is open stays open', async () => {
    const puppet = new Puppet();
    const { dashboard } = await serveOne(
      [
        {
          id: 'breaks',
          run: () => Promise.reject(new TypeError('broken', { cause: new Error('the cause') })),
        },
        { id: 'talks', run: puppet.run },
      ],
      { onFailure: 'continue' },
    );
    const page = await open(dashboard.url);
    await page.locator('.remarks details summary').first().click();
    await page.locator('.remarks details pre', { hasText: 'the cause' }).waitFor();
    await puppet.log(...Array.from({ length: 700 }, (_, line) => `line ${String(line)}.`));
    const logs = page.locator('.remarks').nth(1);
    await logs.getByText('line 699.').waitFor();
    await logs.getByText('400 in between are not shown: the search finds them').waitFor();
    const list = `document.querySelectorAll('.remarks')[1]`;
    await expect
      .poll(() => page.evaluate(`${list}.scrollHeight - ${list}.scrollTop - ${list}.clientHeight`))
      .toBeLessThan(40);
    expect(await logs.getByText('line 99.').count()).toBe(0);
    await page.getByLabel('Search the messages').fill('talks 99.');
    await logs.getByText('line 99.').waitFor();
    await page.getByText('7 of 701').waitFor();
    await page.getByLabel('Search the messages').fill('');
    // Who reads further up stays there.
    await page.evaluate(`${list}.scrollTo(0, 0)`);
    await puppet.log('and one more');
    await logs.getByText('and one more').waitFor({ state: 'attached' });
    expect(await page.evaluate(`${list}.scrollTop`)).toBe(0);
    expect(await page.locator('.remarks details[open] pre', { hasText: 'the cause' }).count()).toBe(1);
  });

  test('charts are as wide as there is room, though a class comes late or another run is shown', async () => {
    const runs$ = new Subject<WatchedRun>();
    const dashboard = await serve(runs$);
    const [first, second, other] = [new Puppet(), new Puppet(), new Puppet()];
    const one = start(
      [
        { id: 'a', resource: 'heavy-io', run: first.run },
        { id: 'b', resource: 'light-io', dependsOn: ['a'], run: second.run },
      ],
      { runId: 'one' },
    );
    void one.begin();
    // It has begun: what it had taken is known all the same.
    runs$.next(one.run);
    const page = await open(dashboard.url);
    const charts = page.getByRole('region', { name: 'Resources over time' });
    await charts.scrollIntoViewIfNeeded();
    const widths = (count: number) =>
      expect
        .poll(() =>
          page.evaluate(`[...document.querySelectorAll('figure')].map((figure) => {
            const chart = figure.querySelector("svg");
            return Math.abs(chart.clientWidth - figure.clientWidth) <= 1 && figure.clientWidth > 300;
          })`),
        )
        .toStrictEqual(Array.from({ length: count }, () => true));
    await charts.locator('figure').first().waitFor();
    const before = await charts.locator('figure').count();
    await widths(before);
    first.end();
    await charts.locator('figcaption', { hasText: 'light-io' }).waitFor();
    await widths(await charts.locator('figure').count());
    const two = start([{ id: 'c', resource: 'heavy-cpu', run: other.run }], { runId: 'two' });
    runs$.next(two.run);
    void two.begin();
    await page.getByRole('button', { name: 'two', exact: true }).click();
    await charts.scrollIntoViewIfNeeded();
    await charts.locator('figcaption', { hasText: 'heavy-cpu' }).waitFor();
    await widths(1);
    await page.getByRole('button', { name: 'one', exact: true }).click();
    await charts.scrollIntoViewIfNeeded();
    await charts.locator('figcaption', { hasText: 'light-io' }).waitFor();
    await widths(await charts.locator('figure').count());
  });

  test('a page that lost its connection has no gap when it has it again', async () => {
    const puppet = new Puppet();
    const { dashboard } = await serveOne([{ id: 'talks', run: puppet.run }]);
    const line = await lineTo(Number(new URL(dashboard.url).port));
    const url = new URL(dashboard.url);
    url.port = String(line.port);
    const page = await open(url.href);
    const logs = page.locator('.remarks').nth(1);
    await puppet.log('before');
    await logs.getByText(/ before$/).waitFor();
    line.cut();
    await page
      .locator('header')
      .getByText(/^no connection/)
      .waitFor();
    await puppet.log('meanwhile 1', 'meanwhile 2');
    line.mend();
    await logs.getByText('meanwhile 2').waitFor();
    await puppet.log('after');
    await logs.getByText(/ after$/).waitFor();
    const told = await logs.locator('p').allTextContents();
    expect(told.map((text) => text.replace(/^log talks [\d.]+ \w+ /, ''))).toStrictEqual([
      'before',
      'meanwhile 1',
      'meanwhile 2',
      'after',
    ]);
    puppet.end();
    await badge(page).filter({ hasText: 'completed' }).waitFor();
  });

  test('however much happens, the page draws four times a second at most, and only what is seen', async () => {
    const puppet = new Puppet();
    const { dashboard } = await serveOne([{ id: 'talks', run: puppet.run }]);
    const page = await open(dashboard.url);
    await page.setViewportSize({ width: 1_400, height: 400 });
    await now(page).locator('.running tbody tr').waitFor();
    await page.evaluate(`(() => {
      globalThis.counted = { now: 0, steps: 0, since: performance.now() };
      const count = (name, selector) => {
        new MutationObserver(() => counted[name]++).observe(document.querySelector(selector), {
          subtree: true,
          childList: true,
          characterData: true,
        });
      };
      count('now', '.running tbody');
      count('steps', '.rows');
    })()`);
    // In real time, as the page's own rate is what is measured.
    for (let part = 0; part <= 400; part++) {
      puppet.context?.progress(part / 400, `part ${String(part)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await now(page).getByText('part 400').waitFor();
    const [perSecond, steps] = await page.evaluate<[number, number]>(
      `[1_000 * counted.now / (performance.now() - counted.since), counted.steps]`,
    );
    expect(perSecond).toBeGreaterThan(0.5);
    expect(perSecond).toBeLessThan(6);
    expect(steps).toBe(0);
    puppet.end();
  });

  test.each([400, 1_600])('at %d px nothing is wider than the page', async (width) => {
    const runs$ = new Subject<WatchedRun>();
    const dashboard = await serve(runs$);
    const long = 'a-step-whose-name-is-much-longer-than-any-phone-is-wide-and-has-no-space-in-it';
    const [first, second] = [new Puppet(), new Puppet()];
    const runs = [
      start([{ id: 'a', run: first.run }], { runId: 'first' }),
      start(
        [
          { id: long, run: second.run, estimate: 1 },
          { id: 'b', dependsOn: [long], run: () => 1 },
        ],
        {
          runId: `run-of-${long}`,
        },
      ),
    ];
    for (const { run, begin } of runs) {
      runs$.next(run);
      void begin();
    }
    const page = await open(dashboard.url, width);
    await now(page)
      .getByText(/^slow: /)
      .first()
      .waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });
});

/** A line to a port of this machine, that can be cut. */
async function lineTo(port: number): Promise<{ readonly port: number; cut(): void; mend(): void }> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((socket) => {
    if (isCut) {
      socket.destroy();
      return;
    }
    const behind = connect(port, '127.0.0.1');
    for (const each of [socket, behind]) {
      sockets.add(each);
      each.on('error', () => undefined);
      each.on('close', () => {
        socket.destroy();
        behind.destroy();
      });
    }
    socket.pipe(behind).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    port: (server.address() as { readonly port: number }).port,
    cut,
    mend: () => {
      isCut = false;
    },
  };
}
