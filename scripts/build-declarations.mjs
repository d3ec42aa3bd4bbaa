// The declarations of the package: those of all modules, put together into one file an entry, and what entries share into
// chunks, so that there is one declaration of everything.
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { emitDeclarations, importedDeclaration } from './declarations.js';

const bundle = await rollup({
  input: emitDeclarations(),
  external: (specifier) => !/^[./]|^[A-Za-z]:/.test(specifier),
  plugins: [
    {
      name: 'declarations',
      resolveId: (specifier, importer) =>
        importer === undefined ? null : (importedDeclaration(specifier, importer) ?? null),
    },
    dts(),
  ],
  onwarn(warning) {
    // What stores and runs have to say to each other goes by a symbol that no entry exports.
    if (/private shared type exports.*: KeepingSource, keeping\./.test(warning.message)) return;
    throw new Error(warning.message);
  },
});
await bundle.write({
  dir: fileURLToPath(new URL('../dist/', import.meta.url)),
  format: 'es',
  // `Disposable` has to be known, also where the project says nothing of it: it is part of the compiler from 5.2 on.
  banner: '/// <reference lib="esnext.disposable" />',
  chunkFileNames: ({ name }) => `${name.replace(/\.d$/, '')}-[hash].d.ts`,
  minifyInternalExports: false,
});
await bundle.close();
