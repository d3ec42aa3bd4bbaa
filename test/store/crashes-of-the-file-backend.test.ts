import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../lib/base/seeded-random.ts';
import type { OpenedRun, StoreBackend } from '../../lib/store/backend.ts';
import { fileBackend } from '../../lib/store/file-backend.ts';
import { RunHeldError, StoreError } from '../../lib/store/store-errors.ts';
import { type Crash, type DiskCall, type Fault, FragileDisk, failure } from './support/fragile-disk.ts';
import { Ledger, objectOf } from './support/ledger.ts';
import { unwatched } from './support/unwatched.ts';
import { World, type WorldProcess } from './support/world.ts';

/** Does everything that a store can do, by three processes one after the other, and keeps the ledger. */
class Scenario {
  readonly disk = new FragileDisk();
  readonly ledger = new Ledger();
  readonly world = new World();
  /** What steps failed with. */
  readonly errors: unknown[] = [];
  #process: WorldProcess | undefined;
  #backend: StoreBackend | undefined;

  async perform(): Promise<void> {
    await this.#start();
    const first = await this.#open('nightly');
    await this.#append('nightly', first, ['one', 'two']);
    await this.#step(() => first.appendEvents(['event 1']));
    await this.#put('key', 1);
    await this.#append('nightly', first, ['three', 'x'.repeat(50), 'four']);
    await this.#put('key', 2);
    await this.#step(() => first.close());

    await this.#start();
    const second = await this.#open('nightly');
    await this.#append('nightly', second, ['five', 'six']);
    await this.#step(() => second.appendEvents(['event 2']));
    await this.#append('nightly', second, ['seven']);
    // It dies.
    this.#process?.kill();

    await this.#start();
    const third = await this.#open('nightly');
    await this.#append('nightly', third, ['eight']);
    const old = await this.#open('old');
    await this.#append('old', old, ['old 1', 'old 2']);
    await this.#step(() => old.close());
    const { state } = this.ledger.run('old');
    expect(state).toBe('there');
    await this.#remove('old');
    await this.#put('other', 3);
    await this.#append('nightly', third, ['nine']);
    await this.#step(() => this.#backend?.close());
  }

  async #start(): Promise<void> {
    this.#process = this.world.process();
    this.#backend = fileBackend('/store', { io: this.disk.io, machine: this.#process.machine });
    await Promise.resolve();
  }

  /** What fails is tried again. */
  async #step<Value>(work: () => Value): Promise<Awaited<Value>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        this.errors.push(error);
        if (attempt > 3) throw error;
      }
    }
  }

  async #open(runId: string): Promise<OpenedRun> {
    const entry = this.ledger.run(runId);
    const run = await this.#step(() => (this.#backend as StoreBackend).openRun(runId, unwatched));
    expect([...run.takeLines()]).toStrictEqual(entry.settled);
    entry.state = 'there';
    return run;
  }

  async #append(runId: string, run: OpenedRun, lines: readonly string[]): Promise<void> {
    const entry = this.ledger.run(runId);
    entry.pending = lines;
    await this.#step(() => run.append(lines));
    entry.pending = [];
    entry.settled.push(...lines);
  }

  async #put(name: string, version: number): Promise<void> {
    const entry = this.ledger.object(name);
    entry.pending.push(version);
    await this.#step(() => this.#backend?.putObject('cached', name, objectOf(version)));
    entry.pending.length = 0;
    entry.settled = version;
  }

  async #remove(runId: string): Promise<void> {
    const entry = this.ledger.run(runId);
    entry.state = 'removing';
    const { length } = this.errors;
    await this.#step(() => this.#backend?.removeRun(runId));
    // That it stays away is promised where nothing went wrong.
    if (this.errors.length === length) entry.state = 'gone';
  }
}

/** What crashes leave, each with what has to be there. */
interface Wreck {
  readonly call: DiskCall;
  readonly disk: FragileDisk;
  readonly ledger: Ledger;
}

/** Performs the scenario, and keeps what a crash would leave before the calls that it is asked to keep it of. */
async function wrecksOf(
  crashesAt: (place: number, call: DiskCall) => readonly Crash[],
  faultAt: (call: number, what: DiskCall) => Fault | undefined = () => undefined,
): Promise<{
  readonly scenario: Scenario;
  readonly wrecks: readonly Wreck[];
  readonly calls: readonly DiskCall[];
}> {
  const scenario = new Scenario();
  const wrecks: Wreck[] = [];
  const calls: DiskCall[] = [];
  scenario.disk.onCall = (call) => {
    for (const crash of crashesAt(calls.length, call))
      wrecks.push({ call, disk: scenario.disk.crashed(crash), ledger: scenario.ledger.clone() });
    return faultAt(calls.push(call) - 1, call);
  };
  await scenario.perform();
  scenario.disk.onCall = () => undefined;
  return { scenario, wrecks, calls };
}

