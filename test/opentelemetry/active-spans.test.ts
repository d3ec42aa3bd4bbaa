import { context, diag, propagation, ROOT_CONTEXT, type Tracer, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { forEachStep, step, workflow } from 'millrace';
import { remoteTasks, serveTasks } from 'millrace/bullmq';
import { traceRun, traceTasks } from 'millrace/opentelemetry';
import { threadPool } from 'millrace/workers';
import { defer, firstValueFrom, from, of } from 'rxjs';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { hasRedis, TestRedis } from '../bullmq/support/redis.ts';
import type { tasks } from './fixtures/traced.worker.ts';
import { idOf, named, parentOf, recorder } from './support/recorder.ts';

vi.setConfig({ testTimeout: 60_000 });
const workerUrl = inject('workerUrls')['traced'] ?? '';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});

afterAll(() => {
  context.disable();
  propagation.disable();
});

/** What the body traces, as fetch or a database would. */
function query(tracer: Tracer, name: string): string {
  tracer.startSpan(name).end();
  return name;
}

test('what a body traces is below its attempt, and the next attempt’s below that', async () => {
  const { tracer, spans } = recorder();
  let tries = 0;
  const plain = step('plain', () => query(tracer, 'in plain'));
  const flaky = step(
    'flaky',
    { plain },
    async () => {
      await Promise.resolve();
      query(tracer, `try ${String(++tries)}`);
      if (tries < 2) throw new Error('not yet');
    },
    { retry: 1 },
  );
  const observed = step('observed', () => defer(() => of(query(tracer, 'in observed'))));
  const each = forEachStep('each', { items: ['a'] }, () => query(tracer, 'in child'), {
    key: (item) => item,
  });
  const run = workflow('w', { flaky, observed, each }).run();
  traceRun(run, tracer);
  await run.result();
  const all = spans();
  expect(parentOf(all, 'in plain')).toBe(idOf(all, 'plain'));
  expect(parentOf(all, 'in observed')).toBe(idOf(all, 'observed'));
  expect(parentOf(all, 'in child')).toBe(idOf(all, 'each[a]'));
  expect([parentOf(all, 'try 1'), parentOf(all, 'try 2')]).toStrictEqual(
    named(all, 'flaky').map((span) => span.spanContext().spanId),
  );
});

test('it keeps what else is in the context in which the run was started', async () => {
  const { tracer } = recorder();
  const key = Symbol('tenant');
  const only = step('only', () => context.active().getValue(key));
  const run = workflow('w', { only }).run();
  traceRun(run, tracer);
  const result = context.with(ROOT_CONTEXT.setValue(key, 'acme'), () => run.result());
  expect(await result).toStrictEqual({ only: 'acme' });
});

test('a span is active also where a subscriber has set the step going', async () => {
  const { tracer, spans } = recorder();
  const first = step('first', () => 1);
  const held = step('held', { first }, () => query(tracer, 'in held'), { resource: { db: 1 } });
  const run = workflow('w', { held }).run({ limits: { db: 1 } });
  run.pause('db');
  run.progress$.subscribe(({ type }) => {
    if (type === 'step-completed') run.resume('db');
  });
  traceRun(run, tracer);
  await run.result();
  expect(named(spans(), 'held')).toHaveLength(1);
  expect(parentOf(spans(), 'in held')).toBe(idOf(spans(), 'held'));
});

test('who leaves the tracing traces no further bodies', async () => {
  const { tracer, spans } = recorder();
  const first = step('first', () => 1);
  const last = step('last', { first }, () => query(tracer, 'in last'));
  const run = workflow('w', { last }).run();
  const tracing = traceRun(run, tracer);
  run.progress$.subscribe(({ type }) => {
    if (type === 'step-completed') tracing.unsubscribe();
  });
  await run.result();
  expect(parentOf(spans(), 'in last')).toBeUndefined();
});

