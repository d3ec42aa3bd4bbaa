import { expect } from 'vitest';
import { fileBackend } from '../../../lib/store/file-backend.ts';
import type { Machine } from '../../../lib/store/owner.ts';
import type { FragileDisk } from './fragile-disk.ts';
import { unwatched } from './unwatched.ts';

interface RunEntry {
  readonly settled: string[];
  /** What was being appended, or has failed to be. */
  pending: readonly string[];
  state: 'opening' | 'there' | 'removing' | 'gone';
}

interface ObjectEntry {
  settled: number | undefined;
  readonly pending: number[];
}

/** What was done to a store and has settled, and what was begun: what a crash may have left. */
export class Ledger {
  readonly runs = new Map<string, RunEntry>();
  readonly objects = new Map<string, ObjectEntry>();

  clone(): Ledger {
    const copy = new Ledger();
    for (const [runId, entry] of this.runs) copy.runs.set(runId, { ...entry, settled: [...entry.settled] });
    for (const [name, { settled, pending }] of this.objects)
      copy.objects.set(name, { settled, pending: [...pending] });
    return copy;
  }

  run(runId: string): RunEntry {
    const entry = this.runs.get(runId) ?? { settled: [], pending: [], state: 'opening' };
    this.runs.set(runId, entry);
    return entry;
  }

  object(name: string): ObjectEntry {
    const entry = this.objects.get(name) ?? { settled: undefined, pending: [] };
    this.objects.set(name, entry);
    return entry;
  }

  /** Sees that a disk has what it has to, and that it can be gone on with. */
  async check(disk: FragileDisk, machine: Machine): Promise<void> {
    const backend = fileBackend('/store', { io: disk.io, machine });
    for (const [runId, { settled, pending, state }] of this.runs) {
      const read = await backend.readLines(runId);
      const run = await backend.openRun(runId, unwatched);
      const lines = [...run.takeLines()];
      expect(lines).toStrictEqual(read ?? []);
      const isGone = state === 'gone' || (state === 'removing' && lines.length === 0);
      const before = isGone ? [] : settled;
      const further = isGone ? [] : pending;
      expect(lines).toStrictEqual([...before, ...further].slice(0, Math.max(before.length, lines.length)));
      // What has been seen once stays.
      const seen = fileBackend('/store', { io: disk.crashed('none').io, machine });
      expect((await seen.readLines(runId)) ?? []).toStrictEqual(lines);
      await run.append(['later']);
      await run.close();
      expect(await backend.readLines(runId)).toStrictEqual([...lines, 'later']);
      const again = await backend.openRun(runId, unwatched);
      expect(
        again.problems.filter((problem) => problem.includes(`journal.${String(run.epoch)}.`)),
      ).toStrictEqual([]);
      expect([...again.takeLines()]).toStrictEqual([...lines, 'later']);
      await again.close();
    }
    for (const [name, { settled, pending }] of this.objects) {
      const found = await backend.getObject('cached', name);
      const versions = [settled, ...pending].map((version) =>
        version === undefined ? undefined : objectOf(version),
      );
      expect(versions).toContainEqual(found);
      const listed = (await backend.listObjects('cached')).map((object) => object.name);
      expect(listed.includes(name)).toBe(found !== undefined);
    }
    await backend.close();
  }
}

/** The bytes of a version of an object. */
export function objectOf(version: number): Uint8Array {
  return new Uint8Array(40 + version).fill(version);
}
