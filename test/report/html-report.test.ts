import { forEachStep, workflow } from 'millrace';
import { htmlReport, record } from 'millrace/report';
import { VirtualTime } from 'millrace/testing';
import type { Browser, Page } from 'playwright-core';
import { map, throwError, timer } from 'rxjs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { chromiumPath, startChromium } from '../ecosystem/support/chromium.ts';
import {
  growing,
  layered,
  nasty,
  type Recorded,
  record as recorded,
  recordOf,
  roomy,
  taking,
} from './support/recorded.ts';

if (chromiumPath === undefined)
  console.warn('No Chromium found: the tests of the report are skipped. Install it or set CHROMIUM_PATH.');

const failing = (): Recorded =>
  recorded(
    [
      ...nasty.map((id) => ({ id, run: taking(5), group: id, description: id })),
      { id: 'bad', dependsOn: ['plain'], run: () => throwError(() => new Error('</script><b>no</b>')) },
      { id: 'after', dependsOn: ['bad'], run: taking(1) },
    ],
    { 'light-cpu': 4 },
    { onFailure: 'continue' },
  );

test('the file has no end of a script but its own two, and names no other place', () => {
  const html = htmlReport(failing().log);
  expect(html.match(/<\/script/gi)).toHaveLength(2);
  expect(html.match(/<script/gi)).toHaveLength(2);
  expect(html).not.toMatch(/(?:src|href)=["']?(?:https?:)?\/\//i);
  expect(html).toContain("default-src 'none'");
});

test('values that are no JSON do not cost the report', () => {
  const loop: Record<string, unknown> = { big: 1n, at: Infinity };
  loop['self'] = loop;
  const throwing = {
    get boom(): never {
      throw new Error('unreadable');
    },
  };
  const { log } = recorded(
    [
      {
        id: 'talks',
        run: (_, context) => {
          for (const value of [loop, throwing, [1, Symbol('s')], null, undefined]) context.log('data', value);
          return throwError(() => new AggregateError([new TypeError('inner', { cause: 'text' })], 'several'));
        },
      },
    ],
    {},
  );
  const html = htmlReport(log);
  for (const text of ['several', 'inner', "(can't be read: unreadable)", 'Infinity', 'Symbol(s)'])
    expect(html).toContain(text);
});

describe.skipIf(chromiumPath === undefined)('in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startChromium(chromiumPath ?? '');
  }, 60_000);

  afterAll(async () => {
    await browser.close();
  });

  async function open(shown: Parameters<typeof htmlReport>[0]): Promise<Page> {
    const page = await browser.newPage();
    const troubles: string[] = [];
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
    });
    page.on('request', (request) => troubles.push(`asked for ${request.url()}`));
    onTestFinished(async () => {
      await page.close();
      expect(troubles).toEqual([]);
    });
    await page.setContent(htmlReport(shown));
    return page;
  }

  test('what came of a step is told in numbers, and why a step was skipped', async () => {
    const page = await open(recordOf(growing(20), { 'light-io': 4, 'light-cpu': 4 }).log);
    const rows = await page.locator('.rows .row').all();
    const states = await Promise.all(
      rows.map(async (row) => (await row.locator('span').allTextContents()).slice(0, 2)),
    );
    expect(Object.fromEntries(states)).toEqual({
      book: 'completed',
      'hard cover': 'skipped: cover took another branch',
      'soft cover': 'completed',
      cover: 'completed',
      signed: 'skipped: its condition said no',
    });
    expect(await rows[0]?.locator('span').allTextContents()).toContain('21/21');
    const drawn = await page.locator('svg .node').first().locator('tspan').allTextContents();
    expect(drawn).toEqual(['book', 'subflow', '21 of 21 steps', 'completed, 50 ms']);
    expect(await page.locator('svg .edge.special').count()).toBe(2);
  });

  test('what users wrote is text, whatever it is', async () => {
    const page = await open(failing().log);
    expect(await page.evaluate('globalThis.pwned')).toBeUndefined();
    expect(await page.locator('h1').textContent()).toBe('recorded');
    const ids = await page.locator('.rows .row > :first-child').allTextContents();
    expect(ids.toSorted()).toEqual([...nasty, 'bad', 'after'].toSorted());
    expect(await page.locator('main img, main b, main script').count()).toBe(0);
  });

  test('a failure is shown with its chain and its cause', async () => {
    const page = await open(failing().log);
    await page.locator('.remarks summary').first().click();
    const text = await page.locator('.remarks details').first().textContent();
    expect(text).toContain('chain: plain → bad');
    expect(text).toContain('</script><b>no</b>');
    expect(await page.locator('.row.skipped').textContent()).toContain('bad failed');
  });

  test('the table is filtered and sorted with the keyboard', async () => {
    const page = await open(recorded(layered(60), roomy).log);
    await page.getByLabel('Filter the steps').fill('step 1');
    await page.getByText('15 of 60 steps').waitFor();
    await page.getByRole('button', { name: 'step', exact: true }).focus();
    await page.keyboard.press('Enter');
    const ids = page.locator('.rows .row > :first-child');
    expect((await ids.allTextContents()).slice(0, 3)).toEqual(['step 1', 'step 10', 'step 11']);
    await page.keyboard.press('Enter');
    expect((await ids.allTextContents())[0]).toBe('step 51');
    expect(await page.locator('[aria-sort="descending"]').textContent()).toBe('step');
  });

  test('5,000 steps: few rows and nodes exist, and the end of the table is reached', {
    timeout: 30_000,
  }, async () => {
    const page = await open(recorded(layered(5_000), roomy).log);
    expect(await page.locator('.rows .row').count()).toBeLessThan(60);
    // The groups, and some of the critical path.
    expect(await page.locator('.node[data-fold]').count()).toBe(50);
    expect(await page.locator('.node').count()).toBeLessThan(65);
    await page.locator('.scroll').evaluate((element) => {
      const scroll = element as { scrollTop: number; readonly scrollHeight: number };
      scroll.scrollTop = scroll.scrollHeight;
    });
    await page.locator('[aria-rowindex="5001"]').waitFor();
  });

  test('a fan-out is as far as its children are, and says who is tried again', async () => {
    const each = forEachStep(
      'each',
      { items: [1, 2, 3, 4] },
      (place, _, { attempt, scheduler }) =>
        timer(100, scheduler).pipe(
          map(() => {
            if (place === 2 && attempt === 1) throw new Error('busy');
            return place;
          }),
        ),
      { retry: { attempts: 2, delay: 100, jitter: 0 }, concurrency: 2, estimate: 100 },
    );
    const flow = workflow('followed', { each });
    const time = new VirtualTime();
    const { scheduler } = time;
    const run = flow.run({ scheduler });
    record(run);
    const subscription = run.result$.subscribe();
    time.advanceTo(160);
    const page = await open(run);
    const cells = await page.locator('.rows .row').first().locator('span').allTextContents();
    expect(cells).toContain('running 25 %');
    expect(cells).toContain('1/3, 1 to be tried again');
    const drawn = await page.locator('svg .node').first().locator('tspan').allTextContents();
    expect(drawn).toEqual(['each', 'for each item', '1 of 3 steps, 1 retrying', 'running 25 %']);
    subscription.unsubscribe();
  });

  test('of a run that nobody has recorded there is what it still knows', async () => {
    const page = await open(failing().run);
    expect(await page.locator('header .badge').textContent()).toBe('failed');
    expect(await page.locator('.remarks').first().textContent()).toContain('nobody has recorded this run');
    expect(await page.locator('.row.failed').textContent()).toContain('bad');
    expect(await page.locator('.row.skipped').textContent()).toContain('after');
  });

  test('a run that has not begun, and one without steps that ran', async () => {
    const page = await open({ ...recorded([{ id: 'one', run: taking(1) }], {}).log, events: [] });
    expect(await page.locator('header .badge').textContent()).toBe('idle');
    expect(await page.locator('.row.waiting').count()).toBe(1);
  });
});
