import { defineWorkflow, forEachStep, input, type StepContext, step, type, workflow } from 'millrace';
import { htmlReport, record } from 'millrace/report';
import { VirtualTime } from 'millrace/testing';
import type { Browser, Page } from 'playwright-core';
import { timer } from 'rxjs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { chromiumPath, startChromium } from '../ecosystem/support/chromium.ts';
import { record as recorded, recordOf, taking } from './support/recorded.ts';

if (chromiumPath === undefined)
  console.warn('No Chromium found: the tests of the report are skipped. Install it or set CHROMIUM_PATH.');

/** A fan-out of which one child takes long and one fails once, beside steps that wait for each other. */
function straggling() {
  const read = (ctx: StepContext): unknown => {
    ctx.log('reading');
    return timer(20, ctx.scheduler);
  };
  const table = step('table', read, {
    resource: 'gpu',
    description: 'Reads the table',
  });
  const files = forEachStep(
    'files',
    { items: Array.from({ length: 40 }, (_, place) => place) },
    (place, _, { scheduler, attempt }) => {
      if (place === 3 && attempt === 1) throw new TypeError('try again');
      return timer(place === 17 ? 300 : 10, scheduler);
    },
    { resource: 'heavy-io', retry: { attempts: 2, delay: 5 } },
  );
  const delays = step('delays', { table }, (_, { scheduler }) => timer(50, scheduler), { resource: 'gpu' });
  const other = step('other', ({ scheduler }) => timer(60, scheduler), { resource: 'gpu' });
  const report = step('report', { files, delays, other }, (_, { scheduler }) => timer(10, scheduler));
  return recordOf(workflow('flights', { report }), { gpu: 1, 'heavy-io': 4, 'light-cpu': 4 });
}

test('the file has the licences of all that is within it', () => {
  const html = htmlReport(recorded([{ id: 'a', run: taking(1) }], {}).log);
  for (const name of ['@dagrejs/dagre', '@dagrejs/graphlib'])
    expect(html).toMatch(new RegExp(`${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)`));
  expect(html).toContain('Copyright');
  expect(html).toContain('THE SOFTWARE IS PROVIDED');
});

test('50,000 steps are some 3 MB', () => {
  const flow = defineWorkflow(
    'large',
    Array.from({ length: 50_000 }, (_, place) => ({
      id: `fetch ${String(place)}`,
      dependsOn: place < 100 ? [] : [`fetch ${String(place - 100)}`],
      run: () => place,
    })),
  );
  const run = flow.run();
  const kept = record(run, { capacity: 1e6 });
  run.result$.subscribe();
  return run.result().then(() => {
    expect(htmlReport(kept).length).toBeLessThan(5_000_000);
  });
}, 60_000);

