import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/*
 * The licences of the packages that are bundled, from what esbuild says it has read, and of what these depend on: so that none is forgotten.
 */

const title = 'Licences of what is bundled';

/** The folders of the packages among the files of a bundle, by name. */
export function bundledPackages(metafile, root = process.cwd()) {
  const packages = new Map();
  for (const file of Object.keys(metafile.inputs)) {
    const path = file.replaceAll('\\', '/');
    const found = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(path);
    if (found !== null) packages.set(found[2], resolve(root, found[1]));
  }
  // What a package has within its own bundle isn't among the files. A Map goes on over what is added while it is walked.
  for (const [, folder] of packages) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) {
      const beside = [join(folder, 'node_modules', name), join(root, 'node_modules', name)].find((each) =>
        existsSync(each),
      );
      if (beside !== undefined && !packages.has(name)) packages.set(name, beside);
    }
  }
  return packages;
}

/** Their licences as text. Fails where one has none: then nobody may ship it. */
export async function noticesOf(packages) {
  const texts = [];
  for (const [name, folder] of [...packages].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const { version, license, repository } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((each) => /^(?:licen[cs]e|copying)(?:[.-]|$)/i.test(each));
    if (file === undefined) throw new Error(`${name} is bundled, and has no licence file`);
    const url = typeof repository === 'string' ? repository : (repository?.url ?? '');
    const text = (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n').trim();
    texts.push(`${name} ${version} (${license}) ${url.replace(/^git\+/, '')}\n\n${text}`);
  }
  return texts.join(`\n\n${'-'.repeat(72)}\n\n`);
}

/** For tsup: writes the licences of all that is in the package beside it, what is within the report's page included. */
export function esbuildNotices(pagePackages) {
  return {
    name: 'third-party-notices',
    setup(build) {
      build.initialOptions.metafile = true;
      build.onEnd(async ({ metafile }) => {
        if (metafile === undefined) return;
        const all = new Map([...bundledPackages(metafile), ...(await pagePackages())]);
        const folder = resolve(build.initialOptions.outdir ?? 'dist');
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, 'THIRD-PARTY-NOTICES.txt'), `${title}\n\n${await noticesOf(all)}\n`);
      });
    },
  };
}
