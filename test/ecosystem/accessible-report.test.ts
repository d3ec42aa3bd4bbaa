import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { writeFlights } from '../flights/support/flights-parquet.ts';
import { chromiumPath, startChromium } from './support/chromium.ts';

if (chromiumPath === undefined)
  console.warn(
    'No Chromium found: nobody looks whether reports are accessible. Install it or set CHROMIUM_PATH.',
  );

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const built = (name: string): string => pathToFileURL(join(inject('packageFolder'), 'dist', name)).href;

/** Of the built package: a run with a fan-out, a retry, branches and a step that waits; and one that failed. */
async function reports(): Promise<{ readonly completed: string; readonly failed: string }> {
  const core = (await import(built('index.js'))) as typeof import('millrace');
  const { htmlReport, record } = (await import(built('report.js'))) as typeof import('millrace/report');
  const { step, choose, optional, forEachStep, workflow, memory } = core;
  const table = step('table', (ctx) => ctx.log('reading', { rows: 3 }), {
    resource: ['heavy-io', memory('1GiB')],
    description: 'Reads the table',
    tags: ['slow'],
  });
  const files = forEachStep(
    'files',
    { items: [1, 2, 3, 4] },
    (place, _, { attempt }) => {
      if (place === 2 && attempt === 1) throw new TypeError('try again', { cause: new Error('closed') });
      return place;
    },
    { retry: { attempts: 2, delay: 1 }, resource: 'heavy-io' },
  );
  const hard = step('hard', () => 'hard');
  const soft = step('soft', () => 'soft');
  const cover = choose('cover', { table }, () => 'soft' as const, { hard, soft });
  const signed = step('signed', { cover }, () => true, { when: () => false });
  const report = step('report', { files, signed: optional(signed) }, () => 1, { group: 'end' });
  const run = workflow('flights', { report }).run({ limits: { 'heavy-io': 1 } });
  record(run);
  await run.result();
  const bad = step('bad', () => {
    throw new Error('no such file');
  });
  const after = step('after', { bad }, () => 1);
  const failing = workflow('failing', { after }).run();
  record(failing);
  await failing.result().catch(() => undefined);
  return { completed: htmlReport(run), failed: htmlReport(failing) };
}

interface Found {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

describe.skipIf(chromiumPath === undefined)('axe finds nothing', () => {
  let browser: Browser;
  let pages: Awaited<ReturnType<typeof reports>>;
  let flightsPage: string;

  beforeAll(async () => {
    browser = await startChromium(chromiumPath ?? '');
    [pages, flightsPage] = await Promise.all([reports(), pageOfFlights()]);
  });

  afterAll(async () => {
    await browser.close();
  });

  test.for(
    (['completed', 'failed'] as const).flatMap((name) =>
      (['light', 'dark'] as const).flatMap((scheme) =>
        [1_400, 390].flatMap((width) =>
          [false, true].map((isOpen) => [name, scheme, width, isOpen] as const),
        ),
      ),
    ),
  )(
    'in the report of a run that %s, %s, %i px wide, with a step open: %s',
    async ([name, scheme, width, isOpen]) => {
      const page = await browser.newPage({
        viewport: { width, height: 900 },
        colorScheme: scheme,
        bypassCSP: true,
      });
      onTestFinished(() => page.close());
      await page.setContent(pages[name]);
      await page.locator('h1').waitFor();
      if (isOpen) await page.locator('.path .step, .lead .step').first().click();
      expect(await violationsIn(page)).toEqual([]);
    },
  );

  test.for(['light', 'dark'] as const)('in the page of the flights, %s', async (colorScheme) => {
    const page = await browser.newPage({
      viewport: { width: 1_000, height: 900 },
      colorScheme,
      bypassCSP: true,
    });
    onTestFinished(() => page.close());
    await page.setContent(flightsPage);
    await page.locator('[data-chart="busiest-routes"] svg').waitFor();
    await page.locator('summary').click();
    expect(await violationsIn(page)).toEqual([]);
  });
});

/** What axe finds, with where and why. */
async function violationsIn(page: Page): Promise<string[][]> {
  await page.addScriptTag({ content: axe });
  const { violations } = await page.evaluate<Found>('axe.run()');
  return violations.map(({ id, nodes }) => [
    id,
    ...nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`),
  ]);
}

/** The page that the flights example writes, of three flights. */
async function pageOfFlights(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-flights-'));
  const file = await writeFlights(join(folder, 'small.parquet'));
  const program = fileURLToPath(new URL('../../examples/flights/demo.js', import.meta.url));
  await promisify(execFile)(process.execPath, [program, '--out', folder, '--file', file]);
  const page = readFileSync(join(folder, 'flights.html'), 'utf8');
  rmSync(folder, { recursive: true });
  return page;
}

test('the package names the licences of all that is bundled into it', () => {
  const notices = readFileSync(join(inject('packageFolder'), 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
  for (const name of ['@dagrejs/dagre', '@dagrejs/graphlib', 'commander'])
    expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)`, 'm'));
  expect(notices.match(/Permission is hereby granted/g)?.length).toBeGreaterThanOrEqual(3);
});