describe.skipIf(chromiumPath === undefined)('in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startChromium(chromiumPath ?? '');
  }, 60_000);

  afterAll(async () => {
    await browser.close();
  });

  async function open(shown: Parameters<typeof htmlReport>[0], width = 1400): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const troubles: string[] = [];
    page.on('pageerror', (error) => troubles.push(String(error)));
    onTestFinished(async () => {
      await page.close();
      expect(troubles).toEqual([]);
    });
    await page.setContent(htmlReport(shown));
    await page.locator('h1').waitFor();
    return page;
  }

  test('the answers come first: how it ended, what decided that, what would have helped', async () => {
    const page = await open(straggling().log);
    const lead = await page.locator('.lead p').allTextContents();
    expect(lead[0]).toMatch(/^Completed in \d+ ms\.$/);
    expect(lead[1]).toContain('most of it files');
    expect(lead.join(' ')).toMatch(/What would have helped most: files\[17\] in 150 ms instead of 300 ms/);
    expect(lead.join(' ')).toContain('1 attempt was made again');
    const path = await page.locator('.path li').allTextContents();
    expect(path[0]).toMatch(/^files.*slowest of what came of it files\[17\] with 300 ms/);
    const gpu = page.locator('tr').filter({ has: page.getByRole('rowheader', { name: 'gpu' }) });
    expect(await gpu.textContent()).toMatch(/gpu \d+ %11/);
  });

  test('a click or Enter on a step, wherever it is named, opens all that is known of it', async () => {
    const page = await open(straggling().log);
    const panel = page.locator('dialog');
    await page.locator('.path .step').first().click();
    expect(await panel.locator('h2').textContent()).toBe('files');
    expect(await panel.textContent()).toContain('40 of 40 are over, 0 failed.');
    await panel.getByRole('button', { name: 'files[17]', exact: true }).click();
    expect(await panel.locator('h2').textContent()).toBe('files[17]');
    expect(await panel.textContent()).toMatch(/waited\d+ ms for heavy-io/);
    await page.keyboard.press('Escape');
    expect(await panel.isVisible()).toBe(false);

    await page.locator('svg .node[data-step="table"]').focus();
    await page.keyboard.press('Enter');
    expect(await panel.textContent()).toContain('Reads the table');
    expect(await panel.textContent()).toContain('reading');
    await panel.getByRole('button', { name: 'delays' }).click();
    expect(await panel.locator('h2').textContent()).toBe('delays');
    await page.keyboard.press('Escape');

    await page.locator('.rows .step').filter({ hasText: 'other' }).click();
    expect(await panel.locator('h2').textContent()).toBe('other');
    expect(await panel.textContent()).toMatch(/waited\d+ ms for gpu/);
  });

  test('a chart says what was taken at most, and a pointer reads what it was at any time', async () => {
    const page = await open(straggling().log);
    const chart = page.locator('figure').filter({ hasText: 'gpu' });
    await chart.getByRole('img', { name: 'gpu: at most 1 at once of 1' }).scrollIntoViewIfNeeded();
    const read = chart.locator('figcaption');
    // The numbers beside the axis aren't part of it.
    await chart.locator('svg').hover({ position: { x: 5, y: 50 } });
    expect(await read.textContent()).toBe('gpu');
    await chart.locator('svg').hover({ position: { x: 72, y: 50 } });
    expect(await read.textContent()).toMatch(/^gpu 1 of 1 at \d/);
    await page.locator('h1').hover();
    expect(await read.textContent()).toBe('gpu');
  });

  test('a step that failed shows its error, its attempts and where it was', async () => {
    const page = await open(
      recorded(
        [
          {
            id: 'bad',
            run: () => {
              throw new RangeError('too far', { cause: new Error('the root of it') });
            },
            retry: { attempts: 2, delay: 5 },
          },
        ],
        {},
      ).log,
    );
    await page.locator('.lead .step').first().click();
    const text = await page.locator('dialog').textContent();
    for (const part of [
      'too far',
      'the root of it',
      'RangeError',
      '1st'.slice(0, 1),
      'failed',
      'demandlight-cpu 1',
    ])
      expect(text).toContain(part);
    expect(await page.locator('dialog tbody tr').count()).toBe(2);
  });

  test('the bars are reached by keys, and a fan-out is unfolded', async () => {
    const page = await open(straggling().log);
    const chart = page.getByRole('application');
    const bars = async (): Promise<number> =>
      Number(/^\d+/.exec((await chart.getAttribute('aria-label')) ?? '')?.[0]);
    expect(await bars()).toBe(46);
    await page.getByRole('button', { name: 'files ×40' }).click();
    expect(await bars()).toBe(5);
    expect(await page.getByRole('button', { name: 'files ×40' }).getAttribute('aria-expanded')).toBe('false');
    await chart.focus();
    await page.keyboard.press('ArrowRight');
    const told = page.locator('.told');
    const first = await told.textContent();
    expect(first).toMatch(/, attempt 1: completed, /);
    await page.keyboard.press('ArrowDown');
    expect(await told.textContent()).not.toBe(first);
    await page.keyboard.press('+');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('0');
    await page.keyboard.press('Enter');
    expect(await page.locator('dialog').isVisible()).toBe(true);
  });

  test('a tap on a bar opens it', async () => {
    const page = await open(straggling().log);
    const box = await page.getByRole('application').boundingBox();
    await page.mouse.click((box?.x ?? 0) + 140, (box?.y ?? 0) + 30);
    expect(await page.locator('dialog').isVisible()).toBe(true);
  });

  test('a large graph is folded by what its steps are called, and unfolds; what failed is always seen', async () => {
    const { log } = recorded(
      Array.from({ length: 300 }, (_, place) => ({
        id: `${place < 150 ? 'fetch' : 'parse'} ${String(place)}`,
        dependsOn: place < 150 ? [] : [`fetch ${String(place - 150)}`],
        run:
          place === 77
            ? () => {
                throw new Error('no');
              }
            : taking(5),
      })),
      { 'light-cpu': 8 },
      { onFailure: 'continue' },
    );
    const page = await open(log);
    const names = async (): Promise<(string | null)[]> => {
      const nodes = await page.locator('svg .node').all();
      return Promise.all(nodes.map((node) => node.getAttribute('aria-description')));
    };
    expect((await names()).some((name) => name?.startsWith('fetch 77, failed') === true)).toBe(true);
    const fold = page.locator('svg .node[data-fold]').filter({ hasText: 'fetch …' });
    expect(await fold.getAttribute('aria-description')).toMatch(/^fetch … ×1\d\d, 1\d\d steps/);
    await fold.focus();
    await page.keyboard.press('Enter');
    expect((await names()).length).toBeGreaterThan(60);
    await page.getByRole('button', { name: 'Fold all steps' }).click();
    expect((await names()).length).toBeLessThan(30);
  });

  test('the graph is enlarged, made smaller and fitted', async () => {
    const page = await open(straggling().log, 500);
    const width = async (): Promise<number> => Number(await page.locator('.graph svg').getAttribute('width'));
    await page.getByRole('button', { name: 'Show the graph at its own size' }).click();
    const own = await width();
    await page.getByRole('button', { name: 'Enlarge the graph' }).click();
    expect(await width()).toBeCloseTo(own * 1.3, 3);
    await page.getByRole('button', { name: 'Fit the graph' }).click();
    expect(await width()).toBeLessThanOrEqual(500);
  });

  test('a run of this process says where it was and with what; what there is nothing of isn’t there', async () => {
    const path = input('path', type<string>());
    const only = step('only', { path }, () => 1);
    const run = workflow('w', { only }).run({
      inputs: { path: 'flights.parquet' },
      scheduler: new VirtualTime().scheduler,
    });
    record(run);
    await run.result();
    const page = await open(run);
    const facts = await page.locator('.facts').first().textContent();
    expect(facts).toContain("input path'flights.parquet'".replaceAll("'", '"'));
    expect(facts).toMatch(/hostNode .* cores?/);
    expect(facts).toMatch(/made by millrace \d/);
    expect(facts).toContain(run.runId);
    expect(await page.getByRole('heading', { name: 'Errors and messages' }).isVisible()).toBe(false);
  });

  test('on paper all rows of the table are there, and nothing is cut', async () => {
    const page = await open(
      recorded(
        Array.from({ length: 120 }, (_, place) => ({ id: `s${String(place)}`, run: taking(1) })),
        { 'light-cpu': 4 },
      ).log,
    );
    await page.emulateMedia({ media: 'print' });
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    expect(await page.locator('.rows .row').count()).toBe(120);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    await page.evaluate('dispatchEvent(new Event("afterprint"))');
    expect((await page.pdf()).length).toBeGreaterThan(1_000);
  });

  test('on a phone the page is no wider than the screen', async () => {
    const page = await open(straggling().log, 360);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });
});
