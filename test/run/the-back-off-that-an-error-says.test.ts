import { InvalidOptionsError, type RetryOptions, step } from 'millrace';
import { describe, expect, test } from 'vitest';
import { oneStepAnywhere } from './support/places.ts';
import { rootCause } from './support/root-cause.ts';
import { expectSound } from './support/sound.ts';
import { unhandledErrors } from './support/unhandled-errors.ts';
import { play } from './support/watch.ts';

class Busy extends Error {
  readonly retryAfter: number;

  constructor(retryAfter: number) {
    super('busy');
    this.retryAfter = retryAfter;
  }
}

function busyTimes(...waits: number[]) {
  let attempt = 0;
  return () => {
    const wait = waits[attempt++];
    if (wait === undefined) return attempt;
    throw new Busy(wait);
  };
}

describe.each(oneStepAnywhere)('%s', (_, place) => {
  const made = (retry: RetryOptions, body: () => unknown) => place(body, retry);

  test('is tried again when its error says', () => {
    const asked: unknown[] = [];
    const run = play(
      made(
        {
          attempts: 5,
          delay: (error, attempt) => {
            asked.push(attempt);
            return (error as Busy).retryAfter;
          },
        },
        busyTimes(100, 7, 60_000),
      ),
    );
    expect(run.all('step-retrying').map(({ delayMs }) => delayMs)).toStrictEqual([100, 7, 60_000]);
    expect(asked).toStrictEqual([1, 2, 3]);
    expect(run.result).toBeDefined();
    expectSound(run);
  });

  test.each<[string, RetryOptions['delay'], Omit<RetryOptions, 'attempts' | 'delay'>, number[]]>([
    ['a duration in words', () => '2s', {}, [2000, 2000]],
    ['undefined, which is no wait', () => undefined, {}, [0, 0]],
    ['0', () => 0, {}, [0, 0]],
    ['what is not multiplied', () => 10, { factor: 3 }, [10, 10]],
    ['what is cut at maxDelay', () => '1h', { maxDelay: '1s' }, [1000, 1000]],
    ['what is left to chance', () => 100, { jitter: 1 }, [50, 50]],
  ])('waits for %s', (__, delay, more, delays) => {
    const run = play(made({ attempts: 3, delay, ...more }, busyTimes(0, 0)), { random: () => 0.5 });
    expect(run.all('step-retrying').map(({ delayMs }) => delayMs)).toStrictEqual(delays);
  });

  test.each<[string, () => unknown]>([
    ['a negative number', () => -1],
    ['NaN', () => Number.NaN],
    ['Infinity', () => Infinity],
    ['junk', () => 'soon'],
    ['null', () => null],
    ['a Date', () => new Date()],
    ['a Promise', () => Promise.resolve(5)],
    ['a Promise that is rejected', () => Promise.reject(new Error('unheard'))],
    ['true', () => true],
  ])('fails with a typed error where delay gives %s, and the cause is kept', async (__, delay) => {
    const unhandled = unhandledErrors();
    const run = play(made({ attempts: 3, delay: delay as never }, busyTimes(5, 5)));
    const refusal = causes(run.error).find((error) => error instanceof InvalidOptionsError);
    expect(refusal?.message).toContain('delay');
    expect(rootCause(run.error)).toBeInstanceOf(Busy);
    expectSound(run);
    await unhandled.settle();
    expect(unhandled.errors).toStrictEqual([]);
  });

  test('fails with its own error where delay throws, and a warning says so', () => {
    const run = play(
      made(
        {
          attempts: 3,
          delay: () => {
            throw new TypeError('no header');
          },
        },
        busyTimes(5, 5),
      ),
    );
    expect(rootCause(run.error)).toBeInstanceOf(Busy);
    expect(run.the('warning')).toMatchObject({ topic: 'retry', error: { message: 'no header' } });
    expectSound(run);
  });

  test.each<[string, () => unknown]>([
    ['undefined', () => undefined],
    ['a Promise', () => Promise.resolve(true)],
    ['a Promise that is rejected', () => Promise.reject(new Error('unheard'))],
    ['1', () => 1],
    ['text', () => 'yes'],
    ['null', () => null],
  ])('fails with a typed error where retry.when gives %s, and the cause is kept', async (__, when) => {
    const unhandled = unhandledErrors();
    const run = play(made({ attempts: 3, when: when as never }, busyTimes(5, 5)));
    const refusal = causes(run.error).find((error) => error instanceof InvalidOptionsError);
    expect(refusal?.message).toContain('retry.when');
    expect(refusal?.cause).toBeInstanceOf(Busy);
    expect(run.all('step-retrying')).toStrictEqual([]);
    expectSound(run);
    await unhandled.settle();
    expect(unhandled.errors).toStrictEqual([]);
  });

  test('may be cancelled on being asked', () => {
    const work = made(
      {
        attempts: 3,
        when: () => {
          running.cancel('enough');
          return true;
        },
      },
      busyTimes(5, 5),
    );
    const running = work.run();
    let error: unknown;
    running.result$.subscribe({
      error: (thrown: unknown) => {
        error = thrown;
      },
    });
    expect(error).toMatchObject({ reason: 'enough' });
  });
});

test.each(['soon', -1, null, {}, Number.NaN])('a delay of %j is refused when the step is made', (delay) => {
  expect(() => step('one', () => 1, { retry: { attempts: 2, delay: delay as never } })).toThrow(
    InvalidOptionsError,
  );
});

function causes(error: unknown): Error[] {
  const found: Error[] = [];
  for (let current = error; current instanceof Error; current = current.cause) found.push(current);
  return found;
}
