/** The site: these pages, the API that typedoc has written to `docs/api`, and a page to play in. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { entries } from '../../scripts/entries.js';
import { guides } from './guides.ts';

const root = new URL('../../', import.meta.url);
const { repository } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  readonly repository: { readonly url: string };
};
const github = repository.url.replace(/^git\+|\.git$/g, '');

export default defineConfig({
  title: 'millrace',
  description:
    'Pipelines in TypeScript: a graph of typed steps on RxJS, with limits, cancellation, threads and resume.',
  // There is none, and browsers ask for one.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    // As GitHub names headings, where the pages are read too.
    anchor: {
      slugify: (heading) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
          .replaceAll(/\s/g, '-'),
    },
    config: (md) => {
      // The changelog, which a page includes, lies a folder above and speaks of pages from there.
      md.core.ruler.push('links-of-the-changelog', ({ tokens }) => {
        for (const { children } of tokens)
          for (const link of children ?? []) {
            const href = String(link.attrGet('href') ?? '');
            if (href.startsWith('docs/')) link.attrSet('href', href.slice('docs'.length));
          }
      });
    },
  },
  vite: {
    resolve: {
      // The page to play in runs the source that it documents.
      alias: entries.map(({ specifier, source }) => ({
        find: new RegExp(`^${specifier}$`),
        replacement: fileURLToPath(new URL(source, root)),
      })),
    },
    build: { chunkSizeWarningLimit: 2_000 },
    server: { fs: { allow: [fileURLToPath(root)] } },
  },
  transformPageData: ({ relativePath, frontmatter }) => {
    // Those pages are written from the source.
    if (relativePath.startsWith('api/')) frontmatter['editLink'] = false;
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/getting-started' },
      { text: 'Play', link: '/play' },
      { text: 'API', link: '/api/millrace' },
      { text: 'Changes', link: '/changelog' },
    ],
    sidebar: {
      '/': guides.map(({ text, pages }) => ({
        text,
        items: pages.map(({ title, name }) => ({ text: title, link: `/${name}` })),
      })),
      '/api/': [
        {
          text: 'API, by entry',
          items: entries.map(({ specifier }) => ({ text: specifier, link: `/api/${specifier}` })),
        },
      ],
    },
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: github }],
    editLink: { pattern: `${github}/edit/main/docs/:path`, text: 'Edit this page' },
  },
});
