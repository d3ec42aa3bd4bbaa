import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runCommand } from '../../lib/command/run-command.ts';
import { temporaryFolder } from '../store/support/temporary-folder.ts';
import { captured } from './support/captured.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pageFile = join(root, 'docs/command.md');
const poem = `Whose woods these are I think I know
His house is in the village though
He will not see me stopping here
To watch his woods fill up with snow
`;

/** What a shell shows where a line is typed, with the line. */
async function transcriptOf(line: string): Promise<string> {
  const typed = `$ ${line}\n`;
  if (!line.startsWith('millrace ')) {
    execFileSync('sh', ['-c', line]);
    return typed;
  }
  const { terminal, texts } = captured();
  await runCommand(line.split(' ').slice(1), terminal);
  return typed + texts.all;
}

/** The page, with what the lines show today. */
async function played(page: string): Promise<string> {
  const parts = page.split(/(?<=```console\n)([\s\S]*?)(?=```\n)/);
  for (let at = 1; at < parts.length; at += 2) {
    let text = '';
    for (const [, line = ''] of (parts[at] ?? '').matchAll(/^\$ (.*)$/gm)) text += await transcriptOf(line);
    parts[at] = text;
  }
  return parts.join('');
}

/** Without what differs from one time to another, and without the widths of columns that follow from it. */
function timeless(text: string): string {
  return (
    text
      .replaceAll(/\d\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d[.,]\d\d\d/g, '<time>')
      .replaceAll(/\b[\d.]+ m?s\b|\bat once\b/g, '<duration>')
      .replaceAll(/\b[\d.]+ (?:Ki)?B\b/g, '<size>')
      .replaceAll(/in <duration>/g, '<duration>')
      // Told only where it is long enough to be of interest.
      .replaceAll(/^ *slowest: .*\n/gm, '')
      .replaceAll(', which waited <duration>', '')
      .replaceAll(/ {2,}/g, ' ')
  );
}

test('every line of the page about the command shows what it says', { timeout: 60_000 }, async () => {
  const before = process.cwd();
  const folder = temporaryFolder();
  onTestFinished(() => {
    process.chdir(before);
    vi.unstubAllEnvs();
  });
  process.chdir(folder);
  vi.stubEnv('CI', '');
  mkdirSync('node_modules');
  symlinkSync(root, 'node_modules/millrace');
  symlinkSync(join(root, 'node_modules/zod'), 'node_modules/zod');
  writeFileSync('package.json', '{ "type": "module" }');
  writeFileSync('poem.txt', poem);
  copyFileSync(join(root, 'test/command/fixtures/words.ts'), 'words.ts');

  const page = readFileSync(pageFile, 'utf8');
  expect(page).toContain(readFileSync('words.ts', 'utf8'));
  const today = await played(page);
  // With WRITE_TRANSCRIPTS=1 the page is brought up to date.
  if (process.env['WRITE_TRANSCRIPTS'] !== undefined) writeFileSync(pageFile, today);
  expect(timeless(page)).toBe(timeless(today));
});
