import type { Browser, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { serve } from './static-server.ts';

/** Serves a built page and opens it, until the test is over. Nothing may throw there. */
export async function openFolder(
  browser: Browser,
  folder: string,
  headers: Readonly<Record<string, string>>,
): Promise<Page> {
  const server = await serve(folder, headers);
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  onTestFinished(async () => {
    await page.close();
    server.close();
    expect(errors).toEqual([]);
  });
  await page.goto(server.url);
  return page;
}
