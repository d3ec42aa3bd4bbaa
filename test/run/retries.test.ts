import {
  EmptyStepError,
  type RetryOptions,
  StepFailedError,
  StepTimeoutError,
  step,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { EMPTY, NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { play, watch } from './support/watch.ts';

/** A step that fails a number of times. */
function flaky(failures: number, retry: number | RetryOptions | undefined) {
  let attempts = 0;
  return step(
    'flaky',
    (ctx) => {
      attempts++;
      if (attempts <= failures) throw new Error(`failure ${String(attempts)}`);
      return ctx.attempt;
    },
    { retry },
  );
}

test.each<[string, number | RetryOptions | undefined, number]>([
  ['no retry', undefined, 1],
  ['0', 0, 1],
  ['n is n retries', 2, 3],
  ['attempts counts all', { attempts: 2 }, 2],
  ['one attempt', { attempts: 1 }, 1],
])('%s', (_, retry, attempts) => {
  const run = play(workflow('retrying', { flaky: flaky(Infinity, retry) }));
  expect(run.error).toBeInstanceOf(StepFailedError);
  expect(run.error).toMatchObject({ attempts, cause: { message: `failure ${String(attempts)}` } });
  expect(run.all('step-started')).toHaveLength(attempts);
  expect(run.all('step-retrying')).toHaveLength(attempts - 1);
});

test('a step that succeeds at last has succeeded; each attempt is told, and numbered', () => {
  const run = play(workflow('retrying', { flaky: flaky(2, 5) }));
  expect(run.result).toStrictEqual({ flaky: 3 });
  expect(
    run.events.map((event) => ('attempt' in event ? `${event.type} ${String(event.attempt)}` : event.type)),
  ).toStrictEqual([
    'run-started',
    'step-started 1',
    'step-retrying 1',
    'step-started 2',
    'step-retrying 2',
    'step-started 3',
    'step-completed 3',
    'run-completed',
  ]);
  expect(run.all('step-retrying')[0]).toMatchObject({ delayMs: 0, error: { message: 'failure 1' } });
});

test('attempts: Infinity goes on until it succeeds', () => {
  const run = play(workflow('retrying', { flaky: flaky(10_000, { attempts: Infinity }) }));
  expect(run.result).toStrictEqual({ flaky: 10_001 });
});

describe('the back-off', () => {
  const delays = (retry: RetryOptions, options = {}): number[] =>
    play(workflow('backing off', { flaky: flaky(Infinity, retry) }), options)
      .all('step-retrying')
      .map(({ delayMs }) => delayMs);

  test.each<[string, RetryOptions, number[]]>([
    ['doubles by default', { attempts: 5, delay: 100 }, [100, 200, 400, 800]],
    ['grows by the factor', { attempts: 4, delay: '1s', factor: 3 }, [1000, 3000, 9000]],
    ['stays with a factor of 1', { attempts: 4, delay: 10, factor: 1 }, [10, 10, 10]],
    ['is 30 s at the most by default', { attempts: 4, delay: '20s' }, [20_000, 30_000, 30_000]],
    ['is maxDelay at the most', { attempts: 4, delay: 10, maxDelay: 15 }, [10, 15, 15]],
    [
      'isn’t cut short by the default where the first delay is longer',
      { attempts: 3, delay: '1m' },
      [60_000, 60_000],
    ],
    ['is none without a delay', { attempts: 3 }, [0, 0]],
    [
      'takes undefined for absent',
      { attempts: 3, delay: 5, factor: undefined, maxDelay: undefined, jitter: undefined, when: undefined },
      [5, 10],
    ],
  ])('%s', (_, retry, expected) => {
    expect(delays(retry)).toStrictEqual(expected);
  });

  test('leaves to chance what jitter says, with the randomness that is given', () => {
    const numbers = [0, 0.5, 1];
    const random = (): number => numbers.shift() ?? 0;
    expect(delays({ attempts: 4, delay: 100, factor: 1, jitter: 0.5 }, { random })).toStrictEqual([
      100, 75, 50,
    ]);
  });

  test('with full jitter lies between nothing and the whole', () => {
    for (const delayMs of delays({ attempts: 50, delay: 100, factor: 1, jitter: 1 })) {
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(100);
    }
  });

  test('is the same in two runs of the same virtual time', () => {
    const retry = { attempts: 10, delay: 100, jitter: 1 };
    expect(delays(retry)).toStrictEqual(delays(retry));
  });

  test('takes as long as it says, in the time of the run', () => {
    const run = play(workflow('backing off', { flaky: flaky(2, { attempts: 3, delay: 100 }) }));
    expect(run.all('step-started').map(({ at }) => at)).toStrictEqual([0, 100, 300]);
  });

  test('holds no demand: others run meanwhile, and each attempt is admitted anew', () => {
    const time = new VirtualTime();
    const again = step(
      'again',
      (ctx) => {
        if (ctx.attempt === 1) throw new Error('once');
        return time.now;
      },
      { retry: { attempts: 2, delay: 10 }, priority: 1 },
    );
    const other = step('other', () => time.after(100, 'other'));
    const run = watch(workflow('admitted anew', { again, other }), time, { concurrency: 1 });
    expect(run.run.snapshot().counts).toMatchObject({ retrying: 1, running: 1 });
    time.advanceTo(50);
    expect(run.run.snapshot().counts).toMatchObject({ ready: 1, running: 1 });
    time.flush();
    expect(run.result).toStrictEqual({ again: 100, other: 'other' });
  });
});

describe('when', () => {
  test('decides by the original error', () => {
    const seen: unknown[] = [];
    const when = (error: unknown): boolean => {
      seen.push(error);
      return (error as Error).message !== 'failure 2';
    };
    const run = play(workflow('when', { flaky: flaky(Infinity, { attempts: 9, when }) }));
    expect(run.error).toMatchObject({ attempts: 2 });
    expect(seen).toMatchObject([{ message: 'failure 1' }, { message: 'failure 2' }]);
  });

  test('isn’t asked after the last attempt', () => {
    let asked = 0;
    play(
      workflow('when', {
        flaky: flaky(Infinity, {
          attempts: 2,
          when: () => {
            asked++;
            return true;
          },
        }),
      }),
    );
    expect(asked).toBe(1);
  });

  test('that throws means no, and is a warning; the first error stays the cause', () => {
    const oops = new Error('in when');
    const run = play(
      workflow('when', {
        flaky: flaky(Infinity, {
          attempts: 9,
          when: () => {
            throw oops;
          },
        }),
      }),
    );
    expect(run.the('warning')).toMatchObject({ topic: 'retry', stepId: 'flaky', error: oops });
    expect(run.error).toMatchObject({ attempts: 1, cause: { message: 'failure 1' } });
  });

  test.each<[string, () => unknown, new (...args: never[]) => Error]>([
    ['a timeout', () => NEVER, StepTimeoutError],
    ['an empty stream', () => EMPTY, EmptyStepError],
  ])('%s is retried unless it refuses', (_, body, type) => {
    const make = (when?: (error: unknown) => boolean) =>
      play(
        workflow('when', { only: step('only', () => body(), { retry: { attempts: 3, when }, timeout: 10 }) }),
      );
    expect(make().error).toMatchObject({ attempts: 3 });
    expect(make((error) => !(error instanceof type)).error).toMatchObject({ attempts: 1 });
  });
});

test('a random that misbehaves can’t make a run hang', () => {
  const retry = { attempts: 2, delay: 100, jitter: 1 };
  for (const random of [
    () => Number.NaN,
    () => 7,
    () => -7,
    () => {
      throw new Error('no luck');
    },
  ]) {
    const run = play(workflow('unlucky', { flaky: flaky(1, retry) }), { random });
    expect(run.isOver).toBe(true);
    expect(run.time.now).toBeLessThanOrEqual(100);
  }
});

test('the inputs of an attempt are those of the one before', () => {
  const source = step('source', () => ({ value: 1 }));
  const seen: unknown[] = [];
  const again = step(
    'again',
    { source },
    (inputs) => {
      seen.push(inputs.source);
      if (seen.length < 3) throw new Error('again');
      return seen.length;
    },
    { retry: 2 },
  );
  const run = play(workflow('inputs', { again }));
  expect(run.result).toStrictEqual({ again: 3 });
  expect(new Set(seen).size).toBe(1);
});
