import { type DiagLogger, diag, type Meter, metrics } from '@opentelemetry/api';
import {
  type Definition,
  defineWorkflow,
  forEachStep,
  InvalidOptionsError,
  step,
  subflow,
  workflow,
} from 'millrace';
import { meterRuns } from 'millrace/opentelemetry';
import { VirtualTime } from 'millrace/testing';
import { map, NEVER, timer } from 'rxjs';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { prometheus } from './support/prometheus.ts';

const second: Definition['run'] = (_, { scheduler }) => timer(1000, scheduler).pipe(map(() => 'done'));

/** A meter of runs that is closed after the test. */
function meterOf(meter: Meter, options?: Parameters<typeof meterRuns>[1]): ReturnType<typeof meterRuns> {
  const made = meterRuns(meter, { eventLoop: false, ...options });
  onTestFinished(() => {
    made.close();
  });
  return made;
}

afterEach(() => {
  diag.disable();
});

test('runs and attempts have durations and waits in seconds, by step, class and outcome', async () => {
  const { meter, scrape } = await prometheus();
  const runs = meterOf(meter);
  const time = new VirtualTime();
  const { scheduler } = time;
  const run = defineWorkflow('w', [
    { id: 'a', run: second, resource: { db: 2 } },
    { id: 'b', run: second, resource: ['heavy-cpu', { db: 1 }] },
    { id: 'c', dependsOn: ['a'], run: second },
  ]).run({ scheduler, limits: { db: 2, 'heavy-cpu': 1 } });
  runs.watch(run);
  run.result$.subscribe();
  time.flush();
  const read = await scrape();
  const of = (id: string, classes: string): string =>
    `workflow_name=w,step_id=${id},resource_classes=${classes}`;
  expect(read.of('millrace_step_duration_sum')).toStrictEqual({
    [`${of('a', 'db')},outcome=completed`]: 1,
    [`${of('b', 'db,heavy-cpu')},outcome=completed`]: 1,
    [`${of('c', 'light-cpu')},outcome=completed`]: 1,
  });
  expect(read.of('millrace_step_wait_duration_sum')).toStrictEqual({
    [of('a', 'db')]: 0,
    [`${of('b', 'db,heavy-cpu')},wait_reason=resource`]: 1,
    [of('c', 'light-cpu')]: 0,
  });
  expect(read.of('millrace_run_duration_sum')).toStrictEqual({ 'workflow_name=w,outcome=completed': 2 });
  expect(read.of('millrace_run_active')).toStrictEqual({ 'workflow_name=w': 0 });
});

test('retries, failures and outputs that were known are counted, and a back-off is no wait', async () => {
  const { meter, scrape } = await prometheus();
  const runs = meterOf(meter);
  const time = new VirtualTime();
  const { scheduler } = time;
  const run = defineWorkflow('w', [
    {
      id: 'broken',
      retry: { attempts: 3, delay: 500, factor: 1 },
      run: (): never => {
        throw Object.assign(new RangeError('far'), { code: 'FAR' });
      },
    },
    { id: 'known', run: second },
    { id: 'after', dependsOn: ['broken'], run: second },
    { id: 'never', run: () => NEVER },
  ]).run({ scheduler, given: { known: 1 } });
  runs.watch(run);
  run.result$.subscribe({ error: () => undefined });
  time.flush();
  const read = await scrape();
  expect(read.of('millrace_step_retries_total')).toStrictEqual({
    'workflow_name=w,step_id=broken,error_type=FAR': 2,
  });
  expect(read.of('millrace_step_failures_total')).toStrictEqual({
    'workflow_name=w,step_id=broken,error_type=FAR': 1,
  });
  expect(read.of('millrace_step_reuses_total')).toStrictEqual({
    'workflow_name=w,step_id=known,step_origin=given': 1,
  });
  const waits = read.of('millrace_step_wait_duration_sum');
  expect(waits['workflow_name=w,step_id=broken,resource_classes=light-cpu']).toBe(0);
  const durations = read.of('millrace_step_duration_count');
  expect(
    Object.entries(durations).map(([labels, count]) => [
      /step_id=(\w+).*outcome=(\w+)/.exec(labels)?.slice(1),
      count,
    ]),
  ).toStrictEqual([
    [['broken', 'retried'], 2],
    [['broken', 'failed'], 1],
    [['never', 'cancelled'], 1],
  ]);
  expect(read.of('millrace_run_duration_count')).toStrictEqual({
    'workflow_name=w,outcome=failed,error_type=STEP_FAILED': 1,
  });
});

