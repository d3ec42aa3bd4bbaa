// What each entry may load, chunks and declarations included: the main entry and the operators run in a browser, and
// importing threads.js has effects that only a pool wants. Fails naming the import and the way that leads there.
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { entries } from './entries.js';

// The parts of RxJS that a thread loads too, where the whole would take it 100 ms.
const parts = [
  'rxjs/internal/Observable',
  'rxjs/internal/Subscriber',
  'rxjs/internal/Subscription',
  'rxjs/internal/config',
];
const rxjs = ['rxjs', ...parts];
const allowed = {
  index: rxjs,
  operators: rxjs,
  simulate: rxjs,
  report: rxjs,
  opentelemetry: [...rxjs, '@opentelemetry/api'],
  node: [
    ...rxjs,
    'immer',
    'log-update',
    'node:fs',
    'node:path',
    'node:process',
    'node:readline',
    'node:url',
    'node:util',
  ],
  store: [
    ...rxjs,
    'node:buffer',
    'node:child_process',
    'node:crypto',
    'node:fs',
    'node:fs/promises',
    'node:os',
    'node:path',
    'node:url',
    'node:v8',
    'node:worker_threads',
    'node:zlib',
  ],
  bullmq: [
    ...rxjs,
    'threads',
    '#platform/pool',
    'bullmq',
    'ioredis',
    'node:buffer',
    'node:crypto',
    'node:fs/promises',
    'node:os',
    'node:path',
    'node:process',
    'node:v8',
  ],
  testing: [...rxjs, 'fast-check'],
  'testing-vitest': [...rxjs, 'fast-check', 'vitest'],
  workers: [...rxjs, 'threads', '#platform/pool'],
  worker: [...rxjs, 'threads/worker', '#platform/thread'],
};
// What the names `#platform/…` stand for, on Node and in a browser; nobody imports their types.
const allowedOfPlatforms = {
  'pool-node': ['node:worker_threads'],
  'pool-browser': [],
  'thread-node': ['node:worker_threads'],
  'thread-browser': [],
};
// The command has no types. It loads the module that the user names, and tsx where that takes it; commander is bundled with it.
const allowedOfCommand = {
  command: [
    ...allowed.node,
    ...allowed.store,
    // Loaded where a queue is asked for.
    ...allowed.bullmq,
    'a computed module',
    'node:events',
    'node:http',
    'node:module',
    'node:process',
  ],
};
// What a user's compiler has to find.
const allowedTypes = ['rxjs', 'fast-check', 'vitest', '@opentelemetry/api'];

const dist = new URL('../dist/', import.meta.url);
const faults = entries.flatMap(({ name }) => {
  const packages = allowed[name];
  if (packages === undefined) return [`${name}: nothing says what it may load`];
  return [...strayImports(`${name}.js`, packages), ...strayImports(`${name}.d.ts`, allowedTypes)];
});
for (const [file, packages] of Object.entries({ ...allowedOfPlatforms, ...allowedOfCommand })) {
  faults.push(...strayImports(`${file}.js`, packages));
}
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else console.log('every entry loads what it may, and index.js and operators.js nothing of Node');

function strayImports(entry, packages) {
  const found = [];
  const ways = new Map([[entry, [entry]]]);
  for (const [file, way] of ways) {
    for (const specifier of importsOf(file)) {
      const next = nextFile(file, specifier);
      if (next !== undefined) ways.set(next, ways.get(next) ?? [...way, next]);
      else if (!packages.includes(specifier)) found.push(`${[...way, specifier].join(' → ')}: not allowed`);
    }
  }
  return found;
}

/** The modules of static imports, re-exports, `import()`, `require()`, `import('…')` types and reference directives. */
function importsOf(file) {
  const text = readFileSync(new URL(file, dist), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const found = [...source.typeReferenceDirectives, ...source.referencedFiles].map(
    ({ fileName }) => fileName,
  );
  visit(source);
  return found;

  function visit(node) {
    const specifier = specifierOf(node);
    if (specifier !== undefined)
      found.push(ts.isStringLiteralLike(specifier) ? specifier.text : 'a computed module');
    ts.forEachChild(node, visit);
  }
}

function specifierOf(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node)) return node.argument.literal;
  if (!ts.isCallExpression(node)) return undefined;
  const { expression, arguments: args } = node;
  const isLoad = expression.kind === ts.SyntaxKind.ImportKeyword || expression.text === 'require';
  return isLoad ? args[0] : undefined;
}

function nextFile(file, specifier) {
  if (!specifier.startsWith('./')) return undefined;
  return file.endsWith('.d.ts') ? specifier.slice(2).replace(/\.js$/, '.d.ts') : specifier.slice(2);
}
