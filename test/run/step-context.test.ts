import { CancellationToken, type StepContext, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { delay, NEVER, of } from 'rxjs';
import { expect, test } from 'vitest';
import { play, watch } from './support/watch.ts';

test('it survives destructuring', () => {
  const log: string[] = [];
  const only = step(
    'only',
    ({ stepId, attempt, progress, log: tell, defer, token, signal, scheduler, gracePeriod }) => {
      progress(0.5, 'half');
      tell('said');
      defer(() => log.push('deferred'));
      return {
        stepId,
        attempt,
        token: token instanceof CancellationToken,
        aborted: signal.aborted,
        now: scheduler.now(),
        gracePeriod,
      };
    },
  );
  const run = play(workflow('destructured', { only }), { gracePeriod: '2s' });
  expect(run.result).toStrictEqual({
    only: { stepId: 'only', attempt: 1, token: true, aborted: false, now: 0, gracePeriod: 2000 },
  });
  expect(run.story).toStrictEqual([
    'run-started',
    'step-started only',
    'step-progress only',
    'log only',
    'step-completed only',
    'run-completed',
  ]);
  expect(log).toStrictEqual(['deferred']);
});

test('a step with dependencies gets it second, one without gets it first', () => {
  const first = step('first', (ctx) => ctx.stepId);
  const second = step('second', { first }, (inputs, ctx) => `${inputs.first} ${ctx.stepId}`);
  const empty = step('empty', {}, (inputs, ctx) => [inputs, ctx.stepId]);
  expect(play(workflow('contexts', { second, empty })).result).toStrictEqual({
    second: 'first second',
    empty: [{}, 'empty'],
  });
});

test('its scheduler is the time of the run', () => {
  const time = new VirtualTime();
  const only = step('only', (ctx) => of('delayed').pipe(delay(1000, ctx.scheduler)));
  const run = play(workflow('timed', { only }), {}, time);
  expect([run.result, time.now]).toStrictEqual([{ only: 'delayed' }, 1000]);
});

test('its token and signal are one, and of this attempt', () => {
  const contexts: StepContext[] = [];
  const only = step(
    'only',
    (ctx) => {
      contexts.push(ctx);
      return NEVER;
    },
    { timeout: 10, retry: 1 },
  );
  const run = watch(workflow('tokens', { only }), new VirtualTime());
  const [first] = contexts;
  expect(first?.token).toBe(first?.token);
  expect(first?.signal).toBe(first?.token.signal);
  run.time.advanceTo(10);
  expect(contexts).toHaveLength(2);
  expect(contexts.map(({ token }) => token.isCancelled)).toStrictEqual([true, false]);
  run.run.cancel('enough');
  expect(contexts[1]?.token.reason).toBe('enough');
});

test('its token isn’t cancelled when the step has completed', () => {
  let token: CancellationToken | undefined;
  play(
    workflow('tokens', {
      only: step('only', (ctx) => {
        ({ token } = ctx);
      }),
    }),
  );
  expect(token?.isCancelled).toBe(false);
});

test('cancelling the token of an attempt from outside of the run stops neither it nor the run', () => {
  const time = new VirtualTime();
  const only = step('only', (ctx) => {
    ctx.token.cancel('mine');
    return time.after(10, 'done');
  });
  expect(play(workflow('tokens', { only }), {}, time).result).toStrictEqual({ only: 'done' });
});
