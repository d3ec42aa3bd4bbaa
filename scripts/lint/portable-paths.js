/*
 * What works on one system alone, as paths go: a URL's path is none of a file on Windows, which begins with a drive, and has its
 * spaces escaped everywhere.
 */

export const portablePaths = {
  // What the library asks of its host has rules of its own.
  files: ['{test,property-tests,bench,examples,scripts}/**/*.{ts,js,mjs}'],
  rules: {
    'no-restricted-syntax': [
      'error',
      {
        selector: "MemberExpression[property.name='pathname'] MetaProperty",
        message: 'The path of a file is fileURLToPath(url).',
      },
    ],
  },
};
