import { step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { expect, test } from 'vitest';
import { watch } from './support/watch.ts';

function draining(options = {}) {
  const time = new VirtualTime();
  const log: string[] = [];
  const short = step(
    'short',
    (ctx) => {
      ctx.defer(() => log.push(ctx.token.isCancelled ? 'told to stop' : 'left alone'));
      return time.after(100, 'short');
    },
    { cleanup: () => log.push('clean-up of short') },
  );
  const after = step('after', { short }, () => log.push('must not run'));
  const long = step('long', () => time.after(500, 'long'));
  const run = watch(workflow('draining', { after, long }), time, options);
  return { time, log, run };
}

test('lets the steps that run finish, starts nothing, and is no success', () => {
  const { time, log, run } = draining();
  time.advanceTo(50);
  run.run.cancel('deploy', { drain: true });
  expect(run.story.slice(-1)).toStrictEqual(['step-cancelled after']);
  expect(run.run.snapshot().status).toBe('stopping');
  expect(run.run.token.isCancelled).toBe(false);
  time.flush();
  expect(run.time.now).toBe(500);
  expect(run.story.slice(-3)).toStrictEqual(['step-completed short', 'step-completed long', 'run-cancelled']);
  expect(log).toStrictEqual(['left alone', 'clean-up of short']);
  expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'deploy' });
  expect(run.run.token).toMatchObject({ isCancelled: true, reason: 'deploy' });
});

test.each<[string, (run: ReturnType<typeof draining>['run']) => void]>([
  [
    'a cancel without drain',
    ({ run }) => {
      run.cancel('now');
    },
  ],
  [
    'the last subscriber that leaves',
    ({ subscription }) => {
      subscription.unsubscribe();
    },
  ],
  [
    'the token',
    ({ run }) => {
      run.token.cancel('now');
    },
  ],
])('is cut short by %s, and the first reason stays', (_, cut) => {
  const { time, log, run } = draining();
  time.advanceTo(50);
  run.run.cancel('deploy', { drain: true });
  cut(run);
  expect(run.isOver).toBe(true);
  expect(time.now).toBe(50);
  expect(log).toStrictEqual(['told to stop']);
  expect(run.the('run-cancelled').reason).toBe('deploy');
  expect(time.planned).toBe(0);
});

test('is cut short by the timeout of the run, and stays cancelled', () => {
  const { time, run } = draining({ timeout: 200 });
  time.advanceTo(50);
  run.run.cancel('deploy', { drain: true });
  time.flush();
  expect(time.now).toBe(200);
  expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'deploy' });
});

test('a second drain changes nothing', () => {
  const { time, run } = draining();
  run.run.cancel('deploy', { drain: true });
  run.run.cancel('again', { drain: true });
  time.flush();
  expect(run.of('long')).toStrictEqual(['step-started', 'step-completed']);
});

test('a step that fails while the run drains has failed, isn’t tried again, and the run stays cancelled', () => {
  const time = new VirtualTime();
  const flaky = step(
    'flaky',
    () =>
      time.after(10, 0).pipe(() => {
        throw new Error('broken');
      }),
    { retry: 5 },
  );
  const late = step(
    'late',
    () => {
      throw new Error('broken');
    },
    { retry: { attempts: 9, delay: 100 } },
  );
  const dying = step('dying', () => time.after(10, '').pipe(), { timeout: 5, retry: 3 });
  const run = watch(
    workflow('draining', { flaky, late, dying, endless: step('endless', () => NEVER, { timeout: 1000 }) }),
    time,
    { onFailure: 'continue' },
  );
  run.run.cancel('deploy', { drain: true });
  time.flush();
  expect(run.of('dying')).toStrictEqual(['step-started', 'step-failed']);
  expect(run.of('late')).toStrictEqual(['step-started', 'step-retrying', 'step-cancelled']);
  expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'deploy' });
});

test('with nothing running, it is over at once', () => {
  const run = watch(
    workflow('waiting', {
      flaky: step(
        'flaky',
        () => {
          throw new Error('again');
        },
        { retry: { attempts: 2, delay: 100 } },
      ),
    }),
    new VirtualTime(),
  );
  run.run.cancel('deploy', { drain: true });
  expect(run.isOver).toBe(true);
});

test('undefined options are no options', () => {
  const { run } = draining();
  run.run.cancel('now', undefined);
  expect(run.isOver).toBe(true);
  const other = draining().run;
  other.run.cancel('now', { drain: undefined });
  expect(other.isOver).toBe(true);
});

test.each<[unknown, string]>([
  [{ drian: true }, "did you mean 'drain'?"],
  [{ drain: 'yes' }, 'expected drain to be true or false, got "yes"'],
  [null, 'expected options to be an object, got null'],
])('options that can’t be used are an error, and nothing is cancelled: %o', (options, message) => {
  const { run } = draining();
  expect(() => {
    run.run.cancel('now', options as never);
  }).toThrow(message);
  expect(run.run.snapshot().status).toBe('running');
});
