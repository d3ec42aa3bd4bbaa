import { InvalidOptionsError } from 'millrace';
import { checkStore, StoreLawBrokenError } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import type { ObjectKind } from '../../lib/store/backend.ts';
import {
  type MemoryBackend,
  type MemoryOpenedRun,
  MemoryPlace,
  memoryBackend,
} from '../../lib/store/memory-backend.ts';
import { caught } from '../store/support/caught.ts';

/** Makes a backend that is lawful but for what `change` does to it. */
function changed(change: (backend: MemoryBackend) => Partial<MemoryBackend>): () => MemoryBackend {
  const place = new MemoryPlace();
  return () => {
    const backend = memoryBackend(place);
    return { ...backend, ...change(backend) };
  };
}

/** Changes what its runs do. */
function withRun(
  change: (run: MemoryOpenedRun, runId: string) => Partial<MemoryOpenedRun>,
): (backend: MemoryBackend) => Partial<MemoryBackend> {
  return (backend) => ({
    openRun: (runId, watcher) => {
      const run = backend.openRun(runId, watcher);
      return {
        epoch: run.epoch,
        takeLines: () => run.takeLines(),
        problems: run.problems,
        append: (lines) => {
          run.append(lines);
        },
        appendEvents: (lines) => {
          run.appendEvents(lines);
        },
        close: () => {
          run.close();
        },
        ...change(run, runId),
      };
    },
  });
}

const folded =
  <Rest extends unknown[], Value>(work: (kind: ObjectKind, name: string, ...rest: Rest) => Value) =>
  (kind: ObjectKind, name: string, ...rest: Rest): Value =>
    work(kind, name.toLowerCase(), ...rest);

const faults: Readonly<
  Record<string, { readonly make: () => MemoryBackend; readonly law: string; readonly how: string }>
> = {
  'loses the last line of an append': {
    make: changed(
      withRun((run) => ({
        append: (lines) => {
          run.append(lines.length > 1 ? lines.slice(0, -1) : lines);
        },
      })),
    ),
    law: 'what was appended is there for the next owner, in order, once',
    how: 'the lines should have been ["one", "two", "three"], and was ["one", "three"]',
  },
  'keeps a line twice': {
    make: changed(
      withRun((run) => ({
        append: (lines) => {
          run.append([...lines, ...lines]);
        },
      })),
    ),
    law: 'what was appended is there for the next owner, in order, once',
    how: 'the lines should have been',
  },
  'cuts long lines': {
    make: changed(
      withRun((run) => ({
        append: (lines) => {
          run.append(lines.map((line) => line.slice(0, 65_536)));
        },
      })),
    ),
    law: 'a line is any text without line breaks',
    how: 'characters',
  },
  'counts no owners': {
    make: changed(withRun(() => ({ epoch: 1 }))),
    law: 'what was appended is there for the next owner, in order, once',
    how: 'store2.run1.epoch should have been 2, and was 1',
  },
  'lets anybody have a run': {
    make: changed((backend) => ({
      openRun: (runId, watcher) => {
        backend.abandon();
        return backend.openRun(runId, watcher);
      },
    })),
    law: 'a run has one owner, and whoever else asks is told so',
    how: 'it succeeded, and should have failed with a RunHeldError',
  },
  'refuses with an error of its own': {
    make: changed((backend) => ({
      openRun: (runId, watcher) => {
        try {
          return backend.openRun(runId, watcher);
        } catch (error) {
          throw new Error('locked', { cause: error });
        }
      },
    })),
    law: 'a run has one owner, and whoever else asks is told so',
    how: 'it failed with something else than a RunHeldError',
  },
  'lets go of nothing': {
    make: changed(withRun(() => ({ close: () => undefined }))),
    law: 'what was appended is there for the next owner, in order, once',
    how: 'it failed',
  },
  'appends for ever': {
    make: changed(
      withRun((run) => ({
        append: (lines) => {
          try {
            run.append(lines);
          } catch {
            // Nobody hears of it.
          }
        },
      })),
    ),
    law: 'a run has one owner, and whoever else asks is told so',
    how: 'it succeeded, and should have failed with a StoreError',
  },
  'tells nobody that he was displaced': {
    make: changed((backend) => ({
      openRun: (runId, watcher) => backend.openRun(runId, { ...watcher, displaced: () => undefined }),
    })),
    law: 'an owner that looks dead is displaced, is told, and can append nothing more',
    how: 'word that it was displaced should have come within 20 ms',
  },
  'forgets a request': {
    make: changed(() => ({ requestCancel: () => true })),
    law: 'nothing is there that nobody made',
    how: 'whether somebody holds it should have been false, and was true',
  },
  'tells of a request as often as it is made': {
    make: changed((backend) => {
      const asked = new Map<string, (reason: string) => void>();
      return {
        openRun: (runId, watcher) => {
          asked.set(runId, watcher.cancelRequested.bind(watcher));
          return backend.openRun(runId, watcher);
        },
        requestCancel: (runId, reason) => {
          const isHeld = backend.requestCancel(runId, reason);
          if (isHeld) asked.get(runId)?.(reason);
          return isHeld;
        },
      };
    }),
    law: 'a request to cancel comes to the owner once, and to no other',
    how: 'how many requests the first owner got should have been 1, and was 2',
  },
  'removes what is held': {
    make: changed((backend) => ({
      removeRun: (runId) => {
        try {
          backend.removeRun(runId);
        } catch {
          backend.abandon();
          backend.removeRun(runId);
        }
      },
    })),
    law: 'a run that was removed is gone, and one that is held stays',
    how: 'it succeeded, and should have failed with a RunHeldError',
  },
  'leaves the events of what is removed': {
    make: (() => {
      let removed: readonly string[] = [];
      return changed((backend) => ({
        removeRun: (runId) => {
          const events = backend.readEvents(runId);
          backend.removeRun(runId);
          removed = events;
        },
        readEvents: (runId) => [...removed, ...backend.readEvents(runId)],
      }));
    })(),
    law: 'a run that was removed is gone, and one that is held stays',
    how: 'the events should have been [], and was ["event',
  },
  'takes the latest events first': {
    make: changed((backend) => ({ readEvents: (runId) => backend.readEvents(runId).toReversed() })),
    law: 'events are kept in order, those of earlier owners first, beside the lines',
    how: 'the events should have been',
  },
  'takes a and A for the same': {
    make: changed((backend) => ({
      getObject: folded(backend.getObject.bind(backend)),
      putObject: folded(backend.putObject.bind(backend)),
      removeObject: folded(backend.removeObject.bind(backend)),
    })),
    law: 'objects are kept apart, whatever they are called',
    how: 'the objects, and their sizes, should have been',
  },
  'keeps the bytes that it was given': {
    make: (() => {
      const kept = new Map<string, Uint8Array>();
      return changed((backend) => ({
        putObject: (kind, name, bytes) => {
          kept.set(`${kind} ${name}`, bytes);
          backend.putObject(kind, name, bytes);
        },
        getObject: (kind, name) => backend.getObject(kind, name) && kept.get(`${kind} ${name}`),
      }));
    })(),
    law: 'an object is its own, whatever happens to the bytes that were put or given',
    how: 'the object should have been bytes [1 2 3], and was bytes [9 9 9]',
  },
  'loses a run with its third owner': {
    make: changed(
      withRun((run, runId) =>
        runId === 'b' && run.epoch === 3 ? { takeLines: () => [...run.takeLines()].slice(1) } : {},
      ),
    ),
    law: 'it is as if everything that was done were in memory',
    how: '.run',
  },
};

