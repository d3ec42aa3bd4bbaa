import { transform } from 'esbuild';
import ts from 'typescript';

/**
 * The code without comments and indentation, a statement a line: names, order and syntax stay as they were written. So a line of a stack trace, or a
 * breakpoint, is one statement still, and a debugger shows the variables by their names; a formatter makes the rest of it.
 *
 * The one comment that stays is `@__PURE__` before a variable's value, by which bundlers know that the variable may be left out. esbuild would take it
 * for white space, so it is code meanwhile.
 */
export async function compactCode(code) {
  const marked = code.replaceAll(
    /^(var \w+ = )\/\* @__PURE__ \*\/ (?!new (?:Weak)?(?:Map|Set)\(\))/gm,
    '$1__PURE__ || ',
  );
  const { code: printed } = await transform(marked, { minifyWhitespace: true, legalComments: 'inline' });
  const compact = printed.replaceAll('=__PURE__||', '=/* @__PURE__ */');
  const source = ts.createSourceFile('chunk.js', compact, ts.ScriptTarget.Latest, true);
  const lines = [];
  let from = 0;
  visit(source);
  return [...lines, compact.slice(from)].join('\n');

  // In the order of the text, so that each start lies behind the one before.
  function visit(node) {
    const start = node.getStart(source);
    if (beginsLine(node) && start > from) {
      lines.push(compact.slice(from, start).trimEnd());
      from = start;
    }
    ts.forEachChild(node, visit);
  }
}

function beginsLine(node) {
  if (ts.isClassElement(node) || ts.isCaseOrDefaultClause(node)) return true;
  if (!ts.isStatement(node) || node.parent === undefined) return false;
  return ts.isSourceFile(node.parent) || ts.isBlock(node.parent) || ts.isCaseOrDefaultClause(node.parent);
}
