import { forEachStep, type Limits, step, workflow } from 'millrace';
import { Frontier } from './frontier.ts';

/** What is kept of a page. */
export interface Page {
  readonly url: string;
  readonly title: string;
  readonly links: number;
}

/**
 * The crawl of some hosts: a fan-out over addresses that its own children find.
 *
 * ```
 *            ┌──────── links ───────┐
 * frontier ──┴─▶ pages[url] ─▶ get ─┘
 *                 nothing      light-io and its host
 * ```
 */
export function crawling(seeds: readonly URL[], mostPages: number) {
  const hosts = new Set(seeds.map(({ host }) => host));
  let visited = 0;
  const frontier = new Frontier(({ host }) => hosts.has(host) && visited++ < mostPages);
  frontier.add(seeds);
  const pages = forEachStep(
    'pages',
    { items: frontier.urls$ },
    (url, _, ctx) => {
      // However the child ends: a page that fails is done with too.
      ctx.defer(() => {
        frontier.leave();
      });
      return step('get', (attempt) => visit(url, frontier, attempt.signal), {
        resource: ['light-io', url.host],
        retry: { attempts: 3, delay: '100ms' },
        timeout: '10s',
      });
    },
    { key: ({ href }) => href, resource: {}, settle: true },
  );
  return { workflow: workflow('crawl', { pages }), limits: limitsFor(hosts) };
}

/** Each host is a class of its own: two at once, and twenty a second. */
function limitsFor(hosts: Iterable<string>): Limits {
  return Object.fromEntries(
    [...hosts].map((host) => [host, { limit: 2, rate: { limit: 20, per: '1s' } }] as const),
  );
}

async function visit(url: URL, frontier: Frontier, signal: AbortSignal): Promise<Page> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url.href} answers ${String(response.status)}`);
  const text = await response.text();
  const links = [...text.matchAll(/href="([^"]+)"/g)].flatMap(([, href = '']) =>
    URL.canParse(href, url.href) ? [new URL(href, url.href)] : [],
  );
  frontier.add(links);
  return { url: url.href, title: /<title>(.*?)<\/title>/.exec(text)?.[1] ?? '', links: links.length };
}
