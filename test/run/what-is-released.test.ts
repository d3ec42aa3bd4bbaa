import {
  choose,
  fallback,
  firstOf,
  forEachStep,
  optional,
  type Step,
  type StepFailedError,
  step,
  subflow,
  workflow,
} from 'millrace';
import { NEVER, Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { failsAfter, takes } from './support/branches.ts';
import { broken } from './support/broken.ts';
import { ClosingLog, settled } from './support/closing-log.ts';
import { expectSound } from './support/sound.ts';
import { watch } from './support/watch.ts';

describe('what a step has opened is closed', () => {
  test('as soon as the bodies of all who need it have stopped', () => {
    const log = new ClosingLog();
    const open = log.opens('open');
    const a = step('a', { open }, () => log.time.after(5, 1));
    const b = step('b', { open }, () => log.time.after(10, 1));
    const c = step('c', { a, b }, () => log.time.after(10, 1));
    const run = log.play(workflow('w', { c }));
    expect(log.lines).toStrictEqual(['10 release open']);
    expectSound(run);
  });

  test('at once where nobody needs it', () => {
    const log = new ClosingLog();
    const open = log.opens('open');
    const gone = step('gone', { open: optional(open) }, () => 1, { when: () => false });
    const end = step('end', { gone: optional(gone) }, () => log.time.after(10, 1));
    log.play(workflow('w', { end }));
    expect(log.lines).toStrictEqual(['0 release open']);
  });

  test('after finalisers of who needs it', () => {
    const log = new ClosingLog();
    const open = log.opens('open');
    const user = step('user', { open }, (_, ctx) => {
      ctx.defer(() => {
        log.note('finalised');
        return log.time.after(5, 1);
      });
      return 1;
    });
    const end = step('end', { user }, () => log.time.after(10, 1));
    log.play(workflow('w', { end }));
    expect(log.lines).toStrictEqual(['0 finalised', '5 release open']);
  });

  test('before anything else of a run that waits for it: it is awaited', () => {
    const log = new ClosingLog();
    const open = log.opens('open', { release: () => log.time.after(100, 1) });
    const user = step('user', { open }, () => 1);
    const run = watch(workflow('w', { user }), log.time);
    log.time.advanceTo(99);
    expect(run.isOver).toBe(false);
    log.time.flush();
    expect(run.the('run-completed').at).toBe(100);
    expect(run.result).toStrictEqual({ user: 1 });
  });

  test.each<[string, (log: ClosingLog, open: Step<string, never>) => Step<unknown, never>]>([
    ['failed', (_, open) => step('user', { open }, broken)],
    ['timed out', (_, open) => step('user', { open }, () => NEVER, { timeout: 5 })],
    ['was tried again', (_, open) => step('user', { open }, broken, { retry: { attempts: 2, delay: 5 } })],
    [
      'has work done by steps of its own',
      (log, open) => {
        const inner = workflow('inner', { late: failsAfter(log.time, 'late', 5) });
        return step('user', { open }, () => inner);
      },
    ],
    [
      'has children',
      (log, open) =>
        forEachStep('user', { open, items: [1, 2] }, (ms) => (ms === 2 ? broken() : log.time.after(ms, 1))),
    ],
  ])('once, also where who needs it %s', (_, make) => {
    const log = new ClosingLog();
    const run = log.play(workflow('w', { user: make(log, log.opens('open')) }));
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toContain('release open');
    expect(run.error).toBeDefined();
    expectSound(run);
  });

  test('once where the run is cancelled, after the bodies have stopped', () => {
    const log = new ClosingLog();
    const open = log.opens('open');
    const user = step('user', { open }, (_, ctx) => {
      ctx.defer(() => log.time.after(20, 1));
      return NEVER;
    });
    const run = watch(workflow('w', { user }), log.time);
    log.time.advanceTo(10);
    run.run.cancel();
    log.time.flush();
    expect(log.lines).toStrictEqual(['30 release open']);
    expectSound(run);
  });

  test('when a body that was abandoned still uses it, only with the run', async () => {
    const log = new ClosingLog();
    const open = log.opens('open');
    const deaf = step('deaf', { open }, () => new Promise<never>(() => undefined), { timeout: 5 });
    const saved = fallback('saved', deaf, takes(log.time, 'other', 100));
    const run = watch(workflow('w', { saved }), log.time, { gracePeriod: 10 });
    log.time.advanceTo(50);
    await settled();
    expect(log.lines).toStrictEqual([]);
    log.time.flush();
    expect(log.lines).toStrictEqual(['115 release open']);
    expect(run.result).toStrictEqual({ saved: 'other' });
  });
});

describe('where something may have to be undone that could need it', () => {
  test.each<[string, (log: ClosingLog) => Step<unknown, never>]>([
    [
      'who needs it has a clean-up',
      (log) => step('user', { open: log.opens('open') }, () => 1, log.cleanup('user')),
    ],
    [
      'who needs that has one',
      (log) => {
        const between = step('between', { open: log.opens('open') }, () => 1);
        return step('user', { between }, () => 1, log.cleanup('user'));
      },
    ],
  ])('it is closed after the clean-ups of a run that fails: %s', (_, make) => {
    const log = new ClosingLog();
    const user = make(log);
    const run = log.play(
      workflow('w', { bad: step('bad', { user }, () => log.time.after(5, 1).pipe(() => failing())) }),
    );
    expect(log.lines).toStrictEqual(
      ['5 cleanup user', '5 release open'].map((line) => line.replace('5', String(run.events.at(-1)?.at))),
    );
    expectSound(run);
  });

  test('it is closed at the end of one that succeeds', () => {
    const log = new ClosingLog();
    const user = step('user', { open: log.opens('open') }, () => 1, log.cleanup('user'));
    const end = step('end', { user }, () => log.time.after(10, 1));
    log.play(workflow('w', { end }));
    expect(log.lines).toStrictEqual(['10 release open']);
  });

  test('it is closed in the reverse order of opening', () => {
    const log = new ClosingLog();
    const one = log.opens('one');
    const two = log.opens('two');
    const user = step('user', { one, two }, () => 1, log.cleanup('user'));
    log.play(workflow('w', { bad: step('bad', { user }, broken) }));
    expect(log.lines).toStrictEqual(['0 cleanup user', '0 release two', '0 release one']);
  });

  test('its own clean-up comes first', () => {
    const log = new ClosingLog();
    const open = log.opens('open', log.cleanup('open'));
    const bad = step('bad', { open }, broken);
    log.play(workflow('w', { bad }));
    expect(log.lines).toStrictEqual(['0 cleanup open', '0 release open']);
  });

  test('in a subflow, of which a later step fails', () => {
    const log = new ClosingLog();
    const inner = workflow('inner', {
      user: step('user', { open: log.opens('open') }, () => 1, log.cleanup('user')),
    });
    const sub = subflow('sub', inner);
    log.play(workflow('w', { bad: step('bad', { sub }, broken) }));
    expect(log.lines).toStrictEqual(['0 cleanup user', '0 release open']);
  });
});

describe('an output that the caller gets is not closed', () => {
  test.each<[string, (log: ClosingLog) => Step<unknown, never>]>([
    ['of a step', (log) => log.opens('open')],
    ['of a subflow', (log) => subflow('sub', workflow('inner', { open: log.opens('open') }))],
    ['of a returned step', (log) => step('sub', () => log.opens('open'))],
    [
      'of a child',
      (log) => forEachStep('fan', { items: [1] }, () => 'x', { release: () => log.note('release') }),
    ],
    ['of a step in a child', (log) => forEachStep('fan', { items: [1] }, () => log.opens('open'))],
    ['of who wins', (log) => firstOf('race', [log.opens('open'), step('slow', () => NEVER)])],
  ])('%s', (_, make) => {
    const log = new ClosingLog();
    const run = log.play(workflow('w', { made: make(log) }));
    expect(run.error).toBeUndefined();
    expect(log.lines).toStrictEqual([]);
  });

  test('but it is where the run fails after all', () => {
    const log = new ClosingLog();
    const open = log.opens('open');
    const run = log.play(workflow('w', { open, bad: failsAfter(log.time, 'bad', 5) }));
    expect(log.lines).toStrictEqual(['5 release open']);
    expect((run.error as StepFailedError).outputs).toStrictEqual({ open: 'open' });
  });

  test.each<[string, (log: ClosingLog) => Step<unknown, never>]>([
    ['a subflow', (log) => subflow('sub', workflow('inner', { open: log.opens('open') }))],
    [
      'a child',
      (log) => forEachStep('sub', { items: [1] }, () => 'open', { release: () => log.note('release open') }),
    ],
    ['a returned step', (log) => step('sub', () => log.opens('open'))],
  ])('what %s has opened is closed when nobody needs what it gave', (_, make) => {
    const log = new ClosingLog();
    const user = step('user', { sub: make(log) }, () => log.time.after(5, 1));
    const end = step('end', { user }, () => log.time.after(5, 1));
    log.play(workflow('w', { end }));
    expect(log.lines).toStrictEqual(['5 release open']);
  });
});

describe('what a join gives on is open as long as it or its own is needed', () => {
  type Join = (open: Step<string, never>) => Step<unknown, never>;
  const which = step('which', () => 'a' as const);
  const joins: [string, Join][] = [
    ['firstOf', (open) => firstOf('join', [open, step('slow', () => NEVER)])],
    [
      'fallback',
      (open) =>
        fallback(
          'join',
          open,
          step('other', () => 1),
        ),
    ],
    ['fallback to it', (open) => fallback('join', step('lost', broken), open)],
    ['choose', (open) => choose('join', { which }, (inputs) => inputs.which, { a: open })],
    ['choose with a record', (open) => choose('join', { which }, (inputs) => inputs.which, { a: { open } })],
    [
      'a join of a join',
      (open) =>
        firstOf('join', [
          fallback(
            'within',
            open,
            step('other', () => 1),
          ),
          step('slow', () => NEVER),
        ]),
    ],
  ];
  const user = (log: ClosingLog, id: string, deps: Record<string, Step<unknown, never>>, ms: number) =>
    step(id, deps, () => log.time.after(ms, 1));

  describe.each(joins)('%s', (_, make) => {
    test('whose output is used', () => {
      const log = new ClosingLog();
      const used = user(log, 'used', { join: make(log.opens('open')) }, 5);
      const run = log.play(workflow('w', { end: user(log, 'end', { used }, 5) }));
      expect(log.lines).toStrictEqual(['5 release open']);
      expectSound(run);
    });

    test.each([
      [5, 10],
      [10, 5],
    ])('used for %i ms, beside a direct use of %i ms', (join, direct) => {
      const log = new ClosingLog();
      const open = log.opens('open');
      const one = user(log, 'one', { join: make(open) }, join);
      const two = user(log, 'two', { open }, direct);
      log.play(workflow('w', { end: user(log, 'end', { one, two }, 5) }));
      expect(log.lines).toStrictEqual(['10 release open']);
    });

    test('that the caller gets, beside a use that is over', () => {
      const log = new ClosingLog();
      const open = log.opens('open');
      const run = log.play(workflow('w', { join: make(open), one: user(log, 'one', { open }, 5) }));
      expect(run.error).toBeUndefined();
      expect(log.lines).toStrictEqual([]);
    });

    test('that comes out of a subflow', () => {
      const log = new ClosingLog();
      const open = log.opens('open');
      const inner = workflow('inner', { join: make(open), one: user(log, 'one', { open }, 5) });
      const used = user(log, 'used', { sub: subflow('sub', inner) }, 5);
      log.play(workflow('w', { end: user(log, 'end', { used }, 5) }));
      expect(log.lines).toStrictEqual(['10 release open']);
    });

    test('in a run that fails', () => {
      const log = new ClosingLog();
      const join = make(log.opens('open'));
      const run = log.play(workflow('w', { join, bad: failsAfter(log.time, 'bad', 5) }));
      expect(log.lines).toStrictEqual(['5 release open']);
      expectSound(run);
    });

    test('a clean-up after a direct use comes first', () => {
      const log = new ClosingLog();
      const open = log.opens('open');
      const one = step('one', { open }, () => 1, log.cleanup('one'));
      const two = user(log, 'two', { join: make(open) }, 5);
      log.play(workflow('w', { end: step('end', { one, two }, broken) }));
      expect(log.lines).toStrictEqual(['5 cleanup one', '5 release open']);
    });
  });
});

describe('what was discarded is closed', () => {
  test('of a loser that completes on its way out', async () => {
    const log = new ClosingLog();
    let resolve: ((value: string) => void) | undefined;
    const slow = step('slow', () => new Promise<string>((settle) => (resolve = settle)), {
      release: (output) => {
        log.note(`release ${output}`);
      },
    });
    const race = firstOf('race', [slow, takes(log.time, 'fast', 1)]);
    const run = watch(workflow('w', { race }), log.time);
    log.time.advanceTo(5);
    resolve?.('slow');
    await settled();
    expect(log.lines).toStrictEqual(['5 release slow']);
    expect(run.isOver).toBe(true);
    expectSound(run);
  });

  test('of one that timed out, or was cancelled', async () => {
    const log = new ClosingLog();
    let resolve: ((value: string) => void) | undefined;
    const slow = step('slow', () => new Promise<string>((settle) => (resolve = settle)), {
      timeout: 5,
      release: (output) => {
        log.note(`release ${output}`);
      },
    });
    const run = watch(workflow('w', { slow }), log.time);
    log.time.advanceTo(10);
    resolve?.('slow');
    await settled();
    expect(log.lines).toStrictEqual(['10 release slow']);
    expectSound(run);
  });

  test('of one that was abandoned and completes after all', async () => {
    const log = new ClosingLog();
    let resolve: ((value: string) => void) | undefined;
    const slow = step('slow', () => new Promise<string>((settle) => (resolve = settle)), {
      timeout: 5,
      release: (output) => {
        log.note(`release ${output}`);
      },
    });
    const run = watch(workflow('w', { slow }), log.time, { gracePeriod: 10 });
    log.time.advanceTo(20);
    expect(run.isOver).toBe(true);
    resolve?.('slow');
    await settled();
    expect(log.lines).toStrictEqual(['20 release slow']);
  });

  test('of the earlier attempts of a subflow', () => {
    const log = new ClosingLog();
    let attempts = 0;
    const sub = subflow(
      'sub',
      () => {
        const number = String(++attempts);
        const open = log.opens(`open ${number}`);
        return workflow('inner', {
          open,
          last: step('last', { open }, () => (number === '3' ? 1 : broken())),
        });
      },
      { retry: 3 },
    );
    const run = log.play(workflow('w', { sub }));
    expect(log.lines).toStrictEqual(['0 release open 1', '0 release open 2']);
    expectSound(run);
  });

  test('of a completed child whose fan-out is tried no further', () => {
    const log = new ClosingLog();
    const fan = forEachStep('fan', { items: [1, 2, 3] }, (item) => (item === 3 ? broken() : item), {
      release: (output) => {
        log.note(`release ${String(output)}`);
      },
      concurrency: 1,
    });
    log.play(workflow('w', { fan }));
    expect(log.lines.toSorted()).toStrictEqual(['0 release 1', '0 release 2']);
  });
});

function failing(): Observable<never> {
  return new Observable((subscriber) => {
    subscriber.error(new Error('broken'));
  });
}
