// Looks at the site that `npm run docs` has built as a reader would: plays workflows, searches, follows links to headings.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { chromiumPath, startChromium } from '../test/ecosystem/support/chromium.ts';
import { serve } from '../test/ecosystem/support/static-server.ts';

const site = fileURLToPath(new URL('../docs/.vitepress/dist', import.meta.url));
const faults = new Set<string>();

async function plays(page: Page): Promise<void> {
  const playground = page.locator('.playground');
  const status = playground.getByRole('status');
  const choice = playground.getByLabel('Example');
  const press = (name: string): Promise<void> => playground.getByRole('button', { name }).click();
  for (const name of ['counting', 'limits', 'race', 'retries']) {
    await choice.selectOption(name);
    await press('Run');
    await status.filter({ hasText: 'Running' }).waitFor();
    if (name === 'retries') {
      await playground.locator('.bar.retrying').first().waitFor();
      await press('Cancel');
      await status.filter({ hasText: 'Cancelled' }).waitFor();
    } else {
      await press('Pause');
      await press('Resume');
      await status.filter({ hasText: 'Completed' }).waitFor();
      await playground.locator('.bar.completed').first().waitFor();
    }
  }
  await playground
    .locator('.cm-content')
    .fill("import { step } from 'millrace';\nexport default step('a', () => 1);");
  await press('Run');
  await playground.locator('.outcome').filter({ hasText: 'export default what workflow() gives' }).waitFor();
}

async function finds(page: Page, words: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.locator('#localsearch-input').fill(words);
  await page
    .locator('.VPLocalSearchBox .result')
    .first()
    .waitFor({ timeout: 10_000 })
    .catch(() => faults.add(`searching '${words}' finds nothing`));
  await page.keyboard.press('Escape');
}

/** Follows the links to headings of a page, and of those that it leads to. VitePress itself has looked whether the pages are there. */
async function leadsSomewhere(first: string): Promise<void> {
  const pages = new Map<string, string>();
  const textOf = async (path: string): Promise<string> => {
    const known = pages.get(path);
    if (known !== undefined) return known;
    const text = await readFile(join(site, path), 'utf8');
    pages.set(path, text);
    return text;
  };
  const found = new Set([first]);
  for (const path of found)
    for (const [, href = ''] of (await textOf(path)).matchAll(/<a[^>]+href="([^"]+)"/g)) {
      const { origin, pathname, hash } = new URL(href, `file://${path}`);
      if (origin !== 'null' || !href.includes('.html')) continue;
      found.add(pathname);
      const id = decodeURIComponent(hash.slice(1));
      if (id !== '' && !(await textOf(pathname)).includes(` id="${id}"`))
        faults.add(`${path} links to ${href}, which isn't there`);
    }
  if (found.size < 30) faults.add(`${first} leads to ${String(found.size)} pages only`);
}

await leadsSomewhere('/getting-started.html');
if (chromiumPath === undefined) console.log('there is no Chromium: the page to play in is not looked at');
else {
  const server = await serve(site, {});
  const browser = await startChromium(chromiumPath);
  try {
    const page = await browser.newPage({ viewport: { width: 1_280, height: 900 } });
    page.on('pageerror', ({ message }) => faults.add(`${page.url()} throws: ${message}`));
    page.on('response', (response) => {
      if (response.status() === 404) faults.add(`${page.url()} wants ${response.url()}, which isn't there`);
    });
    await page.goto(`${server.url}play.html`);
    await plays(page);
    for (const words of ['fan-out', 'backpressure', 'retryWithBackoff', 'idempotency'])
      await finds(page, words);
    await page.goto(server.url);
    await page.locator('.playground .cm-content').waitFor();
  } finally {
    await browser.close();
    server.close();
  }
}
for (const fault of faults) console.error(fault);
if (faults.size > 0) process.exit(1);
console.log('the site plays, finds, and links to what is there');
