// What users may count on, as text: for each entry what it exports, sorted by name, without comments. It is kept in `api/`, so
// that a change of it is seen where it is reviewed.
//
//   node scripts/api-report.mjs            fails where it isn't what is kept, and shows how it differs
//   node scripts/api-report.mjs --accept   keeps what there is now: `npm run api`
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { emitDeclarations } from './declarations.js';
import { entries } from './entries.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const kept = join(root, 'api');
const isAccepting = process.argv.includes('--accept');

const files = emitDeclarations();
const program = ts.createProgram(Object.values(files), {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true,
  noEmit: true,
  types: [],
});
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });

/** The first entry that exports something is its home; the others only name it. */
const homes = new Map();
const exported = entries.map(({ name, specifier }) => {
  const module = checker.getSymbolAtLocation(program.getSourceFile(files[name]));
  if (module === undefined) return { name, specifier, symbols: [] };
  const symbols = checker.getExportsOfModule(module).map((symbol) => [symbol.name, original(symbol)]);
  for (const [, symbol] of symbols) if (!homes.has(symbol)) homes.set(symbol, specifier);
  return { name, specifier, symbols };
});

const folder = isAccepting ? kept : join(root, 'node_modules/.cache/api');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const entry of exported) writeFileSync(join(folder, `${entry.name}.md`), reportOf(entry));
if (isAccepting) console.log(`the API is what ${relative(root, kept)}/ says now`);
else compare();

function reportOf({ name, specifier, symbols }) {
  const own = symbols.filter(([, symbol]) => homes.get(symbol) === specifier);
  const others = symbols.filter(([, symbol]) => homes.get(symbol) !== specifier);
  const hidden = new Set();
  const parts = [
    ...others.map(([as, symbol]) => `export { ${as} } from '${homes.get(symbol)}';`).sort(),
    ...sorted(own).map(([, symbol]) => declarationsOf(symbol, hidden)),
  ];
  const augmented = program
    .getSourceFile(files[name])
    .statements.filter((statement) => ts.isModuleDeclaration(statement))
    .map((statement) => print(statement));
  // What is only reached: a Set goes on over what is added while it is walked.
  const reached = [];
  for (const symbol of hidden) reached.push([symbol.name, declarationsOf(symbol, hidden)]);
  const unexported = sorted(reached).map(([, text]) => text);
  const title = `# ${specifier}\n\n`;
  const end = unexported.length === 0 ? '' : `\n## Reached by these, not exported\n\n${fenced(unexported)}`;
  return `${title}${fenced([...parts, ...augmented])}${end}`;
}

function sorted(pairs) {
  return pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function fenced(texts) {
  return `\`\`\`ts\n${texts.join('\n\n')}\n\`\`\`\n`;
}

function original(symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Its declarations as text; notes in `hidden` what they name of ours that no entry exports. */
function declarationsOf(symbol, hidden) {
  return symbol.declarations
    .map((declaration) => {
      note(declaration, hidden);
      return print(ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration);
    })
    .join('\n');
}

function print(node) {
  return printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
}

function note(node, hidden) {
  // What is known by a symbol of ours is for ourselves.
  if (node.name !== undefined && ts.isComputedPropertyName(node.name)) return;
  if (ts.isIdentifier(node)) {
    const found = checker.getSymbolAtLocation(node);
    const symbol = found && original(found);
    if (symbol !== undefined && !homes.has(symbol) && isTopLevelOfOurs(symbol)) hidden.add(symbol);
  }
  ts.forEachChild(node, (child) => {
    note(child, hidden);
  });
}

function isTopLevelOfOurs(symbol) {
  return (symbol.declarations ?? []).some((declaration) => {
    const { fileName } = declaration.getSourceFile();
    const isOurs = fileName.split('/').join(sep).startsWith(join(root, 'node_modules/.cache/declarations'));
    const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
    return isOurs && ts.isSourceFile(statement.parent) && !ts.isTypeParameterDeclaration(declaration);
  });
}

function compare() {
  const { status, error } = spawnSync('git', ['diff', '--no-index', '--', kept, folder], {
    cwd: root,
    stdio: 'inherit',
  });
  if (error !== undefined) throw error;
  if (status === 0) {
    console.log('the API is what api/ says');
    return;
  }
  console.error('the API differs from what api/ says: where that is meant, run `npm run api` and commit it');
  process.exitCode = 1;
}
