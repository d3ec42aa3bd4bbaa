import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { runCommand } from '../../lib/command/run-command.ts';
import { temporaryFolder } from '../store/support/temporary-folder.ts';
import { captured } from './support/captured.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a command says, and ends with. */
async function millrace(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { terminal, texts } = captured();
  const code = await runCommand(args, terminal);
  return { code, out: texts.out, err: texts.err };
}

function write(name: string, text: string): void {
  writeFileSync(name, text);
}

const inputs = (schema: string): string => `
import { input, step, workflow } from 'millrace';
import { z } from 'zod';
export const shown = workflow('shown', {
  value: step('value', { given: input('given', ${schema}) }, ({ given }) => typeof given + ' ' + String(given)),
});`;

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
  symlinkSync(join(root, 'node_modules/zod'), 'node_modules/zod');
});

describe('an input is what its schema accepts', () => {
  test.for([
    ['z.number()', '5', 'number 5'],
    ['z.number()', '.5', 'number 0.5'],
    ['z.string()', '5', 'string 5'],
    ['z.string()', 'null', 'string null'],
    ['z.string()', '"quoted"', 'string quoted'],
    ['z.boolean()', 'true', 'boolean true'],
    ['z.bigint()', '12345678901234567890', 'bigint 12345678901234567890'],
    ['z.array(z.number())', '[1,2]', 'object 1,2'],
    ['z.any()', '007', 'string 007'],
    ['z.any()', 'a=b', 'string a=b'],
  ] as const)('%s of %s', async ([schema, text, seen]) => {
    write('shown.ts', inputs(schema));
    const { code, out } = await millrace('run', 'shown.ts', '--input', `given=${text}`, '--no-store', '-q');
    expect([code, out]).toStrictEqual([0, `value: ${seen}\n`]);
  });

  test.for([
    [['--input', 'given=x'], 'expected inputs.given to be valid'],
    [['--input', 'gven=1'], "the workflow has no input 'gven'; did you mean 'given'?"],
    [['--input', 'given'], 'expected --input to be name=value, got "given"'],
    [['--input', 'given=1', '--input', 'given=2'], '--input given is given twice'],
    [[], 'expected inputs.given to be given'],
    [['--input', 'given=1', '--limit', 'heavy-cpu=-1'], "limits['heavy-cpu']"],
    [['--input', 'given=1', '--concurrency', '0'], 'Expected a whole number of at least 1.'],
    [['--input', 'given=1', '--limt', 'x=1'], "unknown option '--limt'"],
    [['--input', 'given=1', '--run-id', ''], 'runId'],
    [['--input', 'given=1', '--resume'], 'there is nothing to go on with'],
    [['--input', 'given=1', '--no-store', '--resume'], 'nothing can be gone on with under --no-store'],
    [['--input', 'given=1', '--from', 'vlue', '--run-id', 'x'], "did you mean 'value'?"],
  ] as const)('%j is refused', async ([args, said]) => {
    write('shown.ts', inputs('z.number()'));
    const { code, out, err } = await millrace('run', 'shown.ts', ...args, '-q');
    expect([code, out]).toStrictEqual([2, '']);
    expect(err).toContain(said);
    expect(err).not.toMatch(/\n {4}at /);
  });
});

describe('a module', () => {
  test.for([
    ['nothing.ts', undefined, 'no such file'],
    ['https://example.org/flow.js', undefined, 'only files can'],
    ['broken.mjs', "throw new Error('not today');", "can't be loaded: not today"],
    ['empty.mjs', '', 'it exports nothing: export what workflow() gives'],
    [
      'maker.mjs',
      'export function make() {}; export const one = 1;',
      "('make' is a function: export the workflow that it gives)",
    ],
  ] as const)('%s is refused', async ([name, text, said]) => {
    if (text !== undefined) write(name, text);
    const { code, err } = await millrace('run', name);
    expect(code).toBe(2);
    expect(err).toContain(said);
  });

  test('is asked which workflow, where it exports several', async () => {
    write(
      'two.ts',
      `import { step, workflow } from 'millrace';
       export const first = workflow('one', { a: step('a', () => 1) });
       export const again = first;
       export default workflow('two', { b: step('b', () => 2) });`,
    );
    const asked = await millrace('run', 'two.ts');
    expect(asked.code).toBe(2);
    expect(asked.err).toContain("exports 2 workflows; say which with --workflow: 'one', 'two'");
    expect(await millrace('run', 'two.ts', '-w', 'two', '-q')).toMatchObject({ code: 0, out: 'b: 2\n' });
    expect(await millrace('run', 'two.ts', '-w', 'first', '-q')).toMatchObject({ code: 0, out: 'a: 1\n' });
    expect((await millrace('run', 'two.ts', '-w', 'tow')).err).toContain("did you mean 'two'?");
  });

  test('is known by the mark of its workflows, whichever copy made them', async () => {
    write(
      'marked.mjs',
      `export const marked = { [Symbol.for('millrace.workflow')]: true, name: 'marked', steps: [{ id: 'a', dependsOn: [] }] };`,
    );
    expect((await millrace('graph', 'marked.mjs')).out).toBe('flowchart LR\n  n0["a"]\n');
    expect(JSON.parse((await millrace('graph', 'marked.mjs', '--json')).out)).toMatchObject({
      name: 'marked',
    });
    expect((await millrace('graph', 'marked.mjs', '-f', 'dot')).out).toContain('digraph "marked"');
  });

  test('has its pools closed', async () => {
    write(
      'pooled.mjs',
      `export const pool = { task() {}, prewarm() {}, close: async () => { globalThis.closed = true; } };
       export const marked = { [Symbol.for('millrace.workflow')]: true, name: 'marked', steps: [] };`,
    );
    await millrace('graph', 'pooled.mjs');
    expect(Reflect.get(globalThis, 'closed')).toBe(true);
    Reflect.deleteProperty(globalThis, 'closed');
  });
});

