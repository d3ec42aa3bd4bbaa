import type { isIP } from 'node:net';

/** What the server's machine knows of addresses and names. */
interface Machine {
  readonly net: { readonly isIP: typeof isIP };
  readonly os: { hostname(): string };
}

/**
 * What a server is called that listens on a host, and which names it answers to, as a `Host` header has them.
 *
 * A page of elsewhere whose own name was made to point here (DNS rebinding) asks for that name, so names of strangers are
 * refused. An address is nobody's to point elsewhere. The port says nothing: it may be a tunnel's.
 */
export function hostNames(
  host: string,
  address: string,
  { net, os }: Machine,
): { readonly name: string; readonly isServed: (host: string) => boolean } {
  const isAny = address === '0.0.0.0' || address === '::';
  const name = isAny ? 'localhost' : net.isIP(host) === 6 ? `[${host}]` : host;
  const names = new Set(['localhost', host.toLowerCase(), ...(isAny ? [os.hostname().toLowerCase()] : [])]);
  return {
    name,
    isServed: (asked) => {
      const hostname = hostnameOf(asked);
      return names.has(hostname) || net.isIP(hostname) !== 0;
    },
  };
}

/** The name or address in a `Host` header, without its port; empty where it is none. */
function hostnameOf(host: string): string {
  try {
    return new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  } catch {
    return '';
  }
}
