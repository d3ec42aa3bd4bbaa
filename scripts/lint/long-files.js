/*
 * A long file has two ideas, or one that is large: the second kind says at its head what it is. Tests are split by behaviour.
 */

const mostLines = 250;
const mostOfTests = 500;

const saysWhy = {
  meta: { type: 'suggestion', schema: [{ type: 'integer' }, { type: 'boolean' }] },
  create: (context) => ({
    Program(node) {
      const [most, mayBeLonger] = context.options;
      const { lines, text } = context.sourceCode;
      // What follows the last line break is no line.
      const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
      if (count <= most || (mayBeLonger && text.startsWith('// Long because '))) return;
      const remedy = mayBeLonger
        ? "give each idea a file, or say at the head why it is one: '// Long because …'"
        : 'give each behaviour a file';
      context.report({ node, message: `${String(count)} lines, above ${String(most)}: ${remedy}.` });
    },
  }),
};

const plugins = { 'long-files': { rules: { 'say-why': saysWhy } } };

export const longFiles = [
  {
    files: ['lib/**/*.ts', 'operators/**/*.ts'],
    plugins,
    rules: { 'long-files/say-why': ['error', mostLines, true] },
  },
  {
    files: ['test/**/*.ts', 'property-tests/**/*.ts'],
    plugins,
    rules: { 'long-files/say-why': ['error', mostOfTests, false] },
  },
];
