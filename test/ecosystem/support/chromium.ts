import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Where Chromium is, if anywhere; `CHROMIUM_PATH` goes first. */
export const chromiumPath = [process.env['CHROMIUM_PATH'], ...usualPlaces].find(
  (path) => path !== undefined && path !== '' && existsSync(path),
);

if (chromiumPath === undefined) {
  console.warn('No Chromium found: the browser tests are skipped. Install it or set CHROMIUM_PATH.');
}

/** Starts a browser that talks to nobody but the page's server. */
export async function startChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