/** Sees that what was promised is there, on a machine that goes on and on one that was started anew. */
async function expectSound({ call, disk, ledger }: Wreck): Promise<void> {
  const world = new World();
  for (const boot of ['first', 'second'])
    try {
      await ledger.check(disk.crashed('all'), world.process({ boot }).machine);
    } catch (error) {
      throw new Error(`after a crash before ${call.what} ${call.path}, on a ${boot} boot: ${String(error)}`, {
        cause: error,
      });
    }
}

const random = seededRandom(7);

describe('whatever a crash leaves, what had settled is there', { timeout: 120_000 }, () => {
  test('without one, nothing is left over', async () => {
    const { scenario } = await wrecksOf(() => []);
    expect(scenario.errors).toStrictEqual([]);
    expect(scenario.disk.paths).toStrictEqual([
      '/store/format',
      '/store/objects/cached/ke/key',
      '/store/objects/cached/ot/other',
      '/store/runs/nightly/events.1.log',
      '/store/runs/nightly/events.2.log',
      '/store/runs/nightly/journal.1.log',
      '/store/runs/nightly/journal.2.log',
      '/store/runs/nightly/journal.3.log',
    ]);
    await scenario.ledger.check(scenario.disk, scenario.world.process().machine);
  });

  test.each<[string, readonly Crash[]]>([
    ['all that was written', ['all']],
    ['only what was synced', ['none']],
    ['any part of what wasn’t synced', [random, random, random]],
  ])('%s', async (_, crashes) => {
    const { wrecks } = await wrecksOf((_place, { what, path }) =>
      // There is most to be lost.
      what === 'sync' && path.includes('journal')
        ? crashes.flatMap((crash) => Array.from({ length: 15 }, () => crash))
        : crashes,
    );
    expect(wrecks.length).toBeGreaterThan(100);
    for (const wreck of wrecks) await expectSound(wreck);
  });
});

describe('a call of the system that fails is told of, and the work goes on where it is tried again', {
  timeout: 120_000,
}, () => {
  test.each<[string, Fault, (call: DiskCall) => boolean]>([
    ['whichever it is', failure('EIO'), () => true],
    [
      'as there is no space left',
      failure('ENOSPC'),
      ({ what }) => ['write', 'open', 'makeFolder'].includes(what),
    ],
    ['as only half of it was written', 'short', ({ what }) => what === 'write'],
  ])('%s', async (_, fault, concerns) => {
    const { calls } = await wrecksOf(() => []);
    for (const [place, concerned] of calls.entries()) {
      if (!concerns(concerned)) continue;
      const { scenario, wrecks } = await wrecksOf(
        // In what follows the failure.
        (call) => (call > place && call < place + 7 ? [call % 2 === 0 ? 'none' : random] : []),
        (call) => (call === place ? fault : undefined),
      );
      const where = `${concerned.what} ${concerned.path}`;
      for (const error of scenario.errors) {
        expect([where, error]).toStrictEqual([where, expect.any(StoreError)]);
        if (fault !== 'short') expect((error as StoreError).cause).toBe(fault);
      }
      expect([where, scenario.errors.length]).toStrictEqual([
        where,
        fault === 'short' ? 0 : expect.any(Number),
      ]);
      await scenario.ledger.check(scenario.disk, scenario.world.process().machine);
      for (const wreck of wrecks) await expectSound(wreck);
    }
  });

  test('and can’t be made undone either', async () => {
    const disk = new FragileDisk();
    const world = new World();
    const { machine, kill } = world.process();
    const run = await fileBackend('/store', { io: disk.io, machine }).openRun('nightly', unwatched);
    await run.append(['one']);
    disk.onCall = ({ what }) => (what === 'sync' || what === 'truncate' ? failure('EIO') : undefined);
    await expect(run.append(['a line', 'that is long'])).rejects.toThrow('EIO');
    // Nor is it mended by then.
    await expect(run.append(['two'])).rejects.toThrow('EIO');
    disk.onCall = () => undefined;
    await run.append(['two']);
    kill();
    for (const crash of ['all', 'none'] as const) {
      const next = fileBackend('/store', { io: disk.crashed(crash).io, machine: world.process().machine });
      const taken = await next.openRun('nightly', unwatched);
      expect([[...taken.takeLines()], taken.problems]).toStrictEqual([['one', 'two'], []]);
    }
  });

  test('for long, as a full disk does', async () => {
    const { calls } = await wrecksOf(() => []);
    for (let place = 0; place < calls.length; place += 3) {
      let left = 3;
      const isWrite = ({ what }: DiskCall): boolean => ['write', 'open', 'makeFolder'].includes(what);
      const { scenario } = await wrecksOf(
        () => [],
        (call, what) => (call >= place && isWrite(what) && left-- > 0 ? failure('ENOSPC') : undefined),
      );
      expect(scenario.errors.some((error) => error instanceof RunHeldError)).toBe(false);
      await scenario.ledger.check(scenario.disk, scenario.world.process().machine);
    }
  });
});