describe('what became of a run', () => {
  beforeEach(async () => {
    copyFileSync(join(root, 'test/command/fixtures/sums.flow.ts'), 'sums.ts');
    await millrace('run', 'sums.ts', '--input', 'count=3', '--run-id', 'monday', '-q');
  });

  test('is told of children in a line, or each', async () => {
    expect((await millrace('show', 'monday')).out).toMatch(/^ {2}3 within: 3 completed$/m);
    expect((await millrace('show', 'monday', '--all')).out).toMatch(/^ {2}squares\[2\] +completed/m);
  });

  test('is data with --json', async () => {
    for (const args of [
      ['runs'],
      ['show', 'monday'],
      ['why', 'monday', 'sum'],
      ['diff', 'monday', 'monday'],
      ['gc'],
    ])
      expect(JSON.parse((await millrace(...args, '--json')).out)).toBeTypeOf('object');
    const run = await millrace('run', 'sums.ts', '--input', 'count=3', '--json', '-q');
    expect(JSON.parse(run.out)).toMatchObject({ workflow: 'sums', status: 'completed', outputs: { sum: 5 } });
    const events = (await millrace('logs', 'monday', '--events')).out.trim().split('\n');
    expect(JSON.parse(events[0] ?? '')).toMatchObject({ type: 'run-started', runId: 'monday' });
  });

  test.for([
    [['show', 'mondy'], "there is no run 'mondy' in fileStore('.millrace'); did you mean 'monday'?"],
    [['why', 'monday', 'smu'], "run 'monday' has no step 'smu'; did you mean 'sum'?"],
    [['diff', 'monday', 'x'], "there is no run 'x'"],
    [['cancel', 'monday'], "no process is at run 'monday'"],
    [['show', 'monday', '--store', 'nowhere'], 'there is no store at nowhere'],
    [['gc', '--older-than', 'soon'], "Expected a duration, as in '12h' or '30d'."],
    [['report', 'monday', '-o', 'no/such/folder.html'], "the report can't be written to no/such/folder.html"],
    [['shw'], "unknown command 'shw'; did you mean show?"],
    [['completion', 'csh'], 'Known shells are bash, zsh, fish.'],
  ] as const)('%j is refused', async ([args, said]) => {
    const { code, out, err } = await millrace(...args);
    expect([code, out]).toStrictEqual([2, '']);
    expect(err).toContain(said);
  });

  test('is refused with 3 where the inputs are others, or the store is of a later version', async () => {
    const changed = await millrace('run', 'sums.ts', '--input', 'count=4', '--run-id', 'monday', '-q');
    expect(changed.code).toBe(3);
    expect(changed.err).toContain('inputs.count is another value than before');
    writeFileSync('.millrace/format', '99\n');
    const later = await millrace('runs');
    expect(later.code).toBe(3);
    expect(later.err).toContain('has format 99');
  });

  test('is drawn and played again', async () => {
    expect((await millrace('report', 'monday')).out).toBe('monday.html\n');
    expect((await millrace('report', 'monday', '-o', '-')).out).toMatch(/^<!doctype html>/);
    const replayed = await millrace('replay', 'monday', '--speed', 'Infinity');
    expect(replayed).toMatchObject({ code: 0, out: '' });
    expect(replayed.err).toContain('✓ sums completed');
  });

  test('is gone with gc', async () => {
    expect((await millrace('gc', '--older-than', '0s', '--dry-run')).out).toMatch(
      /^run monday\nwould remove 1 run,/,
    );
    expect((await millrace('gc', '--older-than', '0s')).out).toMatch(/^run monday\nremoved 1 run,/);
    expect((await millrace('runs')).out).toBe('no runs\n');
  });

  test.for([
    [[''], /^run\ngraph\nruns\nshow\n/],
    [['sh'], /^show\n$/],
    [['show', ''], /^monday\n$/],
    [['why', 'monday', 's'], /^squares\nsum\n/],
    [['why', '--store', '.millrace', 'mo'], /^monday\n$/],
    [['run', '--dash'], /^--dashboard\n$/],
    [['run', ''], /^$/],
    [['completion', 'b'], /^bash\n$/],
  ] as const)('is completed: %j', async ([words, found]) => {
    expect((await millrace('complete', '--', ...words)).out).toMatch(found);
  });
});

test('help and version go to stdout', async () => {
  expect(await millrace('--help')).toMatchObject({ code: 0, err: '' });
  expect((await millrace('run', '--help')).out).toContain('--input <name=value>');
  expect((await millrace('--version')).out).toMatch(/^\d+\.\d+\.\d+/);
});

test('a name that ends in .db is a database, where Node has one', async () => {
  copyFileSync(join(root, 'test/command/fixtures/sums.flow.ts'), 'sums.ts');
  const { code, err } = await millrace('run', 'sums.ts', '--input', 'count=3', '--store', 'runs.db', '-q');
  if (process.getBuiltinModule('node:sqlite') === undefined) {
    expect(code).toBe(3);
    expect(err).toContain('it needs node:sqlite, which Node has from 22.13 on');
  } else {
    expect(code).toBe(0);
    expect((await millrace('runs', '--store', 'runs.db')).out).toContain('completed');
  }
});
