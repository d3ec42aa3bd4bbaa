// Draws the pictures of the README from a real run: what renderProgress shows in the middle of it, and the page of it afterwards.
// Needs the built package, and Chromium (or CHROMIUM_PATH) for the page.
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import xterm from '@xterm/headless';
import { defineWorkflow, memory } from 'millrace';
import { renderProgress } from 'millrace/node';
import { htmlReport, record } from 'millrace/report';
import { chromium } from 'playwright-core';

const folder = new URL('../docs/pictures/', import.meta.url);
const columns = 84;

/** A day's orders: files that are read, checked and priced by region, and a summary; one of them needs a second try. */
const regions = ['north', 'south', 'east', 'west', 'coast', 'islands'];
const orders = defineWorkflow('orders', [
  ...regions.flatMap((region, place) => [
    { id: `read ${region}`, group: 'read', resource: 'light-io', run: working(40 + 25 * place) },
    {
      id: `price ${region}`,
      group: 'price',
      dependsOn: [`read ${region}`],
      resource: ['heavy-cpu', memory('256MiB')],
      retry: 1,
      run: region === 'east' ? failing(120) : working(260 + 60 * ((place * 5) % 4), 12),
    },
  ]),
  { id: 'summary', dependsOn: regions.map((region) => `price ${region}`), run: working(150) },
  { id: 'mail', dependsOn: ['summary'], resource: 'light-io', run: working(40) },
]);
const limits = { 'heavy-cpu': 3, memory: '1GiB' };

function working(ms, parts = 4) {
  return async (_, ctx) => {
    for (let part = 1; part <= parts; part++) {
      await sleep(ms / parts);
      ctx.progress({ done: part, total: parts }, `part ${part} of ${parts}`);
    }
  };
}

function failing(ms) {
  return async (_, ctx) => {
    await working(ms)(_, ctx);
    if (ctx.attempt === 1) throw new Error('the price list is locked');
  };
}

/** A terminal that remembers what it shows. */
class Screen extends EventEmitter {
  isTTY = true;
  columns = columns;
  rows = 30;
  terminal = new xterm.Terminal({ cols: columns, rows: 30, convertEol: true, allowProposedApi: true });

  hasColors() {
    return false;
  }

  write(text) {
    this.terminal.write(text);
    return true;
  }

  async lines() {
    await new Promise((resolve) => this.terminal.write('', resolve));
    const { active } = this.terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, row) =>
      active.getLine(row).translateToString(true),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }
}

const screen = new Screen();
const run = orders.run({ limits });
record(run);
const display = renderProgress(run, { stream: screen, style: 'live' });
const result = run.result();
await sleep(480);
await writeFile(new URL('console.svg', folder), consoleSvg(await screen.lines()));
await result;
await display.done;

const temporary = await mkdtemp(join(tmpdir(), 'millrace-'));
try {
  const page = join(temporary, 'run.html');
  await writeFile(page, htmlReport(run));
  await photograph(pathToFileURL(page).href);
} finally {
  await rm(temporary, { recursive: true });
}

async function photograph(url) {
  const executablePath = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
    (path) => path !== undefined && existsSync(path),
  );
  if (executablePath === undefined) throw new Error('there is no Chromium: set CHROMIUM_PATH');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage({ viewport: { width: 1000, height: 1400 } });
  await page.goto(url);
  await page.locator('canvas, svg').first().waitFor();
  await page.screenshot({ path: fileURLToPath(new URL('report.png', folder)) });
  await browser.close();
}

function consoleSvg(lines) {
  const width = columns * 8.43 + 32;
  const height = lines.length * 19 + 32;
  const texts = lines.map(
    (text, place) => `<text x="16" y="${28 + place * 19}" xml:space="preserve">${escaped(text)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>A run in the terminal</title>
<style>text { font: 14px ui-monospace, 'DejaVu Sans Mono', monospace; fill: #ddd; white-space: pre; }</style>
<rect width="100%" height="100%" rx="8" fill="#1e1e1e"/>
${texts.join('\n')}
</svg>
`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