test('what is cancelled, skipped or thrown is counted as that, whatever it is', async () => {
  const { meter, scrape } = await prometheus();
  const runs = meterOf(meter);
  const time = new VirtualTime();
  const { scheduler } = time;
  const run = defineWorkflow('w', [
    {
      id: 'text',
      run: () => {
        throw 'just a text';
      },
    },
    {
      id: 'named',
      run: () => {
        throw new TypeError('no code');
      },
    },
    { id: 'skipped', dependsOn: ['text'], run: () => 1 },
    { id: 'never', run: () => NEVER },
  ]).run({ scheduler, onFailure: 'continue' });
  runs.watch(run);
  run.result$.subscribe({ error: () => undefined });
  run.cancel('enough');
  const read = await scrape();
  expect(read.of('millrace_step_failures_total')).toStrictEqual({
    'workflow_name=w,step_id=text,error_type=string': 1,
    'workflow_name=w,step_id=named,error_type=TypeError': 1,
  });
  expect(read.of('millrace_run_duration_count')).toStrictEqual({ 'workflow_name=w,outcome=cancelled': 1 });
});

test('what is taken and who waits is summed over the runs of a workflow, and gone with them', async () => {
  const { meter, scrape } = await prometheus();
  const runs = meterOf(meter);
  const flow = defineWorkflow('w', [
    { id: 'a', run: () => NEVER, resource: 'db' },
    { id: 'b', run: () => NEVER, resource: 'db' },
    { id: 'c', dependsOn: ['b'], run: () => NEVER, resource: 'db' },
  ]);
  const all = [flow.run({ limits: { db: 1 } }), flow.run({ limits: { db: 3 } })];
  for (const run of all) {
    runs.watch(run);
    run.result$.subscribe({ error: () => undefined });
  }
  const read = await scrape();
  expect(read.of('millrace_step_count')).toStrictEqual({
    'workflow_name=w,step_status=waiting': 2,
    'workflow_name=w,step_status=ready': 1,
    'workflow_name=w,step_status=running': 3,
    'workflow_name=w,step_status=retrying': 0,
  });
  expect(read.of('millrace_resource_usage')).toStrictEqual({ 'workflow_name=w,resource=db': 3 });
  expect(read.of('millrace_resource_limit')).toStrictEqual({ 'workflow_name=w,resource=db': 4 });
  expect(read.of('millrace_resource_utilization')).toStrictEqual({ 'workflow_name=w,resource=db': 0.75 });
  expect(read.of('millrace_run_active')).toStrictEqual({ 'workflow_name=w': 2 });
  for (const run of all) run.cancel('enough');
  const after = await scrape();
  expect(after.of('millrace_run_active')).toStrictEqual({ 'workflow_name=w': 0 });
  for (const name of ['usage', 'limit', 'utilization'])
    expect(after.of(`millrace_resource_${name}`)).toStrictEqual({ 'workflow_name=w,resource=db': 0 });
  expect(Object.values(after.of('millrace_step_count'))).toStrictEqual([0, 0, 0, 0]);
});

test('a limit without an end is no limit', async () => {
  const { meter, scrape } = await prometheus();
  const run = defineWorkflow('w', [{ id: 'a', run: () => NEVER, resource: 'db' }]).run({
    limits: { db: Infinity },
  });
  meterOf(meter).watch(run);
  run.result$.subscribe({ error: () => undefined });
  const read = await scrape();
  expect(read.of('millrace_resource_usage')).toStrictEqual({ 'workflow_name=w,resource=db': 1 });
  expect(read.of('millrace_resource_limit')).toStrictEqual({});
  run.cancel();
});

