import {
  context,
  type DiagLogger,
  diag,
  ROOT_CONTEXT,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import {
  type Definition,
  defineWorkflow,
  forEachStep,
  InvalidOptionsError,
  type RunOptions,
  sharedLimits,
  step,
  subflow,
  workflow,
} from 'millrace';
import { traceRun } from 'millrace/opentelemetry';
import { VirtualTime } from 'millrace/testing';
import { map, NEVER, timer } from 'rxjs';
import { afterEach, expect, test, vi } from 'vitest';
import { idOf, named, parentOf, recorder } from './support/recorder.ts';

const second: Definition['run'] = (_, { scheduler }) => timer(1000, scheduler).pipe(map(() => 'done'));

/** A run in virtual time, not started yet. */
function runOf(definitions: readonly Definition[], options: RunOptions<never> = {}) {
  const time = new VirtualTime();
  const { scheduler } = time;
  const run = defineWorkflow('traced', definitions).run({ scheduler, ...options });
  return {
    run,
    start: () => {
      run.result$.subscribe({ error: () => undefined });
      time.flush();
    },
  };
}

/** The length of a span, in ms. */
function lengthOf({ duration: [seconds, nanoseconds] }: ReadableSpan): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

afterEach(() => {
  diag.disable();
});

test('a run is a span, and its steps are spans below it with links to their dependencies', () => {
  const { tracer, spans } = recorder();
  const { run, start } = runOf([
    { id: 'a', run: second, resource: 'heavy-io', group: 'reading', tags: ['disk'] },
    { id: 'b', run: second },
    { id: 'c', dependsOn: ['a', 'b'], run: second },
  ]);
  traceRun(run, tracer);
  start();
  const [whole] = named(spans(), 'traced');
  const [a, b, c] = ['a', 'b', 'c'].map((id) => named(spans(), id)[0]);
  expect(spans()).toHaveLength(4);
  expect(whole?.attributes).toStrictEqual({
    'millrace.run.id': run.runId,
    'millrace.workflow.name': 'traced',
    'millrace.workflow.steps': 3,
  });
  expect(a?.attributes).toStrictEqual({
    'millrace.step.id': 'a',
    'millrace.step.attempt': 1,
    'millrace.step.group': 'reading',
    'millrace.step.tags': ['disk'],
    'millrace.demand.heavy-io': 1,
  });
  for (const span of [a, b, c]) {
    expect(span?.parentSpanContext?.spanId).toBe(whole?.spanContext().spanId);
    expect(lengthOf(span as ReadableSpan)).toBeCloseTo(1000);
  }
  expect(c?.links.map((link) => link.context.spanId)).toStrictEqual(
    [a, b].map((span) => span?.spanContext().spanId),
  );
  expect(a?.links).toStrictEqual([]);
  expect(lengthOf(whole as ReadableSpan)).toBeCloseTo(2000);
  // Virtual time counts from 0; spans are of today.
  expect(Date.now() - (whole?.startTime[0] ?? 0) * 1000).toBeLessThan(60_000);
});

test('each attempt is a span, with what it failed with', () => {
  const { tracer, spans } = recorder();
  let attempts = 0;
  const { run, start } = runOf(
    [
      {
        id: 'flaky',
        retry: { attempts: 2, delay: 500 },
        run: () => {
          if (++attempts < 2) throw Object.assign(new RangeError('too far'), { code: 'FAR' });
          return 1;
        },
      },
      {
        id: 'broken',
        run: (): never => {
          throw new TypeError('no such thing');
        },
      },
      { id: 'after', dependsOn: ['broken'], run: () => 1 },
    ],
    { onFailure: 'continue' },
  );
  traceRun(run, tracer);
  start();
  const [first, next] = named(spans(), 'flaky');
  expect(first?.status).toStrictEqual({ code: SpanStatusCode.ERROR, message: 'too far' });
  expect(first?.attributes).toMatchObject({ 'error.type': 'FAR', 'millrace.retry.delay_ms': 500 });
  expect(next?.status.code).toBe(SpanStatusCode.UNSET);
  expect(next?.attributes['millrace.step.attempt']).toBe(2);
  const [broken] = named(spans(), 'broken');
  expect(broken?.attributes['error.type']).toBe('TypeError');
  expect(broken?.events).toMatchObject([
    {
      name: 'exception',
      attributes: { 'exception.type': 'TypeError', 'exception.message': 'no such thing' },
    },
  ]);
  const [whole] = named(spans(), 'traced');
  expect(whole?.status.code).toBe(SpanStatusCode.ERROR);
  expect(whole?.attributes['error.type']).toBe('WORKFLOW_FAILED');
  expect(whole?.events).toContainEqual(
    expect.objectContaining({
      name: 'step skipped',
      attributes: { 'millrace.step.id': 'after', 'millrace.step.because': 'broken' },
    }),
  );
  expect(named(spans(), 'after')).toStrictEqual([]);
});

test('logs, warnings, pauses and limits are events; what was cancelled says so', () => {
  const { tracer, spans } = recorder();
  const { run, start } = runOf(
    [
      {
        id: 'talks',
        resource: 'db',
        run: (_, ctx) => {
          ctx.log('here');
          return NEVER;
        },
      },
      { id: 'never', dependsOn: ['talks'], run: () => 1 },
    ],
    { limits: { db: 2 } },
  );
  traceRun(run, tracer);
  start();
  run.pause('db');
  run.resume('db');
  run.pause();
  run.setLimits({ db: 3 });
  run.cancel('enough');
  const [talks] = named(spans(), 'talks');
  expect(talks?.events).toMatchObject([{ name: 'log', attributes: { 'log.message': 'here' } }]);
  expect(talks?.attributes['millrace.cancelled']).toBe(true);
  const [whole] = named(spans(), 'traced');
  expect(whole?.attributes).toMatchObject({
    'millrace.cancelled': true,
    'millrace.cancel.reason': 'enough',
  });
  expect(whole?.status.code).toBe(SpanStatusCode.UNSET);
  expect(whole?.events.map(({ name, attributes }) => [name, attributes])).toStrictEqual([
    ['run paused', { 'millrace.resource': 'db' }],
    ['run resumed', { 'millrace.resource': 'db' }],
    ['run paused', {}],
    ['limits changed', { 'millrace.limit.db': 3 }],
    ['step cancelled', { 'millrace.step.id': 'never' }],
  ]);
});

test('a warning is an event of the attempt that it is about', () => {
  const { tracer, spans } = recorder();
  const { run, start } = runOf([
    {
      id: 'untidy',
      run: (_, ctx) => {
        ctx.defer(() => {
          throw new Error('finaliser');
        });
        return 1;
      },
    },
  ]);
  traceRun(run, tracer);
  start();
  expect(spans().flatMap(({ events }) => events)).toMatchObject([
    { name: 'warning', attributes: { 'millrace.warning.topic': 'finaliser' } },
  ]);
});

test('the parent is the context given', () => {
  const { tracer, spans } = recorder();
  const outer = tracer.startSpan('outer');
  const { run, start } = runOf([{ id: 'a', run: () => 1 }]);
  traceRun(run, tracer, { context: trace.setSpan(ROOT_CONTEXT, outer) });
  start();
  expect(named(spans(), 'traced')[0]?.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
});

test('a run that has begun is traced from then on, and one that is over not at all', () => {
  const { tracer, spans } = recorder();
  const time = new VirtualTime();
  const { scheduler } = time;
  const run = defineWorkflow('traced', [
    { id: 'a', run: second },
    { id: 'b', dependsOn: ['a'], run: second },
  ]).run({ scheduler });
  run.result$.subscribe();
  traceRun(run, tracer);
  time.flush();
  expect(spans().map(({ name }) => name)).toStrictEqual(['b', 'traced']);
  expect(spans()[0]?.links).toStrictEqual([]);
  traceRun(run, tracer);
  expect(spans()).toHaveLength(2);
});

test('who leaves ends the spans that are open, and the run goes on', () => {
  const { tracer, spans } = recorder();
  const time = new VirtualTime();
  const { scheduler } = time;
  const run = defineWorkflow('traced', [{ id: 'a', run: second }]).run({ scheduler });
  const tracing = traceRun(run, tracer);
  run.result$.subscribe();
  tracing.unsubscribe();
  expect(spans().map(({ name }) => name)).toStrictEqual(['a', 'traced']);
  time.flush();
  expect(run.snapshot().status).toBe('completed');
  expect(spans()).toHaveLength(2);
});

test('a tracer that throws ends the tracing alone, and diag is told', () => {
  const logger = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn(), verbose: vi.fn() };
  diag.setLogger(logger satisfies DiagLogger);
  let calls = 0;
  const { tracer } = recorder();
  const failing = {
    startSpan: (...args: Parameters<Tracer['startSpan']>) => {
      if (++calls > 1) throw new Error('exporter');
      return tracer.startSpan(...args);
    },
  } as unknown as Tracer;
  const { run, start } = runOf([
    { id: 'a', run: second },
    { id: 'b', run: second },
  ]);
  const tracing = traceRun(run, failing);
  start();
  expect(run.snapshot().status).toBe('completed');
  expect(tracing.closed).toBe(true);
  expect(calls).toBe(2);
  expect(logger.error).toHaveBeenCalledOnce();
});

test('a tracer that records nothing costs nothing but its calls', () => {
  const { run, start } = runOf([{ id: 'a', run: second }]);
  traceRun(run, trace.getTracer('none'), { context: context.active() });
  start();
  expect(run.snapshot().status).toBe('completed');
});

test.for([
  [undefined, {}, 'the tracer'],
  [{}, {}, 'the tracer'],
  [trace.getTracer('none'), { parent: 1 }, 'parent'],
  [trace.getTracer('none'), { context: 1 }, 'context'],
  [trace.getTracer('none'), null, 'the options'],
])('%o and %o are refused', ([tracer, options, culprit]) => {
  const { run } = runOf([{ id: 'a', run: second }]);
  const call = (): unknown => traceRun(run, tracer as Tracer, options as object);
  expect(call).toThrow(InvalidOptionsError);
  expect(call).toThrow(culprit);
});

test.each([null, undefined, {}])('%o is no run', (run) => {
  expect(() => traceRun(run as never, trace.getTracer('none'))).toThrow(InvalidOptionsError);
});

test('a run that waits for others is a span from its start, with the wait as an event', () => {
  const { tracer, spans } = recorder();
  const time = new VirtualTime();
  const { scheduler } = time;
  const shared = sharedLimits({ runs: 1 });
  const [first, next] = ['first', 'next'].map((name) =>
    defineWorkflow(name, [{ id: 'only', run: second }]).run({ scheduler, shared }),
  );
  for (const run of [first, next]) {
    if (run !== undefined) traceRun(run, tracer);
    run?.result$.subscribe();
  }
  time.flush();
  const [span] = named(spans(), 'next');
  expect(span === undefined ? undefined : lengthOf(span)).toBe(2000);
  expect(span?.events).toMatchObject([{ name: 'run waiting', attributes: { 'millrace.runs.waiting': 1 } }]);
});

test('children, and steps of subflows, are below the attempt that they came of, with links among them', async () => {
  const { tracer, spans } = recorder();
  const items = step('items', () => ['a', 'b']);
  const each = forEachStep('each', { items }, (item) => item, {
    key: (item) => item,
    resource: { db: 2 },
  });
  const first = step('first', () => 1);
  const inner = workflow('inner', { last: step('last', { first }, () => 2) });
  const run = workflow('traced', { each, sub: subflow('sub', inner) }).run({ limits: { db: 2 } });
  traceRun(run, tracer);
  await run.result();
  expect(
    spans()
      .map(({ name }) => name)
      .sort(),
  ).toStrictEqual(['each', 'each[a]', 'each[b]', 'items', 'sub', 'sub/first', 'sub/last', 'traced']);
  expect([parentOf(spans(), 'each'), parentOf(spans(), 'sub')]).toStrictEqual([
    idOf(spans(), 'traced'),
    idOf(spans(), 'traced'),
  ]);
  for (const id of ['each[a]', 'each[b]']) expect(parentOf(spans(), id)).toBe(idOf(spans(), 'each'));
  for (const id of ['sub/first', 'sub/last']) expect(parentOf(spans(), id)).toBe(idOf(spans(), 'sub'));
  const [last] = named(spans(), 'sub/last');
  expect(last?.links.map((link) => link.context.spanId)).toStrictEqual([idOf(spans(), 'sub/first')]);
  expect(named(spans(), 'each[a]')[0]?.attributes['millrace.demand.db']).toBe(2);
});
