import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, onTestFinished, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const source = `
import { input, step, type, workflow } from 'millrace';

const words = input('words', type<string[]>());
const lengths = step('lengths', { words }, ({ words }) => words.map((word) => word.length));
const total = step('total', { lengths }, ({ lengths }) => lengths.reduce((sum, length) => sum + length, 0));
const longest = step('longest', { words, lengths }, async ({ words, lengths }) => words[lengths.indexOf(Math.max(...lengths))]);
const counting = workflow('counting', { total, longest });
const run = counting.run({ inputs: { words: ['water'] } });
const result = await run.result();
`;

/** What an editor shows over a name where it is declared. */
function hovers(names: readonly string[]): Record<string, string> {
  const folder = join(root, 'node_modules/.cache/hover');
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'hover.ts');
  writeFileSync(file, source);
  const options: ts.CompilerOptions = {
    strict: true,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    paths: { millrace: [join(root, 'lib/index.ts')] },
    types: ['node'],
  };
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => {
      const text = ts.sys.readFile(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: (each) => ts.getDefaultLibFilePath(each),
    fileExists: (path) => ts.sys.fileExists(path),
    readFile: (path) => ts.sys.readFile(path),
    directoryExists: (path) => ts.sys.directoryExists(path),
    getDirectories: (path) => ts.sys.getDirectories(path),
  });
  return Object.fromEntries(
    names.map((name) => {
      const info = service.getQuickInfoAtPosition(file, source.indexOf(`const ${name} `) + 'const '.length);
      const shown = ts.displayPartsToString(info?.displayParts);
      return [name, shown.replaceAll(/\s+/g, ' ')];
    }),
  );
}

test('editors show what things are, and not how their types are made', { timeout: 60_000 }, () => {
  expect(hovers(['lengths', 'result', 'counting'])).toEqual({
    lengths: 'const lengths: Step<number[], readonly ["words", string[]]>',
    result: 'const result: { readonly total: number; readonly longest: string; }',
    counting:
      'const counting: Workflow<{ readonly total: number; readonly longest: string; }, readonly ["words", string[]]>',
  });
});