describe('a backend is found out that', () => {
  test.each(Object.entries(faults))('%s', async (_, { make, law, how }) => {
    const error = await caught(
      checkStore(make, {
        abandon: (backend) => {
          (backend as MemoryBackend).abandon();
        },
        patienceMs: 20,
        sequences: 500,
        seed: 1,
      }),
    );
    expect(error).toBeInstanceOf(StoreLawBrokenError);
    const { law: broken, violation, store } = error as StoreLawBrokenError;
    expect({ law: broken, store }).toStrictEqual({ law, store: 'memoryStore()' });
    expect(violation).toContain(how);
  });
});

test('what was done is told, call by call, in as few as will do', async () => {
  const error = await caught(
    checkStore(faults['loses a run with its third owner']?.make as () => MemoryBackend, {
      sequences: 500,
      seed: 1,
    }),
  );
  expect((error as Error).message).toMatchInlineSnapshot(`
    "memoryStore() breaks the law that it is as if everything that was done were in memory: store3.run2.takeLines() should have been ["line 1"], and was []
    what was done:
      store1 = makeBackend()
      store2 = makeBackend()
      store1.run1 = store1.openRun("b")
      store1.close()
      store3 = makeBackend()
      store3.run1 = store3.openRun("b")
      store3.run1.append(["line 1"])
      store3.run1.close()
      store3.run2 = store3.openRun("b")
      (seed 1, after 14 shrinks)"
  `);
});

test('laws of owners that are displaced are checked only where some can be', async () => {
  const make = faults['tells nobody that he was displaced']?.make as () => MemoryBackend;
  await checkStore(make, { sequences: 20 });
});

test('options that can’t be used are refused', () => {
  expect(() => checkStore('no function' as never, { sequences: -1, patience: 3 } as never)).toThrow(
    InvalidOptionsError,
  );
  expect(() => checkStore(() => memoryBackend(), null as never)).toThrow('expected options to be an object');
});
