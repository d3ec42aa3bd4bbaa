import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Configuration as RspackConfiguration, rspack } from '@rspack/core';
import type { Browser } from 'playwright-core';
import { build as buildWithVite } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import webpack, { type Configuration } from 'webpack';
import { chromiumPath, startChromium } from './support/chromium.ts';
import { openFolder } from './support/page.ts';
import { installProject } from './support/project.ts';

let browser: Browser | undefined;

beforeAll(async () => {
  if (chromiumPath !== undefined) browser = await startChromium(chromiumPath);
});

afterAll(async () => {
  await browser?.close();
});

/** What webpack and rspack are told alike. */
const shared = {
  mode: 'production',
  entry: './main.ts',
  output: { path: '', filename: 'main.js', publicPath: 'auto' },
  performance: false,
} as const satisfies Configuration & RspackConfiguration;

interface Stats {
  hasErrors(): boolean;
  toString(options: object): string;
}

/** Runs one of the two, whose programs are alike. */
async function bundle(
  start: (done: (error: Error | null, stats: Stats | undefined) => void) => unknown,
  folder: string,
): Promise<void> {
  const stats = await new Promise<Stats | undefined>((resolve, reject) => {
    start((error, found) => {
      if (error === null) resolve(found);
      else reject(error);
    });
  });
  if (stats?.hasErrors() !== false) throw new Error(stats?.toString({ all: false, errors: true }));
  copyFileSync(join(folder, 'built.html'), join(folder, 'dist/index.html'));
}

interface Bundler {
  readonly name: string;
  readonly build: (folder: string) => Promise<unknown>;
  /** What becomes of a TypeScript file whose URL the pool gets. */
  readonly asset: RegExp;
}

const bundlers: readonly Bundler[] = [
  {
    name: 'Vite',
    build: (root) =>
      buildWithVite({
        root,
        configFile: false,
        logLevel: 'error',
        worker: { format: 'es' },
        build: { target: 'es2022' },
      }),
    asset:
      /^InvalidOptionsError: .*this one is of 'video\/mp2t': a bundler has put the file into it.*\(\) => new Worker\(/,
  },
  {
    name: 'webpack',
    build: (folder) =>
      bundle((done) => {
        webpack(
          {
            ...shared,
            context: folder,
            output: { ...shared.output, path: join(folder, 'dist') },
            // That takes it most of the time, and the others do it.
            optimization: { minimize: false },
            module: { rules: [{ test: /\.ts$/, use: join(folder, 'strip-types.loader.cjs') }] },
          },
          done,
        );
      }, folder),
    asset: /^WorkerStartError: .*couldn't be loaded; a browser loads no TypeScript:.*\(\) => new Worker\(/,
  },
  {
    name: 'rspack',
    build: (folder) =>
      bundle((done) => {
        rspack(
          {
            ...shared,
            context: folder,
            output: { ...shared.output, path: join(folder, 'dist') },
            module: {
              rules: [
                {
                  test: /\.ts$/,
                  loader: 'builtin:swc-loader',
                  options: { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } },
                },
              ],
            },
          },
          done,
        );
      }, folder),
    asset: /^WorkerStartError: .*couldn't be loaded; a browser loads no TypeScript:.*\(\) => new Worker\(/,
  },
];

describe.skipIf(chromiumPath === undefined).for(bundlers)('a page built with $name', ({ build, asset }) => {
  test('has its tasks in TypeScript, by a function that makes workers, and one RxJS with millrace', async () => {
    const { folder } = installProject('test/ecosystem/fixtures/bundled-page', ['esbuild']);
    await build(folder);
    const page = await openFolder(browser as Browser, join(folder, 'dist'), {});
    expect(await page.evaluate('window.checks.made()')).toStrictEqual([['m', 'i', 'l', 'l'], 42, true]);
    expect(await page.evaluate('window.checks.asset()')).toMatch(asset);
  });
});
