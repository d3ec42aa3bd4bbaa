import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'node_modules/.cache/mistakes');

const prelude = `
import { forEachStep, input, step, subflow, type, workflow } from 'millrace';
import type { ThreadPool } from 'millrace/workers';
declare const pool: ThreadPool<{ double: (n: number) => number }>;
const path = input('path', type<string>());
const table = step('table', { path }, ({ path }) => [path.length]);
const flow = workflow('flow', { table });
`;

/** A line that doesn't compile, what of it the compiler points at, and what it says last. */
const mistakes: readonly (readonly [code: string, at: string, says: string])[] = [
  [
    "step('a', { table: 'table' }, () => 1);",
    'table',
    "'string' has no properties in common with type 'Handle<",
  ],
  ["step('a', { flow }, () => 1);", 'flow', "has no properties in common with type 'Handle<"],
  [
    "step('a', { table }, ({ tabel }) => 1);",
    'tabel',
    "'tabel' does not exist on type '{ readonly table: number[]; }'",
  ],
  [
    "step('a', { table }, ({ table }) => 1, { retries: 3 });",
    'retries',
    "'retries' does not exist in type 'StepOptions<",
  ],
  [
    "step('a', { table }, ({ table }) => 1, { timeout: '5 parsecs' });",
    'timeout',
    "is not assignable to type 'Duration | undefined'",
  ],
  ["step('a', ({ table }) => table);", 'table', "'table' does not exist on type 'StepContext'"],
  [
    "step('a', { table }, pool.task('duoble'));",
    "'duoble'",
    'not assignable to parameter of type \'"double"\'',
  ],
  ["workflow('w', { path });", 'path', 'is missing in type \'Input<"path", string>\''],
  ['flow.run();', 'run', 'Expected 1 arguments, but got 0.'],
  ['flow.run({ inputs: {} });', 'inputs', "'path' is missing in type '{}'"],
  ['flow.run({ inputs: { path: 5 } });', 'path', "'number' is not assignable to type 'string'"],
  ["flow.run({ inputs: { path: '', pth: '' } });", 'pth', "Did you mean to write 'path'?"],
  ["flow.run({ inputs: { path: '' }, limit: {} });", 'limit', "Did you mean to write 'limits'?"],
  ["subflow('s', flow, {});", '{', "'inputs' is missing in type '{}'"],
  [
    "forEachStep('f', { items: table }, (n: string) => n);",
    '(n: string) => n',
    "'number' is not assignable to type 'string'",
  ],
];

/** What the compiler says of each line: where, and the sentences. */
function diagnostics(): ReadonlyMap<
  number,
  readonly { readonly at: string; readonly sentences: readonly string[] }[]
> {
  mkdirSync(folder, { recursive: true });
  try {
    const file = join(folder, 'mistakes.ts');
    const source = `${prelude.trim()}\n${mistakes.map(([code]) => code).join('\n')}\n`;
    writeFileSync(file, source);
    const program = ts.createProgram([file, join(root, 'types/threads.d.ts')], {
      strict: true,
      noImplicitAny: false,
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      noEmit: true,
      paths: {
        millrace: [join(root, 'lib/index.ts')],
        'millrace/workers': [join(root, 'lib/pool/index.ts')],
      },
      types: ['node'],
    });
    const first = prelude.trim().split('\n').length;
    const found = new Map<number, { at: string; sentences: readonly string[] }[]>();
    for (const { start = 0, length = 0, messageText } of program.getSemanticDiagnostics(
      program.getSourceFile(file),
    )) {
      const line = source.slice(0, start).split('\n').length - 1 - first;
      const sentences = ts.flattenDiagnosticMessageText(messageText, '\n').split('\n');
      found.set(line, [...(found.get(line) ?? []), { at: source.slice(start, start + length), sentences }]);
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the compiler points at the mistake, and says at last what it is', { timeout: 60_000 }, () => {
  const found = diagnostics();
  expect(found.size).toBe(mistakes.length);
  for (const [line, [code, at, says]] of mistakes.entries()) {
    const all = found.get(line) ?? [];
    const told = all.find((each) => each.at.startsWith(at));
    expect(told, `${code} is pointed at: ${all.map((each) => each.at).join(' and ')}`).toBeDefined();
    expect(told?.sentences.at(-1)).toContain(says);
    // Where a call may have two forms, the compiler tells of both.
    expect(told?.sentences.length, code).toBeLessThan(7);
  }
});
