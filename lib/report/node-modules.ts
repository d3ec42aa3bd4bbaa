import type * as crypto from 'node:crypto';
import type * as http from 'node:http';
import type * as net from 'node:net';
import type * as os from 'node:os';
import { DashboardError } from './dashboard-error.ts';

interface NodeProcess {
  getBuiltinModule?(id: string): unknown;
}

/** What of Node a server needs. */
interface NodeModules {
  readonly http: typeof http;
  readonly crypto: typeof crypto;
  readonly net: typeof net;
  readonly os: typeof os;
}

/** Asked for when a server starts: an import would keep the entry out of browsers. */
export function nodeModules(): NodeModules {
  // eslint-disable-next-line no-restricted-globals -- the one place of this entry that asks what the host offers
  const { process } = globalThis as { readonly process?: NodeProcess };
  const load = (id: string): unknown => process?.getBuiltinModule?.(id);
  const found = {
    http: load('node:http'),
    crypto: load('node:crypto'),
    net: load('node:net'),
    os: load('node:os'),
  };
  if (found.http === undefined || found.crypto === undefined) {
    throw new DashboardError(
      'DASHBOARD_NEEDS_NODE',
      'serveDashboard needs Node 20.16 or later: here is no node:http. htmlReport draws the same page without a server.',
    );
  }
  return found as NodeModules;
}
