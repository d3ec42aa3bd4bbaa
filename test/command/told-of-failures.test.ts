import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { runCommand } from '../../lib/command/run-command.ts';
import { temporaryFolder } from '../store/support/temporary-folder.ts';
import { captured } from './support/captured.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

const flow = `
import { forEachStep, step, workflow } from 'millrace';
const parts = forEachStep('parts', { items: [1, 2, 3] }, (item, _key, ctx) => {
  ctx.log('looked at ' + String(item), { big: 5n, all: new Map([[item, new Set([item])]]) });
  if (item === 2 && process.env.BROKEN !== 'no') throw new RangeError('two is too much');
  return item;
}, { retry: 1, checkpoint: true });
export const sum = workflow('sum', {
  total: step('total', { parts }, ({ parts }) => parts.reduce((a, b) => a + b, 0)),
  maker: step('maker', () => () => 'a function'),
  odd: step('odd', () => new Map([['a', 5n]])),
}, { version: 7 });
`;

/** What a command says, and ends with. */
async function millrace(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { terminal, texts } = captured();
  const code = await runCommand(args, terminal);
  return { code, out: texts.out, err: texts.err };
}

beforeEach(() => {
  const before = process.cwd();
  process.chdir(temporaryFolder());
  vi.stubEnv('CI', '');
  onTestFinished(() => {
    process.chdir(before);
    vi.unstubAllEnvs();
  });
  mkdirSync('node_modules');
  symlinkSync(root, 'node_modules/millrace');
  writeFileSync('sum.ts', flow);
});

describe('a run that fails', () => {
  beforeEach(async () => {
    const { code, out, err } = await millrace('run', 'sum.ts', '--run-id', 'monday', '-q');
    expect([code, out]).toStrictEqual([1, '']);
    expect(err).toContain('two is too much');
    expect(err).toContain('millrace: the same with --run-id monday goes on where it stopped');
  });

  test('says which child, after how many attempts, and counts the rest', async () => {
    const { out } = await millrace('show', 'monday');
    expect(out).toMatch(/^workflow +sum, version 7$/m);
    expect(out).toMatch(/^status +failed in /m);
    expect(out).toMatch(/^because +.*two is too much/m);
    expect(out).toMatch(/^ {2}parts\[1\] +failed.*two is too much.* 2 *$/m);
    expect(out).toMatch(/^ {2}3 within: /m);
  });

  test('is told of in its log, with what its steps said', async () => {
    const { out } = await millrace('logs', 'monday');
    expect(out).toMatch(/ {2}parts\[1\] {2}looked at 2 {2}\{"big":"5","all":\[\[2,\[2\]\]\]\}$/m);
    expect(out).toMatch(/ {2}parts\[1\] {2}attempt 1 failed: /m);
    expect(out).toMatch(/ {2}the run failed: /m);
    expect((await millrace('logs', 'monday', 'maker')).out).not.toContain('looked at');
  });

  test('goes on where it stopped, under its own name or as the last of its workflow', async () => {
    vi.stubEnv('BROKEN', 'no');
    const { code, out } = await millrace('run', 'sum.ts', '--resume', '-q', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      runId: 'monday',
      status: 'completed',
      outputs: { total: 6, odd: [['a', '5']] },
    });
    const shown = (await millrace('show', 'monday')).out;
    expect(shown).toMatch(/^status +completed in .*, after 1 earlier go$/m);
    expect(shown).toMatch(/^maker .*not kept *$/m);
    expect(await millrace('run', 'sum.ts', '--resume', '-q')).toMatchObject({ code: 2, out: '' });
  });

  test('is compared with one that does not', async () => {
    vi.stubEnv('BROKEN', 'no');
    await millrace('run', 'sum.ts', '--run-id', 'tuesday', '-q');
    const { out } = await millrace('diff', 'monday', 'tuesday');
    expect(out).toMatch(/^monday: sum, version 7, failed in /m);
    expect(out).toMatch(/^tuesday: sum, version 7, completed in /m);
    expect(out).toMatch(/^parts\[1\] +failed in .* completed in /m);
    expect((await millrace('diff', 'monday', 'tuesday', '--all')).out).not.toContain('the same in both');
  });

  test('has a report', async () => {
    expect((await millrace('report', 'monday', '-o', 'monday.html')).out).toBe('monday.html\n');
    expect(readFileSync('monday.html', 'utf8')).toContain('two is too much');
  });
});

test.for([
  [['--json', '-q'], 1],
  [['--json', '-q', '--verbose'], 1],
] as const)('%j tells of a failure as data', async ([flags, expected]) => {
  const { code, out } = await millrace('run', 'sum.ts', '--no-store', ...flags);
  expect(code).toBe(expected);
  expect(JSON.parse(out)).toMatchObject({
    status: 'failed',
    error: {
      name: 'StepFailedError',
      code: 'STEP_FAILED',
      cause: { cause: { name: 'RangeError', message: 'two is too much' } },
    },
  });
});

test('--verbose tells where it failed', async () => {
  const { code, err } = await millrace('run', 'sum.ts', '--no-store', '-q', '--verbose');
  expect(code).toBe(1);
  expect(err).toMatch(/\n {4}at /);
});

test('--dashboard says where it is to be seen, before the run has ended', async () => {
  vi.stubEnv('BROKEN', 'no');
  const { code, out, err } = await millrace('run', 'sum.ts', '--no-store', '--dashboard', '0', '-q');
  expect([code, out]).toStrictEqual([0, expect.stringContaining('total: 6')]);
  expect(err).toMatch(/^dashboard: http:\/\/127\.0\.0\.1:\d+\//m);
});

test.for([
  [['gc', '--max-bytes', 'much'], "Expected an amount of memory, as in '500MB' or '2GiB'."],
  [['replay', 'x', '--speed', '0'], 'Expected a number above 0.'],
  [['serve', '--port', '70000'], 'Expected a port: a number from 0 to 65535.'],
] as const)('%j is refused', async ([args, said]) => {
  const { code, out, err } = await millrace(...args);
  expect([code, out]).toStrictEqual([2, '']);
  expect(err).toContain(said);
});
