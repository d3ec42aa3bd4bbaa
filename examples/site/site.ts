import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { step, workflow } from 'millrace';
import type { ThreadPool } from 'millrace/workers';
import { type DeadLink, deadLinks } from './links.ts';
import { document } from './page.ts';
import type { tasks } from './render.tasks.ts';

/** What a build has made. */
export interface Site {
  /** The files that were written. */
  readonly files: readonly string[];
  readonly dead: readonly DeadLink[];
}

/** What is no part of a site, be it ever so much Markdown. */
const ignored = /^(?:node_modules|dist|coverage|out|api|\..*)$/;

/** The Markdown files of a folder, as paths from it with `/`, sorted. */
export async function markdownFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep))
    .filter((path) => !path.some((part) => ignored.test(part)))
    .map((path) => path.join('/'))
    .sort();
}

/**
 * The build of a site.
 *
 * ```
 * read a.md ──▶ render a.md ──┬─▶ write a.md ──▶ site
 * read b.md ──▶ render b.md ──┼─▶ write b.md ────▲
 *                             └─▶ links ─────────┘
 *  light-io      heavy-cpu         light-io
 * ```
 */
export function siteWorkflow(
  folder: string,
  out: string,
  files: readonly string[],
  pool: ThreadPool<typeof tasks>,
) {
  const rendered = Object.fromEntries(
    files.map((file) => {
      const read = step(
        `read ${file}`,
        ({ signal }) => readFile(join(folder, file), { encoding: 'utf8', signal }),
        { resource: 'light-io' },
      );
      return [
        file,
        step(
          `render ${file}`,
          { read },
          pool.task('render', ({ read }) => read),
        ),
      ];
    }),
  );
  const written = Object.entries(rendered).map(([file, page]) =>
    step(
      `write ${file}`,
      { page },
      async ({ page }, { signal }) => {
        const path = join(out, file.replace(/\.md$/, '.html'));
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, document(page), { signal });
        return path;
      },
      { resource: 'light-io' },
    ),
  );
  const links = step('links', rendered, (pages) =>
    deadLinks(new Map(Object.entries(pages)), (path) => existsSync(join(folder, path))),
  );
  const all = step('all', Object.fromEntries(written.map((page) => [page.id, page])), (paths) =>
    Object.values(paths),
  );
  const site = step('site', { all, links }, ({ all, links }): Site => ({ files: all, dead: links }));
  return workflow('site', { site });
}
