import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, startChromium } from './support/chromium.ts';
import { openFolder } from './support/page.ts';
import { installProject } from './support/project.ts';

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const few = 200_000;
/** More than any machine counts while the test lasts. */
const tooMany = 2_000_000_000;

let browser: Browser | undefined;

beforeAll(async () => {
  if (chromiumPath !== undefined) browser = await startChromium(chromiumPath);
});

afterAll(async () => {
  await browser?.close();
});

/** Builds a page with Vite and opens it. */
async function openPage(
  source: string,
  configFile: string,
  headers: Readonly<Record<string, string>>,
): Promise<Page> {
  const { folder } = installProject(source, ['vite']);
  const outDir = join(folder, 'dist');
  await build({
    root: folder,
    configFile: join(folder, configFile),
    logLevel: 'error',
    build: { outDir },
  });
  return openFolder(browser as Browser, outDir, headers);
}

describe.skipIf(chromiumPath === undefined)('a pool of web workers', () => {
  test.for([
    ['with shared memory', isolation],
    ['without shared memory', {}],
  ] as const)(
    '%s streams, isolates, and survives what its tasks do',
    { timeout: 60_000 },
    async ([, headers]) => {
      const page = await openPage('test/ecosystem/fixtures/browser-pool', 'vite.config.js', headers);
      const check = (name: string): Promise<unknown> => page.evaluate(`window.checks.${name}()`);
      expect(await check('stream')).toStrictEqual({ sum: 125_250, isBounded: true });
      expect(await check('streamLeft')).toStrictEqual([8, 1]);
      expect(await check('observable')).toStrictEqual([0, 1, 2, 3, 4]);
      expect(await check('selfClose')).toStrictEqual([
        expect.stringMatching(/^WorkerCrashedError: .*'closeItself'/) as unknown,
        8,
        1,
      ]);
      expect(await check('uncaught')).toStrictEqual([
        expect.stringMatching(/^WorkerCrashedError: .*thrown later/) as unknown,
        8,
      ]);
      expect(await check('isolated')).toStrictEqual({ outputs: [8, 10], started: 2 });
      expect(await check('made')).toStrictEqual([
        8,
        expect.stringMatching(/^WorkerCrashedError: .*'closeItself'/) as unknown,
        10,
      ]);
      expect(await check('limits')).toMatch(/^WorkerStartError: .*can't limit a worker's memory/);
    },
  );
});

describe.skipIf(chromiumPath === undefined)('the example in a browser, built with Vite', () => {
  const open = async (headers: Readonly<Record<string, string>>): Promise<ExamplePage> =>
    new ExamplePage(await openPage('examples/browser', 'vite.config.ts', headers));

  describe.each([
    ['with shared memory', isolation, 'shared'],
    ['without shared memory', {}, 'not shared'],
  ])('%s', (_, headers, memory) => {
    test('two workers give their results', async () => {
      const page = await open(headers);
      expect(await page.text('memory')).toBe(memory);
      await page.start(few, false);
      await page.until('state', /^done$/);
      const [lower, upper] = [await page.text('lower'), await page.text('upper')];
      expect(lower).toMatch(/^9592 by \w+$/);
      expect(upper).toMatch(/^8392 by \w+$/);
      expect(lower.split(' ').at(-1)).not.toBe(upper.split(' ').at(-1));
      // The page hears of its threads now and then.
      await page.until('threads', /^2 started, 0 replaced$/);
    });

    test('a run goes on after many others on the same workers', async () => {
      const page = await open(headers);
      for (let run = 0; run < 20; run++) {
        await page.start(100, false);
        await page.until('state', /^done$/);
      }
      // The page hears of its threads now and then.
      await page.until('threads', /^2 started, 0 replaced$/);
    });

    test('a run that is cancelled in the middle stops its workers where they let their event loop turn', async () => {
      const page = await open(headers);
      await page.start(tooMany, true);
      await page.untilUnderWay();
      await page.cancel();
      await page.until('state', /^CancelledError: .*no longer wanted/);
      await page.start(few, true);
      await page.until('state', /^done$/);
      // The page hears of its threads now and then.
      await page.until('threads', /^2 started, 0 replaced$/);
    });
  });

  test('with shared memory a cancel stops a worker that never lets its event loop turn', async () => {
    const page = await open(isolation);
    await page.start(tooMany, false);
    await page.untilUnderWay();
    await page.cancel();
    await page.until('state', /^CancelledError: .*no longer wanted/);
    await page.start(few, false);
    await page.until('state', /^done$/);
    // The page hears of its threads now and then.
    await page.until('threads', /^2 started, 0 replaced$/);
  });

  test('without shared memory such a worker is replaced after the grace period', async () => {
    const page = await open({});
    await page.start(tooMany, false);
    await page.untilUnderWay();
    await page.cancel();
    await page.until('state', /^CancelledError: .*no longer wanted/);
    await page.start(few, false);
    await page.until('state', /^done$/);
    await page.until('threads', /^4 started, 2 replaced$/);
  });
});

class ExamplePage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async start(limit: number, yields: boolean): Promise<void> {
    await this.#page.locator('#limit').fill(String(limit));
    await this.#page.locator('#yields').setChecked(yields);
    await this.#page.locator('#start').click();
  }

  async cancel(): Promise<void> {
    await this.#page.locator('#cancel').click();
  }

  async text(id: string): Promise<string> {
    return (await this.#page.locator(`#${id}`).textContent()) ?? '';
  }

  async until(id: string, pattern: RegExp): Promise<void> {
    await this.#page.locator(`#${id}`).filter({ hasText: pattern }).waitFor({ timeout: 10_000 });
  }

  /** Until both workers have told of their progress. */
  async untilUnderWay(): Promise<void> {
    for (const id of ['lower', 'upper']) {
      await this.#page.waitForFunction(`document.getElementById('${id}-progress').value > 0`, undefined, {
        timeout: 10_000,
      });
    }
  }
}
