import { mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { input, step, type, workflow } from 'millrace';
import { file } from 'millrace/store';
import { afterEach, describe, expect, test } from 'vitest';
import { Calls } from './support/calls.ts';
import { known, Place, runId, warnings } from './support/place.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const calls = new Calls();
let runs = 0;

afterEach(() => {
  calls.take();
});

async function go(place: Place, steps: Parameters<Place['run']>[0], inputs: object = {}) {
  const options = { runId: `${runId} ${String(++runs)}`, inputs } as Parameters<Place['run']>[1];
  const { result, error, events } = await place.run(steps, options);
  return { result, error, events, cached: known(events, 'cached'), ran: calls.take() };
}

const path = input('path', type<string>());

describe('the files that a step says it reads', () => {
  const reading = workflow('w', {
    text: step('text', { path }, (inputs) => calls.note('text', readFileSync(inputs.path, 'utf8')), {
      cache: { version: 1, files: (inputs) => [inputs.path] },
    }),
  });

  test('count by what is in them, not by when they were written', async () => {
    const place = new Place();
    const name = join(temporaryFolder(), 'a.txt');
    writeFileSync(name, 'one');
    await go(place, reading, { path: name });
    expect(await go(place, reading, { path: name })).toMatchObject({ cached: ['text'] });
    utimesSync(name, 1, 1);
    expect(await go(place, reading, { path: name })).toMatchObject({ cached: ['text'] });
    // As long as before, so that only what is in it has changed.
    writeFileSync(name, 'two');
    utimesSync(name, 1, 1);
    expect(await go(place, reading, { path: name })).toMatchObject({
      result: { text: 'two' },
      ran: ['text'],
    });
    writeFileSync(name, 'one');
    expect(await go(place, reading, { path: name })).toMatchObject({
      result: { text: 'one' },
      cached: ['text'],
    });
  });

  test('count as folders with all that is in them', async () => {
    const place = new Place();
    const folder = temporaryFolder();
    const steps = workflow('w', {
      a: step('a', { path }, () => calls.note('a', 1), {
        cache: { version: 1, files: (inputs) => [inputs.path] },
      }),
    });
    const changes: readonly (() => void)[] = [
      () => writeFileSync(join(folder, 'a'), 'one'),
      () => writeFileSync(join(folder, 'a'), 'two'),
      () => writeFileSync(join(folder, 'b'), 'two'),
      () => mkdirSync(join(folder, 'deep')),
      () => writeFileSync(join(folder, 'deep', 'c'), 'three'),
      () => symlinkSync('a', join(folder, 'link')),
      () => rmSync(join(folder, 'b')),
    ];
    for (const [at, change] of changes.entries()) {
      change();
      expect(await go(place, steps, { path: folder }), String(at)).toMatchObject({ ran: ['a'] });
      expect(await go(place, steps, { path: folder }), String(at)).toMatchObject({ cached: ['a'] });
    }
  });

  test('and that somebody writes to while it runs leave no result', async () => {
    const place = new Place();
    const name = join(temporaryFolder(), 'a.txt');
    writeFileSync(name, 'one');
    let text = 'another';
    const steps = workflow('w', {
      a: step(
        'a',
        { path },
        (inputs) => {
          writeFileSync(inputs.path, text);
          return calls.note('a', readFileSync(inputs.path, 'utf8'));
        },
        { cache: { version: 1, files: (inputs) => [inputs.path] } },
      ),
    });
    await go(place, steps, { path: name });
    writeFileSync(name, 'one');
    text = 'a third one';
    expect(await go(place, steps, { path: name })).toMatchObject({
      result: { a: 'a third one' },
      ran: ['a'],
    });
  });
});

describe('an output that is a file', () => {
  const making = (text: string) =>
    workflow('w', {
      made: step(
        'made',
        { path },
        (inputs) => {
          writeFileSync(inputs.path, text);
          return calls.note('made', file(inputs.path));
        },
        { cache: { version: 1 } },
      ),
    });

  test('is a hit only where it is still there, with the same in it', async () => {
    const place = new Place();
    const name = join(temporaryFolder(), 'out');
    await go(place, making('x'), { path: name });
    expect(await go(place, making('x'), { path: name })).toMatchObject({
      cached: ['made'],
      result: { made: { path: name } },
    });
    writeFileSync(name, 'y');
    expect(await go(place, making('x'), { path: name })).toMatchObject({ ran: ['made'] });
    rmSync(name);
    expect(await go(place, making('x'), { path: name })).toMatchObject({ ran: ['made'] });
    expect(await go(place, making('x'), { path: name })).toMatchObject({ cached: ['made'] });
  });

  test('counts by what is in it for those that need it', async () => {
    const place = new Place();
    const name = join(temporaryFolder(), 'out');
    let text = 'one';
    const made = step('made', () => {
      writeFileSync(name, text);
      return calls.note('made', file(name));
    });
    const used = step(
      'used',
      { made },
      (inputs) => calls.note('used', readFileSync(inputs.made.path, 'utf8')),
      {
        cache: { version: 1 },
      },
    );
    const steps = workflow('w', { used });
    await go(place, steps);
    expect(await go(place, steps)).toMatchObject({ ran: ['made'], cached: ['used'] });
    text = 'two';
    expect(await go(place, steps)).toMatchObject({ ran: ['made', 'used'], result: { used: 'two' } });
  });

  test('and is gone when another needs it makes that one a miss, and says so', async () => {
    const place = new Place();
    const name = join(temporaryFolder(), 'none');
    const made = step('made', () => file(name), { checkpoint: false });
    const used = step('used', { made }, () => calls.note('used', 1), { cache: { version: 1 } });
    const { ran, events } = await go(place, workflow('w', { used }));
    expect(ran).toStrictEqual(['used']);
    expect(warnings(events)).toMatchObject([
      expect.stringMatching(
        /^step 'used' has no result in the cache: .*none', which can't be read \(.*ENOENT/,
      ),
    ]);
  });
});
