import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { builtinModule } from '../../lib/base/host.ts';
import type { OpenedRun } from '../../lib/store/backend.ts';
import { fileBackend } from '../../lib/store/file-backend.ts';
import { sqliteBackend } from '../../lib/store/sqlite-backend.ts';
import { RunHeldError } from '../../lib/store/store-errors.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { unwatched } from './support/unwatched.ts';

type Kind = 'folder' | 'sqlite';

/** What a process says of what it was told to do. */
interface Answer {
  readonly what: string;
  readonly [detail: string]: unknown;
}

/** A process that holds a run, or tries to. */
class Owner {
  readonly child;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<unknown[]>;

  private constructor(kind: Kind, place: string, periods: object) {
    const program = fileURLToPath(inject('workerUrls')['store-owner.program'] ?? '');
    this.child = spawn(process.execPath, [program, kind, place, JSON.stringify(periods)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.#ended = once(this.child, 'exit');
    onTestFinished(() => {
      this.child.kill('SIGKILL');
    });
  }

  static async start(kind: Kind, place: string, periods: object = {}): Promise<Owner> {
    const owner = new Owner(kind, place, periods);
    expect(await owner.answer()).toStrictEqual({ what: 'ready' });
    return owner;
  }

  tell(command: string): void {
    this.child.stdin.write(`${command}\n`);
  }

  async answer(): Promise<Answer> {
    const { value } = (await this.#answers.next()) as { value: string };
    return JSON.parse(value) as Answer;
  }

  async does(command: string): Promise<Answer> {
    this.tell(command);
    return this.answer();
  }

  /** Waits until it is no more; gives its exit code. */
  async end(): Promise<unknown> {
    return (await this.#ended)[0];
  }
}

/** Nobody is displaced for being silent. */
const patient = { heartbeatMs: 20, staleMs: 3_600_000 };
/** Whoever is silent for a moment is. */
const hasty = { heartbeatMs: 20, staleMs: 400 };

const kinds = (
  builtinModule('node:sqlite') === undefined ? ['folder'] : ['folder', 'sqlite']
) satisfies Kind[];

describe.each(kinds as Kind[])('processes that share a store (%s)', { timeout: 60_000 }, (kind) => {
  const makeBackend = kind === 'folder' ? fileBackend : sqliteBackend;
  const start = (place: string, periods?: object): Promise<Owner> => Owner.start(kind, place, periods);
  const newPlace = (): string => join(temporaryFolder(), 'store');

  test('one of two that open a run at once gets it, and the other is told which', async () => {
    const place = newPlace();
    const owners = await Promise.all([start(place), start(place)]);
    for (let round = 1; round <= 5; round++) {
      for (const owner of owners) owner.tell('open');
      const answers = await Promise.all(owners.map((owner) => owner.answer()));
      const winner = answers.findIndex(({ what }) => what === 'opened');
      const [won, lost] = [answers[winner], answers[1 - winner]];
      expect(won).toMatchObject({ what: 'opened', epoch: round });
      expect(lost).toMatchObject({ what: 'failed', name: 'RunHeldError' });
      expect(lost?.['message']).toContain(`is held by process ${String(owners[winner]?.child.pid)} on host`);
      expect(await owners[winner]?.does('close')).toStrictEqual({ what: 'closed' });
    }
  });

  test.each(['SIGKILL', 'exit'])('a run is free as soon as its owner has died of %s', async (how) => {
    const place = newPlace();
    const backend = makeBackend(place, patient);
    const owner = await start(place, patient);
    await owner.does('open');
    await owner.does('append:one');
    await expect(backend.openRun('nightly', unwatched)).rejects.toThrow(RunHeldError);
    expect((await backend.listRuns())[0]?.heldBy).toContain(`process ${String(owner.child.pid)} on host`);
    if (how === 'exit') owner.tell('exit');
    else owner.child.kill('SIGKILL');
    await owner.end();
    expect((await backend.listRuns())[0]?.heldBy).toBeUndefined();
    const run = await backend.openRun('nightly', unwatched);
    expect([run.epoch, [...run.takeLines()], run.problems]).toStrictEqual([2, ['one'], []]);
    await run.close();
  });

  test('an owner that dies amid appends leaves all that had settled', async () => {
    const place = newPlace();
    const owner = await start(place, patient);
    await owner.does('open');
    let settled = 0;
    for (let line = 1; line <= 200; line++) owner.tell(`append:line ${String(line)}`);
    while (settled < 20) if ((await owner.answer()).what === 'appended') settled++;
    owner.child.kill('SIGKILL');
    await owner.end();
    const run = await makeBackend(place, patient).openRun('nightly', unwatched);
    const lines = [...run.takeLines()];
    expect(lines.length).toBeGreaterThanOrEqual(settled);
    expect(lines).toStrictEqual(lines.map((_, index) => `line ${String(index + 1)}`));
    await run.close();
  });

  test.skipIf(process.platform === 'win32')(
    'an owner that was stopped for long finds that it was displaced, and what it appends is nobody’s',
    async () => {
      const place = newPlace();
      const backend = makeBackend(place, hasty);
      const owner = await start(place, hasty);
      await owner.does('open');
      await owner.does('append:one');
      owner.child.kill('SIGSTOP');
      const run = await untilOpened(() => backend.openRun('nightly', unwatched));
      expect([...run.takeLines()]).toStrictEqual(['one']);
      await run.append(['two']);
      owner.tell('append:late');
      owner.child.kill('SIGCONT');
      const answers = [await owner.answer(), await owner.answer()];
      const displaced = answers.find(({ what }) => what === 'displaced');
      expect(displaced?.['by']).toContain(`process ${String(process.pid)} on host`);
      expect(answers).toContainEqual(expect.objectContaining({ what: 'failed', name: 'StoreError' }));
      expect(await owner.does('append:later')).toMatchObject({ what: 'failed', name: 'StoreError' });
      await owner.does('close');
      await run.append(['three']);
      await run.close();
      expect(await backend.readLines('nightly')).toStrictEqual(['one', 'two', 'three']);
    },
  );

  test('one that is asked to cancel by another hears of it', async () => {
    const place = newPlace();
    const owner = await start(place, patient);
    await owner.does('open');
    expect(await makeBackend(place, patient).requestCancel('nightly', 'enough')).toBe(true);
    expect(await owner.answer()).toStrictEqual({ what: 'cancel requested', reason: 'enough' });
  });

  test('one that has nothing left to do ends, though it holds a run', async () => {
    const place = newPlace();
    const owner = await start(place, patient);
    await owner.does('open');
    owner.tell('end');
    expect(await owner.end()).toBe(0);
    await (await makeBackend(place, patient).openRun('nightly', unwatched)).close();
  });
});

/** Tries again for as long as the run is held. */
async function untilOpened(open: () => PromiseLike<OpenedRun> | OpenedRun): Promise<OpenedRun> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof RunHeldError)) throw error;
    }
  }
}
