import { step, workflow } from 'millrace';
import { memoryStore } from 'millrace/store';
import { expect, test } from 'vitest';
import { QueueStage } from './support/stage.ts';

const leaseMs = 1000;
const long = 60_000;

/** A kept run whose tasks take a minute, on one slot, and whose process is gone after half a second. */
async function abandonedRun(takeoverWait: number, tasks = 1) {
  const stage = new QueueStage(leaseMs);
  stage.worker('a', 1);
  const { remote, end } = stage.coordinator({ takeoverWait });
  const ids = Array.from({ length: tasks }, (_, at) => `s${String(at)}`);
  const steps = ids.map((id) => {
    const body = remote.task('wait', () => long);
    return [id, step(id, body, { resource: {} })] as const;
  });
  const options = { scheduler: stage.time.scheduler, store: memoryStore(), runId: 'nightly' };
  workflow('w', Object.fromEntries(steps))
    .run(options)
    .result()
    .catch(() => undefined);
  await stage.advanceTo(500);
  expect(stage.busy).toBe(1);
  end.setUp(false);
  return stage;
}

test.for([
  { takeoverWait: 20_000, until: 20_000 },
  // A process is gone only with its lease.
  { takeoverWait: 0, until: leaseMs },
])(
  'their tasks go on for $takeoverWait ms, in case somebody does, and stop then',
  async ({ takeoverWait, until }) => {
    const stage = await abandonedRun(takeoverWait);
    // It was heard of last within the half second, and is looked for five times a lease.
    await stage.advanceTo(until);
    expect(stage.busy).toBe(1);
    await stage.advanceTo(until + leaseMs);
    expect(stage.works[0]).toMatchObject({ how: 'stopped' });
  },
);

test('what waits behind them holds a slot for a lease only, and then others have it', async () => {
  const stage = await abandonedRun(20_000, 3);
  const { remote } = stage.coordinator();
  const values: number[] = [];
  remote.run('wait', 10).subscribe((value) => values.push(value));
  await stage.advanceTo(20_000);
  expect(stage.works).toHaveLength(1);
  await stage.advanceTo(20_000 + 5 * leaseMs);
  expect(stage.works.map(({ input, how }) => [input, how])).toStrictEqual([
    [long, 'stopped'],
    [long, 'stopped'],
    [long, 'stopped'],
    [10, 'done'],
  ]);
  expect(values).toStrictEqual([10]);
});
