import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small site under two names, with links to and fro, and one that is dead. */
export interface OwnSite extends AsyncDisposable {
  readonly urls: readonly URL[];
  /** The most requests that were under way to one of its names. */
  most(): number;
}

const pages = 12;

/** Serves it on a port that is free. */
export async function serveSite(): Promise<OwnSite> {
  const underWay = new Map<string, number>();
  let most = 0;
  const server = createServer((request, response) => {
    const host = request.headers.host ?? '';
    const here = (underWay.get(host) ?? 0) + 1;
    underWay.set(host, here);
    most = Math.max(most, here);
    response.on('close', () => underWay.set(host, (underWay.get(host) ?? 0) - 1));
    const place = Number(request.url?.slice(1));
    const isThere = Number.isInteger(place) && place >= 0 && place < pages;
    // Long enough that requests are under way together.
    setTimeout(() => {
      response.writeHead(isThere ? 200 : 404, { 'content-type': 'text/html' });
      response.end(isThere ? pageAt(place) : '');
    }, 20);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port, family } = server.address() as AddressInfo;
  const address = family === 'IPv6' ? '[::1]' : '127.0.0.1';
  return {
    urls: ['localhost', address].map((name) => new URL(`http://${name}:${String(port)}/0`)),
    most: () => most,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function pageAt(place: number): string {
  const links = [(2 * place + 1) % pages, (2 * place + 2) % pages, ...(place === 3 ? ['dead'] : [])];
  const anchors = links.map((to) => `<a href="/${String(to)}#top">${String(to)}</a>`);
  return `<title>page ${String(place)}</title>${anchors.join(' ')}`;
}
