import { sharedLimits, step, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { idleUsage, Sharing } from './support/sharing.ts';
import { watch } from './support/watch.ts';

/** A run that keeps one `db` busy up to a moment, and does nothing else. */
function keepBusy(sharing: Sharing, until: number, resource: object = { db: 1 }): void {
  sharing.run('busy', [{ ms: until, resource: resource as Record<string, number> }]);
}

describe('runs that wait are served in turn', () => {
  test('a start each', () => {
    const sharing = new Sharing({ db: 1 });
    keepBusy(sharing, 10);
    for (const id of ['a', 'b', 'c']) sharing.queries(id, 2);
    sharing.time.flush();
    expect(sharing.runsOf().slice(1)).toStrictEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  test('a start each, however many demands a run waits with', () => {
    const sharing = new Sharing({ db: 2, memory: 100 });
    sharing.run('busy', [{ ms: 10 }, { ms: 15 }]);
    // With three demands it has no more turns than the other.
    sharing.run('a', [
      { resource: 'db' },
      { resource: { db: 1, memory: 1 } },
      { resource: { db: 1, memory: 2 } },
    ]);
    sharing.queries('b', 3);
    sharing.time.flush();
    expect(sharing.runsOf().slice(2)).toStrictEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  test('a start each of every class: one that takes of another costs no turn', () => {
    const sharing = new Sharing({ db: 1, api: 1 });
    sharing.run('busy', [{ ms: 10, resource: ['db', 'api'] }]);
    sharing.run('a', [{ resource: 'api' }, { resource: 'db' }]);
    sharing.run('b', [{ resource: 'api' }, { resource: 'db' }]);
    sharing.time.flush();
    expect(sharing.starts.slice(1)).toStrictEqual(['10 a s0', '10 a s1', '20 b s0', '20 b s1']);
  });

  test('and start what they like best in their turn: the order of their own steps is theirs', () => {
    const sharing = new Sharing({ db: 1, gpu: 2 });
    keepBusy(sharing, 10);
    sharing.run('a', [
      { resource: 'db' },
      { resource: ['db', 'gpu'], priority: 1 },
      { resource: ['db', { gpu: 2 }], priority: 2 },
    ]);
    sharing.queries('b', 1);
    sharing.time.flush();
    expect(sharing.starts.slice(1)).toStrictEqual(['10 a s2', '20 b s0', '30 a s1', '40 a s0']);
  });

  test('when several things come back at once, as when a run is cancelled', () => {
    const sharing = new Sharing({ db: 4 });
    const busy = sharing.queries('busy', 4);
    for (const id of ['a', 'b', 'c']) sharing.queries(id, 3);
    sharing.time.advanceTo(5);
    busy.run.cancel();
    expect(sharing.runsOf(5)).toStrictEqual(['a', 'b', 'c', 'a']);
  });

  test('and find their own async context and their own present when others wake them', () => {
    const sharing = new Sharing({ db: 1 });
    const a = sharing.queries('a', 1);
    const b = sharing.queries('b', 1);
    sharing.time.flush();
    expect(a.events.map(({ at, type }) => `${String(at)} ${type}`)).toStrictEqual([
      '0 run-started',
      '0 step-started',
      '10 step-completed',
      '10 run-completed',
    ]);
    expect(b.the('step-started').at).toBe(10);
    // What has come back is told before it is taken again.
    expect(sharing.taken('db')).toBe(0);
  });

  test('from within each other, without end: 3,000 runs of steps that are over at once', () => {
    const sharing = new Sharing({ db: 1 });
    const { shared, time } = sharing;
    const gate = sharing.queries('gate', 1);
    const quick = workflow('quick', { only: step('only', () => 1, { resource: 'db' }) });
    const runs = Array.from({ length: 3000 }, () => watch(quick, time, { shared }));
    expect(shared.usage().inLine).toBe(3000);
    time.flush();
    expect(gate.isOver).toBe(true);
    expect(runs.filter(({ isOver }) => !isOver)).toStrictEqual([]);
    expect(shared.usage()).toMatchObject(idleUsage);
  });
});

describe('a run of a higher priority', () => {
  test('goes first', () => {
    const sharing = new Sharing({ db: 1 });
    keepBusy(sharing, 10);
    for (const [id, priority] of [
      ['low', -1],
      ['usual', undefined],
      ['high', 7],
    ] as const)
      sharing.queries(id, 2, { priority });
    sharing.time.flush();
    expect(sharing.runsOf().slice(1)).toStrictEqual(['high', 'high', 'usual', 'usual', 'low', 'low']);
  });

  test('overtakes none more often than may be', () => {
    const sharing = new Sharing({ db: 1 }, { maxOvertakes: 3 });
    keepBusy(sharing, 10);
    sharing.queries('low', 2);
    sharing.queries('high', 9, { priority: 1 });
    sharing.time.flush();
    expect(sharing.runsOf().slice(1).join(' ')).toBe('high high high low high high high high low high high');
  });

  test('overtakes nobody at 0', () => {
    const sharing = new Sharing({ db: 1 }, { maxOvertakes: 0 });
    keepBusy(sharing, 10);
    sharing.queries('low', 2);
    sharing.queries('high', 2, { priority: 1 });
    sharing.time.flush();
    expect(sharing.runsOf().slice(1)).toStrictEqual(['low', 'high', 'low', 'high']);
  });

  test('of several shared limits counts with the least of their bounds', () => {
    const sharing = new Sharing({ db: 1 }, { maxOvertakes: 9 });
    const strict = sharedLimits({ gpu: 1 }, { maxOvertakes: 0 });
    keepBusy(sharing, 10);
    sharing.queries('low', 1, { shared: [sharing.shared, strict] });
    sharing.queries('high', 1, { priority: 1 });
    sharing.time.flush();
    expect(sharing.runsOf().slice(1)).toStrictEqual(['low', 'high']);
  });
});

describe('a run that needs more than others', () => {
  test('is overtaken only so often before all have to wait for it', () => {
    const sharing = new Sharing({ db: 3 }, { maxOvertakes: 4 });
    // There is always one free, and never three.
    sharing.run(
      'x',
      Array.from({ length: 12 }, () => ({ ms: 10 })),
      { concurrency: 1 },
    );
    sharing.run(
      'y',
      Array.from({ length: 12 }, () => ({ ms: 13 })),
      { concurrency: 1 },
    );
    const big = sharing.run('big', [{ resource: { db: 3 } }]);
    sharing.time.flush();
    const before = sharing.starts.findIndex((start) => start.includes('big'));
    // Two that were there already, and four that came later.
    expect(before).toBe(6);
    expect(big.isOver).toBe(true);
  });

  test('keeps nobody from what it doesn’t need', () => {
    const sharing = new Sharing({ db: 2, api: 5 }, { maxOvertakes: 0 });
    keepBusy(sharing, 50);
    sharing.run('big', [{ resource: { db: 2, api: 1 } }]);
    sharing.run('others', [{ resource: 'api' }, { resource: 'db' }]);
    sharing.time.advanceTo(20);
    // One api of five leaves enough for it; the one db that is free would not.
    expect(sharing.runsOf()).toStrictEqual(['busy', 'others']);
    sharing.time.flush();
    expect(sharing.starts.slice(2)).toStrictEqual(['50 big s0', '60 others s1']);
  });

  test('keeps nobody waiting any more once it is cancelled', () => {
    const sharing = new Sharing({ db: 2 }, { maxOvertakes: 0 });
    keepBusy(sharing, 50);
    const big = sharing.run('big', [{ resource: { db: 2 } }]);
    sharing.queries('a', 1);
    sharing.time.at(20, () => {
      big.run.cancel();
      expect(sharing.runsOf(20)).toStrictEqual(['a']);
    });
    sharing.time.flush();
    expect(sharing.runsOf()).toStrictEqual(['busy', 'a']);
  });

  test('keeps nobody waiting while it couldn’t start itself', () => {
    const sharing = new Sharing({ db: 2 }, { maxOvertakes: 0 });
    keepBusy(sharing, 50);
    const big = sharing.run('big', [{ resource: { db: 2 } }]);
    sharing.queries('a', 1);
    sharing.time.at(20, () => {
      big.run.pause();
    });
    sharing.time.advanceTo(20);
    expect(sharing.runsOf(20)).toStrictEqual(['a']);
    sharing.time.at(60, () => {
      big.run.resume();
    });
    sharing.time.flush();
    expect(sharing.starts.at(-1)).toBe('60 big s0');
  });

  test('nor while a class is paused that it needs as well', () => {
    const sharing = new Sharing({ db: 2, gpu: 1 }, { maxOvertakes: 0 });
    keepBusy(sharing, 50);
    sharing.shared.pause('gpu');
    sharing.run('big', [{ resource: { db: 2, gpu: 1 } }]);
    sharing.queries('a', 1);
    expect(sharing.runsOf()).toStrictEqual(['busy', 'a']);
  });
});

describe('a run leaves the line', () => {
  test('at once when it is cancelled, in the middle of what another run does', () => {
    const sharing = new Sharing({ db: 1 });
    keepBusy(sharing, 10);
    const a = sharing.queries('a', 1);
    const b = sharing.queries('b', 1);
    sharing.time.advanceTo(5);
    a.run.cancel('gone');
    expect(sharing.shared.usage()).toMatchObject({
      running: 2,
      inLine: 1,
      resources: { db: { waiting: 1 } },
    });
    expect(a.isOver).toBe(true);
    sharing.time.flush();
    expect(b.the('step-started').at).toBe(10);
  });

  test('when the step is cancelled that waits', () => {
    const sharing = new Sharing({ db: 1 });
    keepBusy(sharing, 10);
    const a = sharing.queries('a', 1);
    a.run.cancelStep('s0');
    expect(sharing.shared.usage().resources['db']?.waiting).toBe(0);
    sharing.time.flush();
    expect(sharing.runsOf()).toStrictEqual(['busy']);
  });

  test('when it may not start more of its own', () => {
    const sharing = new Sharing({ db: 1, gpu: 1 });
    keepBusy(sharing, 10);
    sharing.run('a', [{ resource: 'db' }, { resource: 'gpu', ms: 40 }], { concurrency: 1 });
    expect(sharing.shared.usage().resources['db']?.waiting).toBe(0);
    sharing.queries('b', 1);
    sharing.time.flush();
    expect(sharing.starts).toStrictEqual(['0 busy s0', '0 a s1', '10 b s0', '40 a s0']);
  });

  test('at once also where it is in the middle of something itself', () => {
    const sharing = new Sharing({ db: 1 });
    keepBusy(sharing, 50);
    const a = sharing.run('a', [{}, { resource: 'light-io' }]);
    let waiting: number | undefined;
    a.run.progress$.subscribe(({ type }) => {
      if (type !== 'step-completed') return;
      a.run.cancel();
      waiting = sharing.shared.usage().resources['db']?.waiting;
    });
    sharing.time.flush();
    expect(waiting).toBe(0);
  });

  test('and gives its turn to the next, where it can’t use it, with what counted for a rate', () => {
    const sharing = new Sharing({ a: 1, b: { limit: 1, rate: { limit: 2, per: 1000 } } });
    const { time, shared } = sharing;
    const holder = sharing.run('holder', [{ resource: ['a', 'b'] }, { resource: 'b' }], { priority: 1 });
    // It is served after the holder has got its turn, and before that can use it.
    const meddles = step(
      'meddles',
      () => {
        holder.run.pause();
      },
      { resource: 'a' },
    );
    watch(workflow('meddler', { meddles }), time, { shared });
    sharing.run('next', [{ resource: 'b' }]);
    time.advanceTo(500);
    expect(holder.run.snapshot().isPaused).toBe(true);
    expect(sharing.starts).toStrictEqual(['0 holder s0', '10 next s0']);
    expect(sharing.taken('b')).toBe(0);
  });
});
