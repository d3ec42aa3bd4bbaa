import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { entries } from './entries.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = join(root, 'node_modules/.cache/declarations');

/**
 * Writes the declaration of every module that the entries reach, one a module, without what is `@internal`; gives the path of
 * each entry's. Takes a few seconds, as it checks nothing but that types can be written down: `npm run typecheck` does the rest.
 */
export function emitDeclarations() {
  rmSync(folder, { recursive: true, force: true });
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: ['types'] }, ts.sys, root);
  const ambient = ['types/threads.d.ts', 'lib/report/page-module.d.ts'];
  const program = ts.createProgram(
    [...entries.map(({ source }) => source), ...ambient].map((file) => join(root, file)),
    {
      ...options,
      noEmit: false,
      noCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      rootDir: root,
      outDir: folder,
    },
  );
  const { diagnostics } = program.emit();
  if (diagnostics.length > 0) {
    throw new Error(
      ts.formatDiagnostics(diagnostics, {
        getCanonicalFileName: (name) => name,
        getCurrentDirectory: () => root,
        getNewLine: () => '\n',
      }),
    );
  }
  return Object.fromEntries(entries.map(({ name, source }) => [name, join(folder, declarationOf(source))]));
}

/** Where a relative import of one of them leads; `undefined` for those of packages. */
export function importedDeclaration(specifier, importer) {
  return specifier.startsWith('.') ? join(dirname(importer), declarationOf(specifier)) : undefined;
}

function declarationOf(file) {
  return file.replace(/(?<!\.d)\.ts$/, '.d.ts');
}
