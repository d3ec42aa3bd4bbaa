import { type Run, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { firstValueFrom, NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';
import { unhandledErrors } from './support/unhandled-errors.ts';
import { play, watch } from './support/watch.ts';

function slow(time: VirtualTime, log: string[] = []): Run<{ readonly slow: string }> {
  const only = step('slow', () => {
    log.push('started');
    return time.after(100, 'result');
  });
  return workflow('slow', { slow: only }).run({ scheduler: time.scheduler });
}

test('run() starts nothing; the first subscriber does, and each further one joins', () => {
  const time = new VirtualTime();
  const log: string[] = [];
  const run = slow(time, log);
  run.progress$.subscribe();
  run.snapshot$.subscribe();
  run.output$('slow').subscribe();
  time.advanceTo(10);
  expect(log).toStrictEqual([]);
  const results: unknown[] = [];
  run.result$.subscribe((result) => results.push(result));
  time.advanceTo(50);
  run.result$.subscribe((result) => results.push(result));
  expect([log, results]).toStrictEqual([['started'], []]);
  time.flush();
  expect([log, results]).toStrictEqual([['started'], [{ slow: 'result' }, { slow: 'result' }]]);
});

test('one of several may leave; the last one to leave cancels', () => {
  const time = new VirtualTime();
  const run = slow(time);
  const first = run.result$.subscribe();
  const second = run.result$.subscribe();
  first.unsubscribe();
  expect(run.snapshot().status).toBe('running');
  const third = run.result$.subscribe();
  second.unsubscribe();
  expect(run.snapshot().status).toBe('running');
  third.unsubscribe();
  expect(run.snapshot().status).toBe('cancelled');
});

test('after the end, it replays the result to whoever comes, without running anything again', () => {
  const log: string[] = [];
  const run = play(workflow('once', { only: step('only', () => log.push('ran')) }));
  const seen: unknown[] = [];
  run.run.result$.subscribe({ next: (result) => seen.push(result), complete: () => seen.push('complete') });
  expect(seen).toStrictEqual([{ only: 1 }, 'complete']);
  expect(run.result).toBe(seen[0]);
});

test('after the end, it replays the error', async () => {
  const run = play(
    workflow('once', {
      only: step('only', () => {
        throw new Error('broken');
      }),
    }),
  );
  expect(run.error).toMatchObject({ code: 'STEP_FAILED' });
  await expect(firstValueFrom(run.run.result$)).rejects.toBe(run.error);
});

test('after a cancel by leaving, a late subscriber gets a CancelledError, and nothing restarts', async () => {
  const log: string[] = [];
  const run = slow(new VirtualTime(), log);
  run.result$.subscribe().unsubscribe();
  await expect(firstValueFrom(run.result$)).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(log).toStrictEqual(['started']);
});

test('who subscribes while the run stops gets its error when it has stopped', async () => {
  const time = new VirtualTime();
  const run = workflow('stopping', { deaf: step('deaf', () => new Promise(() => undefined)) }).run({
    scheduler: time.scheduler,
  });
  run.result$.subscribe().unsubscribe();
  const late = firstValueFrom(run.result$).catch((error: unknown) => error);
  time.flush();
  expect(await late).toMatchObject({ code: 'CANCELLED' });
});

test('result() counts as a subscriber who never leaves', async () => {
  const time = new VirtualTime();
  const run = slow(time);
  const result = run.result();
  run.result$.subscribe().unsubscribe();
  time.flush();
  expect(await result).toStrictEqual({ slow: 'result' });
});

test('result() twice is one Promise', async () => {
  const run = workflow('once', { only: step('only', () => 1) }).run();
  expect(run.result()).toBe(run.result());
  expect(await run.result()).toStrictEqual({ only: 1 });
});

test('two runs of one workflow have nothing to do with each other', () => {
  let runs = 0;
  const flow = workflow('twice', { only: step('only', () => ++runs) });
  const [first, second] = [play(flow), play(flow)];
  expect([first.result, second.result]).toStrictEqual([{ only: 1 }, { only: 2 }]);
  expect(first.run.runId).not.toBe(second.run.runId);
});

describe('the order at the end', () => {
  test('bodies have stopped, clean-ups have run, then the last event, then result$, then progress$ completes', async () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const done = step('done', () => 1, {
      cleanup: async () => {
        await Promise.resolve();
        log.push('clean-up');
      },
    });
    const running = step('running', { done }, (_, ctx) => {
      ctx.defer(async () => {
        await Promise.resolve();
        log.push('finaliser');
      });
      return NEVER;
    });
    const run = workflow('ending', { running }).run({ scheduler: time.scheduler });
    run.progress$.subscribe({
      next: ({ type }) => {
        if (type === 'run-cancelled') log.push(type);
      },
      complete: () => log.push('progress$'),
    });
    run.result$.subscribe({ error: () => log.push('result$') });
    run.snapshot$.subscribe({ complete: () => log.push('snapshot$') });
    run.cancel();
    expect(log).toStrictEqual([]);
    await settlePromises();
    expect(log).toStrictEqual([
      'finaliser',
      'clean-up',
      'run-cancelled',
      'result$',
      'progress$',
      'snapshot$',
    ]);
  });

  test('the run is settled before result$ emits', () => {
    const run = workflow('settled', { only: step('only', () => 1) }).run();
    const seen: unknown[] = [];
    run.result$.subscribe(() => seen.push(run.snapshot().status, run.metrics().steps.get('only')?.status));
    expect(seen).toStrictEqual(['completed', 'completed']);
  });
});

test('a subscriber that throws breaks neither the run nor the others', async () => {
  const unhandled = unhandledErrors();
  const run = workflow('robust', { only: step('only', () => 1) }).run();
  const seen: unknown[] = [];
  const thrown = new Error('in a subscriber');
  run.progress$.subscribe({ complete: () => seen.push('over') });
  run.result$.subscribe(() => {
    throw thrown;
  });
  run.result$.subscribe((result) => seen.push(result));
  await unhandled.settle();
  expect(seen).toStrictEqual(['over', { only: 1 }]);
  expect(unhandled.errors).toStrictEqual([thrown]);
});

test('a subscriber may unsubscribe the others as the result comes', () => {
  const time = new VirtualTime();
  const run = slow(time);
  const seen: string[] = [];
  run.result$.subscribe(() => {
    second.unsubscribe();
    seen.push('first');
  });
  const second = run.result$.subscribe(() => seen.push('second'));
  time.flush();
  expect([seen, run.snapshot().status]).toStrictEqual([['first'], 'completed']);
});

describe('workflow.result$', () => {
  test('is cold: each subscription is a run of its own', () => {
    const time = new VirtualTime();
    let runs = 0;
    const result$ = workflow('cold', { only: step('only', () => time.after(10, ++runs)) }).result$({
      scheduler: time.scheduler,
    });
    expect(runs).toBe(0);
    const results: unknown[] = [];
    result$.subscribe((result) => results.push(result));
    result$.subscribe((result) => results.push(result));
    time.flush();
    expect(results).toStrictEqual([{ only: 1 }, { only: 2 }]);
  });

  test('errors with what run() throws, for each subscriber', async () => {
    const flow = workflow('bad', { only: step('only', () => 1) });
    expect(() => flow.run({ concurrency: 0 })).toThrow('concurrency');
    const result$ = flow.result$({ concurrency: 0 });
    await expect(firstValueFrom(result$)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});

test('steps start the moment their dependencies have settled: there are no waves', () => {
  const time = new VirtualTime();
  const slowStep = step('slow', () => time.after(50, 0));
  const fast = step('fast', () => time.after(1, 0));
  const after = step('after', { fast }, () => time.after(50, 0));
  const run = watch(workflow('no waves', { slow: slowStep, after }), time);
  time.flush();
  expect(time.now).toBe(51);
  expect(run.run.metrics().totalMs).toBe(51);
});

test('asyncDispose cancels, and resolves when the run is entirely over', async () => {
  const time = new VirtualTime();
  const log: string[] = [];
  const done = step('done', () => 1, {
    cleanup: async () => {
      await Promise.resolve();
      log.push('clean-up');
    },
  });
  const run = watch(workflow('disposed', { running: step('running', { done }, () => NEVER) }), time);
  const disposed = run.run[Symbol.asyncDispose]().then(() => log.push('disposed'));
  await disposed;
  await run.run[Symbol.asyncDispose]();
  expect(log).toStrictEqual(['clean-up', 'disposed']);
});

test('asyncDispose of a run that has completed leaves it completed', async () => {
  const run = play(workflow('done', { only: step('only', () => 1) }));
  await run.run[Symbol.asyncDispose]();
  expect(run.run.snapshot().status).toBe('completed');
});
