import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as millrace from 'millrace';
import * as bullmq from 'millrace/bullmq';
import * as node from 'millrace/node';
import * as opentelemetry from 'millrace/opentelemetry';
import * as operators from 'millrace/operators';
import * as report from 'millrace/report';
import * as simulation from 'millrace/simulate';
import * as store from 'millrace/store';
import * as testing from 'millrace/testing';
import * as testingVitest from 'millrace/testing/vitest';
import * as worker from 'millrace/worker';
import * as workers from 'millrace/workers';
import * as rxjs from 'rxjs';
import ts from 'typescript';
import * as z from 'zod';
import { root, type Snippet } from './snippets.ts';

const folder = new URL('node_modules/.cache/snippets/', root);

/** The worker module that the snippets imagine. */
const imaginedWorker = `
import { exposeTasks } from 'millrace/worker';
export const tasks = exposeTasks({
  delaysByAirport: (table: { readonly rows: readonly number[] }): readonly number[] => table.rows,
  summarise: (input: { readonly delays: readonly number[]; readonly routes: readonly string[] }) => input.routes.join(),
  resize: (image: { readonly pixels: Uint8Array<ArrayBuffer> }) => image,
  count: (input: unknown) => Number(input),
});
`;

/** Where a name comes from that a snippet uses without importing it; earlier entries go first. */
const modules: readonly (readonly [specifier: string, values: object])[] = [
  ['millrace', millrace],
  ['millrace/operators', operators],
  ['millrace/report', report],
  ['millrace/node', node],
  ['millrace/bullmq', bullmq],
  ['millrace/opentelemetry', opentelemetry],
  ['millrace/simulate', simulation],
  ['millrace/store', store],
  ['millrace/testing', testing],
  ['millrace/testing/vitest', testingVitest],
  ['millrace/workers', workers],
  ['millrace/worker', worker],
  ['rxjs', rxjs],
  ['zod', { z }],
  ['vitest', { expect: undefined, test: undefined }],
  ['node:fs/promises', { opendir: undefined, readFile: undefined, writeFile: undefined }],
];
const typeNames: readonly (readonly [specifier: string, names: readonly string[]])[] = [
  ['millrace', ['Bytes', 'Duration', 'Limits', 'Plan', 'ProgressEvent', 'Resource', 'RunHistory', 'Schema']],
  ['millrace/operators', ['Budget']],
  ['millrace/simulate', ['Distribution', 'Durations']],
];

/** Compiles every snippet as a module of its own; gives what the compiler has to say, by snippet and line. */
export function compileSnippets(snippets: readonly Snippet[]): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('flights.worker.ts', folder), imaginedWorker);
  writeFileSync(
    new URL('prelude.d.ts', folder),
    ts.sys.readFile(fileURLToPath(new URL('prelude.d.ts', import.meta.url))) ?? '',
  );
  const byFile = new Map(
    snippets.map((snippet, index) => {
      const file = new URL(`snippet-${String(index)}.ts`, folder);
      // All on one line, so that the lines of the snippet stay where they are.
      writeFileSync(file, `${importsOf(snippet.code).join(' ')} export {};\n${snippet.code}`);
      return [fileURLToPath(file), snippet];
    }),
  );
  const program = ts.createProgram({
    rootNames: [
      ...byFile.keys(),
      fileURLToPath(new URL('prelude.d.ts', folder)),
      fileURLToPath(new URL('types/threads.d.ts', root)),
    ],
    options: compilerOptions(),
  });
  // The library itself is checked with the project.
  const diagnostics = [
    ...program.getGlobalDiagnostics(),
    ...[...byFile.keys()].flatMap((name) => {
      const file = program.getSourceFile(name);
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    }),
  ];
  return diagnostics.map(({ file, start, messageText }) => {
    const snippet = file === undefined ? undefined : byFile.get(file.fileName);
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line;
    const where =
      snippet === undefined ? (file?.fileName ?? '') : `${snippet.file}:${String(snippet.line + line)}`;
    return `${where}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

function compilerOptions(): ts.CompilerOptions {
  const config = fileURLToPath(new URL('tsconfig.json', root));
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, (file) => ts.sys.readFile(file)).config,
    ts.sys,
    fileURLToPath(root),
  );
  // A snippet may show a thing without using it.
  return { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false };
}

/** The imports that a snippet takes for granted. */
export function importsOf(code: string): string[] {
  const declared = new Set([
    ...[...code.matchAll(/\b(?:const|let|function|class|interface)\s+(\w+)/g)].map((match) => match[1]),
    ...[...code.matchAll(/import (?:type )?\{([^}]*)\}/g)].flatMap((match) =>
      (match[1] ?? '').split(',').map((name) => name.trim().replace('type ', '')),
    ),
  ]);
  const used = new Set(code.match(/(?<![.\w'-])[A-Za-z]\w*\b(?!\s*:(?!:))/g));
  const needs = (name: string): boolean => used.has(name) && !declared.has(name);
  const taken = new Set<string>();
  const take = (specifier: string, names: readonly string[], keyword: string): string[] => {
    const found = names.filter((name) => needs(name) && !taken.has(name));
    for (const name of found) taken.add(name);
    return found.length === 0 ? [] : [`import ${keyword}{ ${found.join(', ')} } from '${specifier}';`];
  };
  return [
    ...modules.flatMap(([specifier, values]) => take(specifier, Object.keys(values), '')),
    ...typeNames.flatMap(([specifier, names]) => take(specifier, names, 'type ')),
  ];
}
