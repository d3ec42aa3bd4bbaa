import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { bundledPackages, noticesOf } from './third-party-notices.js';

/*
 * The script and the style of the report's page, as the module `millrace:report-page`: made from lib/report/page
 * when something that imports it is built or tested, so that source and package have the same.
 */

const name = 'millrace:report-page';
const folder = new URL('../lib/report/page/', import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));

function bundle() {
  return build({
    absWorkingDir: root,
    metafile: true,
    entryPoints: [fileURLToPath(new URL('main.ts', folder))],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: ['es2022'],
    legalComments: 'inline',
    logLevel: 'warning',
  });
}

/** The packages that are in the page, and where they are. */
export async function reportPagePackages() {
  return bundledPackages((await bundle()).metafile, root);
}

/** The text of the module. */
export async function reportPageModule() {
  const { outputFiles, metafile } = await bundle();
  const notices = await noticesOf(bundledPackages(metafile, root));
  const styles = await Promise.all(
    ['page.css', 'live.css'].map((file) => readFile(new URL(file, folder), 'utf8')),
  );
  const { code: style } = await transform(styles.join('\n'), { loader: 'css', minify: true });
  // What would end the element it stands in.
  const script = outputFiles[0].text.replaceAll(/<(?=\/script|script|!--)/gi, '\\x3C');
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  return `export const notices = ${JSON.stringify(notices)};\nexport const version = ${JSON.stringify(version)};\nexport const script = ${JSON.stringify(script)};\nexport const style = ${JSON.stringify(style.trim())};\n`;
}

/** For esbuild, and so for tsup. */
export const esbuildReportPage = {
  name,
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^millrace:report-page$/ }, () => ({ path: name, namespace: name }));
    onLoad({ filter: /.*/, namespace: name }, async () => ({
      contents: await reportPageModule(),
      loader: 'js',
    }));
  },
};

/** For Vite, and so for Vitest. */
export const viteReportPage = () => {
  const id = `\0${name}`;
  return {
    name,
    resolveId: (source) => (source === name ? id : undefined),
    load: (loaded) => (loaded === id ? reportPageModule() : undefined),
  };
};
