import { CancellationToken, CancelledError, type StepContext, step, type Workflow, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { firstValueFrom, NEVER, Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { oneStepAnywhere } from './support/places.ts';
import { settlePromises } from './support/settle-promises.ts';
import { expectSound } from './support/sound.ts';
import { type Watched, watch } from './support/watch.ts';

type Body = (ctx: StepContext, time: VirtualTime) => unknown;

const inner = (): Workflow<unknown, never> => workflow('inner', { never: step('never', () => NEVER) });

/** A cancel that is nobody's of this run. */
const foreign: [string, Body][] = [
  [
    'an inner run that timed out by its token',
    (_, time) => {
      const token = CancellationToken.timeout(5, time.scheduler);
      return inner().run({ token, scheduler: time.scheduler }).result$;
    },
  ],
  [
    'an inner run that somebody cancelled',
    async () => {
      const run = inner().run();
      const result = run.result();
      run.cancel('inner');
      return result;
    },
  ],
  [
    'an inner run whose last subscriber left',
    async () => {
      const run = inner().run();
      run.result$.subscribe().unsubscribe();
      return firstValueFrom(run.result$);
    },
  ],
  [
    'a child of its token, cancelled by itself',
    (ctx) => {
      const child = ctx.token.child();
      child.cancel('child');
      child.throwIfCancelled();
    },
  ],
  [
    'a token of its own',
    () => {
      const token = new CancellationToken();
      token.cancel('mine');
      token.throwIfCancelled();
    },
  ],
  [
    'a token of an AbortSignal that timed out',
    () => {
      const token = CancellationToken.from(AbortSignal.abort(new DOMException('timed out', 'TimeoutError')));
      token.throwIfCancelled();
    },
  ],
  [
    'an AbortError, nobody having aborted',
    () => Promise.reject(new DOMException('This operation was aborted', 'AbortError')),
  ],
  [
    'the signal of a child',
    (ctx) => {
      const child = ctx.token.child();
      child.cancel('child');
      child.signal.throwIfAborted();
    },
  ],
];

/** A cancel of this run, in the words of one of its steps. */
const own: [string, Body][] = [
  [
    'one made by hand',
    () => {
      throw new CancelledError();
    },
  ],
  [
    'one made by hand, with a reason',
    () => {
      throw new CancelledError('by hand');
    },
  ],
  ['one made by hand, as a rejection', () => Promise.reject(new CancelledError('by hand'))],
  [
    'its own token',
    (ctx) => {
      ctx.token.cancel('own');
      ctx.token.throwIfCancelled();
    },
  ],
  [
    'a child of its token, cancelled with it',
    (ctx) => {
      const child = ctx.token.child();
      ctx.token.cancel('own');
      child.throwIfCancelled();
    },
  ],
  [
    'its own token, in an inner run that was given it',
    (ctx, time) => {
      const { result$ } = inner().run({ token: ctx.token, scheduler: time.scheduler });
      return new Observable((subscriber) => {
        const subscription = result$.subscribe(subscriber);
        ctx.token.cancel('own');
        return subscription;
      });
    },
  ],
  [
    'its own signal, in an inner run that was given it',
    async (ctx) => {
      const result = inner().run({ signal: ctx.signal }).result();
      ctx.token.cancel('own');
      return result;
    },
  ],
];

async function played(make: (typeof oneStepAnywhere)[number][1], body: Body): Promise<Watched<unknown>> {
  const time = new VirtualTime();
  const run = watch(
    make((ctx) => body(ctx, time), 1),
    time,
  );
  for (let turn = 0; turn < 4; turn++) {
    await settlePromises();
    time.flush();
  }
  return run;
}

describe.each(oneStepAnywhere)('%s', (_, make, id) => {
  test.each(foreign)('fails ordinarily, and is tried again, for %s', async (__, body) => {
    const run = await played(make, body);
    expect(run.of(id)).toStrictEqual(expect.arrayContaining(['step-retrying', 'step-failed']));
    expect(run.all('run-failed')).toHaveLength(1);
    expect(run.all('run-cancelled')).toStrictEqual([]);
    expect(run.error).toMatchObject({ code: 'STEP_FAILED' });
    expectSound(run);
  });

  test.each(own)('cancels the run, without another attempt, for %s', async (__, body) => {
    const run = await played(make, body);
    expect(run.all('step-retrying'), run.story.join('\n')).toStrictEqual([]);
    expect(run.all('step-failed')).toStrictEqual([]);
    expect(run.all('run-cancelled')).toHaveLength(1);
    expect(run.error).toBeInstanceOf(CancelledError);
    expectSound(run);
  });

  test('cancels the run for the token of the run', async () => {
    const time = new VirtualTime();
    const work = make(async () => {
      await Promise.resolve();
      run.run.token.cancel('run');
      run.run.token.throwIfCancelled();
    }, 1);
    const run: Watched<unknown> = watch(work, time);
    await settlePromises();
    expect(run.error).toMatchObject({ reason: 'run' });
    expectSound(run);
  });
});

/** As `fetch`: it ends with an AbortError once its signal has aborted. */
function untilAborted({ signal }: StepContext): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new DOMException('aborted', 'AbortError'));
    });
  });
}

test('an AbortError after its signal has aborted is the cancel', async () => {
  const time = new VirtualTime();
  const one = step('one', untilAborted, { retry: 3 });
  const run = watch(workflow('w', { one }), time);
  run.run.cancel('enough');
  await settlePromises();
  expect(run.of('one')).toStrictEqual(['step-started', 'step-cancelled']);
  expect(run.error).toMatchObject({ reason: 'enough' });
  expectSound(run);
});

test('an AbortError after its timeout is the timeout', async () => {
  const time = new VirtualTime();
  const one = step('one', untilAborted, { timeout: 5 });
  const run = watch(workflow('w', { one }), time);
  time.advanceTo(5);
  await settlePromises();
  expect(run.error).toMatchObject({ cause: { code: 'STEP_TIMEOUT' } });
  expectSound(run);
});

test('a step that lives in two runs fails in the one that wasn’t cancelled', () => {
  const time = new VirtualTime();
  const outerTokens: CancellationToken[] = [];
  const other = workflow('other', {
    one: step('one', (ctx) => {
      outerTokens.push(ctx.token);
      return NEVER;
    }),
  });
  const first = watch(other, time);
  first.run.cancel('first');
  const [token] = outerTokens;
  const run = watch(workflow('w', { two: step('two', () => token?.throwIfCancelled()) }), time);
  expect(run.error).toMatchObject({ code: 'STEP_FAILED', cause: { reason: 'first' } });
});
