import { forEachStep, step, subflow, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { map, NEVER, type Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { testDisturbances } from './support/disturbances.ts';
import { expectSound } from './support/sound.ts';
import { play, watch } from './support/watch.ts';

describe('a run with subflows that is stopped', () => {
  const busy = (time: VirtualTime) => {
    let attempts = 0;
    const x = step('x', () => time.after(2, 1), { resource: 'gpu', cleanup: () => time.after(2, 0) });
    const y = step(
      'y',
      { x },
      () => time.after(3, ++attempts).pipe(map((times) => (times === 1 ? broken() : times))),
      { resource: 'gpu' },
    );
    const z = step('z', (ctx) => {
      ctx.defer(() => time.after(1, 0));
      return forEachStep('f', { items: [1, 2] }, (ms): Observable<number> => time.after(ms, ms), {
        resource: 'gpu',
      });
    });
    const inner = workflow('inner', { y, z });
    const s = subflow('s', inner, {
      retry: { attempts: 2, delay: 4 },
      timeout: 100,
      cleanup: () => time.after(1, 0),
    });
    return workflow('w', {
      end: step('end', { s }, () => time.after(1, 'end')),
      side: subflow('side', inner, { onFailure: 'continue', retry: 1 }),
    });
  };

  testDisturbances(busy, { leastEvents: 30, outputs: { end: 'end' } });

  test.each(Array.from({ length: 30 }, (_, ms) => ms))('is sound after a timeout of %i ms', (ms) => {
    const time = new VirtualTime();
    const run = play(busy(time), { limits: { gpu: 1 }, timeout: ms }, time);
    expectSound(run);
  });

  test('undoes as cancelled what it did', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const a = step('a', () => 1, { cleanup: (_, outcome) => log.push(outcome) });
    const inner = workflow('inner', { b: step('b', { a }, () => NEVER) });
    const run = watch(workflow('w', { s: subflow('s', inner) }), time);
    run.run.cancel();
    expect(log).toStrictEqual(['cancelled']);
    expectSound(run);
  });

  test('undoes as failed what it did, where another step failed', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const a = step('a', () => 1, { cleanup: (_, outcome) => log.push(outcome) });
    const inner = workflow('inner', { b: step('b', { a }, () => NEVER) });
    const bad = step('bad', () => time.after(5, 1).pipe(map(broken)));
    const run = play(workflow('w', { s: subflow('s', inner), bad }), {}, time);
    expect(log).toStrictEqual(['failed']);
    expectSound(run);
  });
});
