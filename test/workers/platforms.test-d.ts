import type * as browserPool from '../../lib/pool/browser-worker.ts';
import type * as nodePool from '../../lib/pool/node-worker.ts';
import type * as browserThread from '../../lib/thread/browser-thread-host.ts';
import type * as nodeThread from '../../lib/thread/thread-host.ts';

/*
 * The build puts the modules for the browser in the place of those for Node, where no compiler looks: each has to
 * export, with fitting types, all that the other has. `NodeWorker` is a type alone.
 */
type Equal<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false;
type Length<Function> = Function extends (...args: infer Arguments) => unknown ? Arguments['length'] : never;
type Lengths<Module> = { readonly [Name in keyof Module]: Length<Module[Name]> };

export const poolsFit: Equal<
  Lengths<Omit<typeof nodePool, 'NodeWorker'>>,
  Lengths<Omit<typeof browserPool, 'BrowserWorker'>>
> = true;
export const threadsFit: Equal<Lengths<typeof nodeThread>, Lengths<typeof browserThread>> = true;

type WorkerMembers =
  | 'addEventListener'
  | 'removeEventListener'
  | 'deliver'
  | 'postMessage'
  | 'terminate'
  | 'ref'
  | 'unref';
export const workersFit: WorkerMembers extends keyof browserPool.BrowserWorker ? true : false = true;
