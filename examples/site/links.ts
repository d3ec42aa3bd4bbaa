import { posix } from 'node:path';
import { Parser } from 'htmlparser2';
import type { RenderedPage } from './render.ts';

/** A link that leads nowhere. */
export interface DeadLink {
  /** The Markdown file, from the source folder. */
  readonly file: string;
  readonly line: number;
  readonly href: string;
  readonly why: string;
}

interface Anchors {
  readonly ids: ReadonlySet<string>;
  readonly links: readonly { readonly href: string; readonly line: number }[];
}

/**
 * Every link within the site that leads to no page, or to no heading of the page.
 *
 * @param pages - by the path of the Markdown file, from the source folder, with `/`
 * @param others - the other files of the source folder, which may be linked to as they are
 */
export function deadLinks(
  pages: ReadonlyMap<string, RenderedPage>,
  others: (path: string) => boolean,
): DeadLink[] {
  const anchors = new Map([...pages].map(([file, { html }]) => [file, anchorsOf(html)]));
  return [...anchors].flatMap(([file, { links }]) =>
    links.flatMap(({ href, line }) => {
      const why = whyDead(file, href, anchors, others);
      return why === undefined ? [] : [{ file, line, href, why }];
    }),
  );
}

function whyDead(
  file: string,
  href: string,
  pages: ReadonlyMap<string, Anchors>,
  others: (path: string) => boolean,
): string | undefined {
  // Other sites are not ours to check.
  if (/^[a-z]+:/i.test(href) || href.startsWith('//')) return undefined;
  const [path = '', hash] = href.split('#').map(decodeURIComponent);
  const target = path === '' ? file : posix.join(posix.dirname(file), path).replace(/\.html$/, '.md');
  const page = pages.get(target);
  if (page === undefined) return others(target) ? undefined : 'there is no such file';
  if (hash === undefined || hash === '' || page.ids.has(hash)) return undefined;
  return `${target} has no heading with the id '${hash}'`;
}

/** Reads the page as a browser would, so that HTML in the Markdown counts as well. */
function anchorsOf(html: string): Anchors {
  const ids = new Set<string>();
  const links: { href: string; line: number }[] = [];
  const parser = new Parser({
    onopentag(name, attributes) {
      const { id, href } = attributes;
      if (id !== undefined) ids.add(id);
      if (name === 'a' && href !== undefined)
        links.push({ href, line: Number(attributes['data-line'] ?? 1) });
    },
  });
  parser.end(html);
  return { ids, links };
}
