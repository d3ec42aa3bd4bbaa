import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type ProgressEvent, type Run, step, workflow } from 'millrace';
import { expect, onTestFinished, test } from 'vitest';
import { announceRun } from '../../lib/run/diagnostics.ts';

interface Told {
  readonly run: Run;
  readonly event: ProgressEvent;
}

/** What is told on a channel from now on. */
function heardOn(name: string): Told[] {
  const heard: Told[] = [];
  const listen = (message: unknown): void => {
    heard.push(message as Told);
  };
  subscribe(name, listen);
  onTestFinished(() => {
    unsubscribe(name, listen);
  });
  return heard;
}

const twoSteps = () => {
  const first = step('first', () => 1);
  return workflow('w', { last: step('last', { first }, () => 2) });
};

test('runs and attempts are told of, each event on the channel of its type', async () => {
  const [started, completed, ended, failed] = [
    'step-started',
    'step-completed',
    'run-completed',
    'step-failed',
  ].map((type) => heardOn(`millrace:${type}`));
  const run = twoSteps().run();
  await run.result();
  expect(started?.map(({ event }) => 'stepId' in event && event.stepId)).toStrictEqual(['first', 'last']);
  expect(completed).toHaveLength(2);
  expect(ended).toMatchObject([{ event: { type: 'run-completed', runId: run.runId } }]);
  expect(ended?.[0]?.run).toBe(run);
  expect(failed).toStrictEqual([]);
});

test('a run is told of once, before anything of it happens, so that all of it can be followed', async () => {
  const types: string[] = [];
  const listen = (message: unknown): void => {
    (message as Told).run.progress$.subscribe(({ type }) => types.push(type));
  };
  subscribe('millrace:run', listen);
  onTestFinished(() => {
    unsubscribe('millrace:run', listen);
  });
  const run = twoSteps().run();
  expect(types).toStrictEqual([]);
  run.result$.subscribe();
  run.result$.subscribe();
  await run.result();
  expect([types[0], types.at(-1), types.length]).toStrictEqual(['run-started', 'run-completed', 6]);
});

test('where nobody hears, the run has no subscriber', async () => {
  let subscriptions = 0;
  const run = twoSteps().run();
  announceRun({ progress$: { subscribe: () => subscriptions++ } as never });
  await run.result();
  expect(subscriptions).toBe(0);
});