test('children and members of families make no series of their own', async () => {
  const { meter, scrape } = await prometheus();
  const runs = meterOf(meter);
  const sizes: number[] = [];
  for (const many of [2, 200]) {
    const each = forEachStep('each', { items: Array.from({ length: many }, (_, at) => at) }, (item) => item, {
      key: (item) => `k${String(item)}`,
      resource: (item) => `host:${String(item)}.example.org`,
    });
    const inner = workflow('inner', { leaf: step('leaf', () => 1) });
    const run = workflow('w', { each, sub: subflow('sub', inner) }).run({ limits: { 'host:*': 2 } });
    runs.watch(run);
    await run.result();
    const read = await scrape();
    sizes.push(read.size);
    const count = read.of('millrace_step_duration_count');
    expect(
      count['workflow_name=w,step_id=each,step_within=true,resource_classes=host:*,outcome=completed'],
    ).toBe(many === 2 ? 2 : 202);
    expect(
      count['workflow_name=w,step_id=sub,step_within=true,resource_classes=light-cpu,outcome=completed'],
    ).toBe(many === 2 ? 1 : 2);
  }
  expect(sizes[0]).toBe(sizes[1]);
});

test('the delay of the event loop is measured unless that is unwanted', async () => {
  const { meter, scrape } = await prometheus();
  const runs = meterOf(meter, { eventLoop: true });
  // Every look begins anew, so that one that comes too soon finds nothing.
  const read = await vi.waitFor(
    async () => {
      const found = await scrape();
      expect(found.text).toContain('nodejs_eventloop_delay_p99 ');
      return found;
    },
    { interval: 50, timeout: 4000 },
  );
  for (const name of ['mean', 'max', 'p50', 'p90']) {
    const [delay = -1] = Object.values(read.of(`nodejs_eventloop_delay_${name}`));
    expect(delay).toBeGreaterThanOrEqual(0);
  }
  runs.close();
  const last = (await scrape()).text;
  expect((await scrape()).text).toBe(last);
});

test('who leaves, or closes the meter, is measured no more, and the run goes on', async () => {
  const { meter, scrape } = await prometheus();
  const time = new VirtualTime();
  const { scheduler } = time;
  const flow = defineWorkflow('w', [{ id: 'a', run: second }]);
  const [left, closed] = [flow.run({ scheduler }), flow.run({ scheduler })];
  using runs = meterOf(meter);
  const watching = runs.watch(left);
  runs.watch(closed);
  left.result$.subscribe();
  closed.result$.subscribe();
  expect((await scrape()).of('millrace_run_active')).toStrictEqual({ 'workflow_name=w': 2 });
  watching.unsubscribe();
  expect((await scrape()).of('millrace_run_active')).toStrictEqual({ 'workflow_name=w': 1 });
  runs.close();
  time.flush();
  expect((await scrape()).of('millrace_run_duration_count')).toStrictEqual({});
  expect([left.snapshot().status, closed.snapshot().status]).toStrictEqual(['completed', 'completed']);
});

test('a meter that throws ends the measuring of that run alone, and diag is told', async () => {
  const logger = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn(), verbose: vi.fn() };
  diag.setLogger(logger satisfies DiagLogger);
  const { meter } = await prometheus();
  const failing = Object.create(meter, {
    createHistogram: {
      value: (...args: Parameters<Meter['createHistogram']>) =>
        Object.assign(meter.createHistogram(...args), {
          record: () => {
            throw new Error('broken');
          },
        }),
    },
  }) as Meter;
  const run = defineWorkflow('w', [{ id: 'a', run: () => 1 }]).run();
  const watching = meterOf(failing).watch(run);
  await run.result();
  expect(watching.closed).toBe(true);
  expect(logger.error).toHaveBeenCalledOnce();
});

test.for([
  [undefined, {}, 'the meter'],
  [{}, {}, 'the meter'],
  [metrics.getMeter('none'), null, 'the options'],
  [metrics.getMeter('none'), { loop: true }, 'loop'],
  [metrics.getMeter('none'), { eventLoop: 1 }, 'eventLoop'],
])('%o and %o are refused', ([meter, options, culprit]) => {
  const call = (): unknown => meterRuns(meter as Meter, options as object);
  expect(call).toThrow(InvalidOptionsError);
  expect(call).toThrow(culprit);
});

test('what is no run is refused', () => {
  const runs = meterOf(metrics.getMeter('none'));
  expect(() => runs.watch({} as never)).toThrow(/the run/);
});