test('a propagator that throws ends the tracing alone', async () => {
  const error = vi.fn();
  diag.setLogger({ error, warn: vi.fn(), info: vi.fn(), debug: vi.fn(), verbose: vi.fn() });
  onTestFinished(() => {
    diag.disable();
    propagation.disable();
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  });
  propagation.disable();
  propagation.setGlobalPropagator({
    inject: () => {
      throw new Error('broken');
    },
    extract: (active) => active,
    fields: () => [],
  });
  const { tracer, spans } = recorder();
  const run = workflow('w', { only: step('only', () => 1) }).run();
  traceRun(run, tracer);
  expect(await run.result()).toStrictEqual({ only: 1 });
  expect(error).toHaveBeenCalledOnce();
  expect(spans()).toStrictEqual([]);
});

describe.each(['in a thread', 'inline'] as const)('%s', (where) => {
  test.each(['value', 'promise', 'observable', 'generator'] as const)(
    'what a task traces is below the attempt: %s',
    async (name) => {
      const { tracer, spans } = recorder();
      const pool = threadPool<typeof tasks>(
        workerUrl,
        where === 'inline' ? { tasks: traceTasks(inlineTasks) as never } : {},
      );
      onTestFinished(() => pool.close());
      const only = step('only', pool.task(name, where === 'inline' ? { inline: 'always' } : {}));
      const run = workflow('w', { only }).run();
      traceRun(run, tracer);
      const output = await run.result();
      expect(output).toStrictEqual({ only: idOf(spans(), 'only') });
      expect(output.only).toHaveLength(16);
    },
  );
});

function active(): string | undefined {
  return trace.getActiveSpan()?.spanContext().spanId;
}

/** Those of the fixture, called here. */
const inlineTasks = {
  value: () => active(),
  promise: async () => {
    await Promise.resolve();
    return active();
  },
  observable: () => defer(() => of(active())),
  async *generator() {
    yield active();
    await Promise.resolve();
    yield active();
  },
  carrier: () => undefined,
  left: () => undefined,
};

test('without tracing a task has no trace, and its carrier is empty', async () => {
  const pool = threadPool<typeof tasks>(workerUrl);
  onTestFinished(() => pool.close());
  const value = step('value', pool.task('value'));
  const carrier = step('carrier', pool.task('carrier'));
  const outputs = await workflow('w', { value, carrier }).run().result();
  expect(outputs).toStrictEqual({ value: undefined, carrier: {} });
});

test('an iterator without return is left where its reader leaves', async () => {
  const { left } = traceTasks({
    left: () => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: false, value: 1 }) }),
    }),
  });
  const context = { carrier: {} } as never;
  const values = (left as (input: unknown, ctx: never) => AsyncIterable<number>)(undefined, context);
  expect(await firstValueFrom(from(values))).toBe(1);
  for await (const value of values) {
    expect(value).toBe(1);
    break;
  }
});

describe.skipIf(!hasRedis)('on another machine', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  test('what a task traces is below the attempt, whose trace goes with the call', async () => {
    const { tracer, spans } = recorder();
    const connection = redis.url;
    const server = await serveTasks(workerUrl, { connection, queue: 'traced', onSigterm: 'ignore' });
    onTestFinished(() => server.close());
    const remote = remoteTasks<typeof tasks>({ connection, queue: 'traced' });
    onTestFinished(() => remote.close());
    const value = step('value', remote.task('value'));
    const carrier = step('carrier', remote.task('carrier'));
    const run = workflow('w', { value, carrier }).run();
    traceRun(run, tracer);
    const outputs = await run.result();
    const traceId = named(spans(), 'carrier')[0]?.spanContext().traceId ?? '';
    expect(outputs).toStrictEqual({
      value: idOf(spans(), 'value'),
      carrier: { traceparent: `00-${traceId}-${idOf(spans(), 'carrier') ?? ''}-01` },
    });
  });
});
