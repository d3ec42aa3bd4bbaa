import fc, { type Arbitrary } from 'fast-check';
import type { RunHandle, StoreHandle } from './store-handle.ts';
import type { StoreTrial } from './store-trial.ts';

/** What may be done to a store, by one of its handles. */
type Operation = { readonly store: number } & (
  | { readonly kind: 'open' | 'openOrClose' | 'remove' | 'look'; readonly run: string }
  | { readonly kind: 'append' | 'tell'; readonly run: string; readonly count: number }
  | { readonly kind: 'put'; readonly object: string; readonly size: number }
  | { readonly kind: 'drop' | 'get'; readonly object: string }
  | { readonly kind: 'list' | 'reopen' | 'abandon' }
);

const handles = 2;
const run = fc.constantFrom('a', 'b');
const object = fc.constantFrom('a', 'A', 'b');
const store = fc.nat(handles - 1);

/** What to do, one after the other. */
export function storeOperations(canAbandon: boolean): Arbitrary<readonly Operation[]> {
  const operation: Arbitrary<Operation> = fc.oneof(
    { weight: 1, arbitrary: fc.record({ store, kind: fc.constant('open'), run }) },
    { weight: 6, arbitrary: fc.record({ store, kind: fc.constant('openOrClose'), run }) },
    {
      weight: 5,
      arbitrary: fc.record({
        store,
        kind: fc.constantFrom('append', 'tell'),
        run,
        count: fc.integer({ min: 0, max: 3 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ store, kind: fc.constantFrom('look', 'remove'), run }) },
    { weight: 1, arbitrary: fc.record({ store, kind: fc.constant('put'), object, size: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ store, kind: fc.constantFrom('drop', 'get'), object }) },
    {
      weight: 1,
      arbitrary: fc.record({
        store,
        kind: fc.constantFrom('list', 'reopen', ...(canAbandon ? (['abandon'] as const) : [])),
      }),
    },
  );
  return fc.array(operation, { minLength: 1, maxLength: 30, size: 'max' });
}

interface ModelRun {
  readonly lines: string[];
  readonly events: string[];
  epoch: number;
  owner: RunHandle | undefined;
}

/** What a store has to be like: as simple as it can be said. */
class Model {
  readonly runs = new Map<string, ModelRun>();
  readonly objects = new Map<string, Uint8Array>();
}

/** A handle, and what it has opened and not closed, whether that is still its own or not. */
interface Actor {
  handle: StoreHandle;
  readonly runs: Map<string, RunHandle>;
  isAbandoned: boolean;
}

/** Does it all, and sees at each step that the store is as the model of it. */
export async function performOperations(trial: StoreTrial, operations: readonly Operation[]): Promise<void> {
  const model = new Model();
  const actors: Actor[] = [];
  for (let index = 0; index < handles; index++)
    actors.push({ handle: await trial.handle(), runs: new Map(), isAbandoned: false });
  let count = 0;
  for (const operation of operations) {
    const actor = actors[operation.store] as Actor;
    // What looks dead does nothing but find out that it was displaced.
    if (actor.isAbandoned && operation.kind !== 'append' && operation.kind !== 'reopen') continue;
    await perform(operation, actor);
  }
  for (const { handle, isAbandoned } of actors) if (!isAbandoned) await handle.close();
  const last = await trial.handle();
  for (const [runId, { lines, events }] of model.runs) {
    await last.hasLines(runId, lines);
    await last.hasEvents(runId, events);
  }

  async function perform(operation: Operation, actor: Actor): Promise<void> {
    const { handle, runs } = actor;
    switch (operation.kind) {
      case 'open':
        return open(actor, operation.run);
      case 'append': {
        const opened = runs.get(operation.run);
        if (opened === undefined) return;
        const lines = texts('line', operation.count);
        const kept = model.runs.get(operation.run);
        if (kept?.owner === opened && !actor.isAbandoned) {
          await opened.append(lines);
          kept.lines.push(...lines);
        } else if (kept?.owner !== opened) {
          await opened.canNotAppend(lines.length === 0 ? ['late'] : lines);
        }
        return;
      }
      case 'tell': {
        const opened = runs.get(operation.run);
        if (opened === undefined) return;
        const lines = texts('event', operation.count);
        await opened.appendEvents(lines);
        model.runs.get(operation.run)?.events.push(...lines);
        return;
      }
      case 'openOrClose': {
        const opened = runs.get(operation.run);
        if (opened === undefined) return open(actor, operation.run);
        await opened.close();
        runs.delete(operation.run);
        const kept = model.runs.get(operation.run);
        if (kept?.owner === opened) kept.owner = undefined;
        return;
      }
      case 'remove':
        if (isHeld(operation.run)) return handle.canNotRemoveRun(operation.run);
        await handle.removeRun(operation.run);
        model.runs.delete(operation.run);
        return;
      case 'look': {
        const kept = model.runs.get(operation.run);
        await handle.hasLines(operation.run, kept?.lines);
        return handle.hasEvents(operation.run, kept?.events ?? []);
      }
      case 'put': {
        const bytes = new Uint8Array(operation.size).fill(++count % 256);
        await handle.putObject('blob', operation.object, bytes);
        model.objects.set(operation.object, bytes);
        return;
      }
      case 'drop':
        await handle.removeObject('blob', operation.object);
        model.objects.delete(operation.object);
        return;
      case 'get':
        return handle.hasObject('blob', operation.object, model.objects.get(operation.object));
      case 'list':
        await handle.hasRuns(new Map(Array.from(model.runs.keys(), (runId) => [runId, isHeld(runId)])));
        return handle.hasObjects(
          'blob',
          new Map(Array.from(model.objects, ([name, bytes]) => [name, bytes.length])),
        );
      case 'reopen':
        await handle.close();
        for (const kept of model.runs.values())
          if (kept.owner !== undefined && [...runs.values()].includes(kept.owner)) kept.owner = undefined;
        runs.clear();
        actor.handle = await trial.handle();
        actor.isAbandoned = false;
        return;
      case 'abandon':
        await trial.abandon(handle);
        actor.isAbandoned = true;
        return;
    }
  }

  async function open(actor: Actor, runId: string): Promise<void> {
    if (isHeld(runId)) return actor.handle.isHeld(runId);
    const kept = model.runs.get(runId) ?? { lines: [], events: [], epoch: 0, owner: undefined };
    model.runs.set(runId, kept);
    kept.owner = await actor.handle.openRun(runId);
    kept.epoch++;
    kept.owner.found(kept.epoch, kept.lines);
    actor.runs.set(runId, kept.owner);
  }

  function isHeld(runId: string): boolean {
    const owner = model.runs.get(runId)?.owner;
    return actors.some(
      ({ runs, isAbandoned }) => owner !== undefined && !isAbandoned && runs.get(runId) === owner,
    );
  }

  function texts(kind: string, many: number): string[] {
    return Array.from({ length: many }, () => `${kind} ${String(++count)}`);
  }
}
