import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { forEachStep, input, step, type, workflow } from 'millrace';
import { file } from 'millrace/store';
import { document } from '../site/page.ts';
import { render } from '../site/render.ts';

const folder = input('folder', type<string>());
const out = input('out', type<string>());

/** Looked for in every run: what is there is not for a cache to say. */
const sources = step('sources', { folder }, ({ folder }) => markdownFilesIn(folder), {
  checkpoint: false,
});

/** A child a file. Its output is taken from the last run as long as the file, and the page made of it, are what they were then. */
const pages = forEachStep(
  'pages',
  { items: sources, folder, out },
  async (source, { folder, out }) => {
    const page = render(await readFile(join(folder, source), 'utf8'));
    const path = join(out, source.replace(/\.md$/, '.html'));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, document(page));
    return { source, title: page.title || source, page: file(path) };
  },
  {
    key: (source) => source,
    cache: { version: 1, files: (source, { folder }) => [join(folder, source)] },
    resource: 'heavy-cpu',
    estimate: '50ms',
  },
);

/** Made again only where a title, or the list of files, has changed: pages that say something else don't concern it. */
const titles = step('titles', { pages }, ({ pages }) =>
  pages.map(({ source, title }) => ({ source, title })),
);
const contents = step(
  'contents',
  { titles, out },
  async ({ titles, out }) => {
    const items = titles.map(
      ({ source, title }) => `<li><a href="${source.replace(/\.md$/, '.html')}">${title}</a></li>`,
    );
    const path = join(out, 'contents.html');
    await mkdir(out, { recursive: true });
    await writeFile(path, document({ title: 'Contents', html: `<ul>${items.join('\n')}</ul>` }));
    return file(path);
  },
  { cache: { version: 1 }, resource: 'light-io' },
);

/** From a folder of Markdown to pages and a table of contents; what hasn't changed since the last run is not done again. */
export const incremental = workflow('incremental', { contents, pages });

async function markdownFilesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(sep).some((part) => part === 'node_modules' || part.startsWith('.')))
    .sort();
}
