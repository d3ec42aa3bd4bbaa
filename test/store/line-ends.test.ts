import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProgressEvent, step, workflow } from 'millrace';
import { fileStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './support/temporary-folder.ts';

/** Makes the ends of all lines in the files of a run what a checkout or an editor on Windows makes of them. */
function asOnWindows(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('\n', '\r\n'));
  }
}

describe('a kept run whose lines end with CR LF', () => {
  test('goes on where it stopped, without a warning, and tells all that happened', async () => {
    const folder = temporaryFolder();
    let calls = 0;
    let isBroken = true;
    const first = step('first', () => ++calls);
    const second = step('second', { first }, ({ first }) => {
      if (isBroken) throw new Error('not yet');
      return first + 1;
    });
    const flow = workflow('flow', { second });
    const events = async (): Promise<readonly string[]> => {
      await using store = fileStore(folder);
      return (await store.events('a')).events.map(({ type }) => type);
    };
    {
      await using store = fileStore(folder);
      await expect(flow.run({ store, runId: 'a' }).result()).rejects.toThrow('not yet');
    }
    const told = await events();
    asOnWindows(folder);
    expect(await events()).toEqual(told);
    isBroken = false;
    await using store = fileStore(folder);
    const run = flow.run({ store, runId: 'a' });
    const warnings: ProgressEvent[] = [];
    run.progress$.subscribe((event) => {
      if (event.type === 'warning') warnings.push(event);
    });
    expect(await run.result()).toEqual({ second: 2 });
    expect(calls).toBe(1);
    expect(await store.show('a')).toMatchObject({ status: 'completed', goes: 2 });
    expect(warnings).toEqual([]);
  });
});
