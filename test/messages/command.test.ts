import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { runCommand } from '../../lib/command/run-command.ts';
import { captured } from '../command/support/captured.ts';
import { temporaryFolder } from '../store/support/temporary-folder.ts';

beforeEach(() => {
  const before = process.cwd();
  process.chdir(temporaryFolder());
  vi.stubEnv('CI', '');
  onTestFinished(() => {
    process.chdir(before);
    vi.unstubAllEnvs();
  });
  mkdirSync('node_modules');
  symlinkSync(fileURLToPath(new URL('../../', import.meta.url)), 'node_modules/millrace');
  writeFileSync(
    'flow.ts',
    "import { step, workflow } from 'millrace';\nexport const flow = workflow('flow', { one: step('one', () => 1) });\n",
  );
  writeFileSync('none.ts', 'export const nothing = 1;\n');
  writeFileSync('bad.ts', 'export const = ;\n');
});

test('where nothing was run yet, that is said', async () => {
  expect(await said(['show', 'nightly'])).toBe(
    'millrace: there is no store at .millrace; run something first (millrace run <module>), or name another one with --store\n',
  );
});

test.for([
  [['rnu', 'flow.ts'], 'did you mean run?'],
  [['run'], "missing required argument 'module'"],
  [['run', 'missing.ts'], 'missing.ts'],
  [['run', 'none.ts'], 'none.ts'],
  [['run', 'bad.ts'], 'bad.ts'],
  [['run', 'flow.ts', '--limt', 'x=1'], 'did you mean --limit?'],
  [['run', 'flow.ts', '--limit', 'x'], 'got "x"'],
  [['run', 'flow.ts', '--limit', 'heavy-cpu=-1'], "limits['heavy-cpu']"],
  [['run', 'flow.ts', '--input', 'a=1'], "has no input 'a'"],
  [['run', 'flow.ts', '--workflow', 'folw'], "'folw'"],
  [['run', 'flow.ts', '--concurrency', 'many'], "'many'"],
  [['run', 'flow.ts', 'more'], 'too many arguments'],
  [['show', 'nightly'], "no run 'nightly'"],
  [['why', 'nightly', 'one'], "'nightly'"],
  [['logs', 'nightly'], "no run 'nightly'"],
  [['diff', 'nightly', 'nightly'], "no run 'nightly'"],
  [['report', 'nightly'], "no run 'nightly'"],
  [['cancel', 'nightly'], "no run 'nightly'"],
  [['replay', 'missing.jsonl'], 'missing.jsonl'],
  [['graph', 'flow.ts', '--format', 'png'], "'png'"],
] as const)('%j is refused in one line, %s', async ([args, says]) => {
  // So that there is a store to look in.
  await runCommand(['run', 'flow.ts', '-q'], captured().terminal);
  const text = await said(args);
  expect(text).toContain(says);
  expect(text).toMatch(/^millrace: .*\n$/);
});

/** What a command that can't be carried out writes. */
async function said(args: readonly string[]): Promise<string> {
  const { terminal, texts } = captured();
  expect(await runCommand(args, terminal)).toBeGreaterThan(0);
  expect(texts.out).toBe('');
  return texts.err;
}
