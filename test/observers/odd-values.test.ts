import { diag } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { CancelledError, defineWorkflow, type ProgressEvent, type Run } from 'millrace';
import { readJsonLines, renderProgress, replay, writeJsonLines } from 'millrace/node';
import { traceRun } from 'millrace/opentelemetry';
import { htmlReport, serveDashboard, toChromeTrace, toDot, toMermaid } from 'millrace/report';
import { firstValueFrom, toArray } from 'rxjs';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { decodeThrown, encodeThrown } from '../../lib/wire/error-codec.ts';
import { temporaryFolder } from '../node/support/temporary-folder.ts';
import { follow } from '../report/support/follow.ts';
import { oddValues } from '../support/odd-values.ts';

const path = temporaryFolder();

/** A run that logs a value, fails with it after a retry, and goes on with what doesn't need that. */
function runOf(make: () => unknown): Run<Record<string, unknown>> {
  return defineWorkflow('odd', [
    {
      id: 'logs',
      run: (_, ctx) => {
        ctx.log('row', make());
        return 1;
      },
    },
    {
      id: 'fails',
      dependsOn: ['logs'],
      retry: 1,
      run: () => {
        throw make();
      },
    },
    { id: 'last', dependsOn: ['logs'], run: () => 2 },
  ]).run({ onFailure: 'continue', concurrency: 1 });
}

/** Runs to the end; gives what was told. */
async function play(run: Run<Record<string, unknown>>): Promise<readonly ProgressEvent[]> {
  const events = firstValueFrom(run.progress$.pipe(toArray()));
  await run.result().catch(() => undefined);
  return events;
}

afterEach(() => {
  diag.disable();
  vi.restoreAllMocks();
});

describe.each(oddValues)('%s', (_, make) => {
  test('is in an event log, which can be read and replayed', async () => {
    const run = runOf(make);
    const log = writeJsonLines(run, path('odd.jsonl'));
    const events = await play(run);
    await log.done;
    const read = await readJsonLines(path('odd.jsonl'));
    expect(read.problems).toEqual([]);
    expect(read.events.map(({ type }) => type)).toEqual(events.map(({ type }) => type));
    expect(replay(read).play().snapshot().status).toBe('failed');
  });

  test('is served by a dashboard', async () => {
    const run = runOf(make);
    const dashboard = await serveDashboard(run);
    onTestFinished(() => dashboard.close());
    await play(run);
    const { sent } = await follow(dashboard, (some) =>
      some.some(({ frame }) => frame?.events.some(({ type }) => type === 'run-failed')),
    );
    expect(sent.flatMap(({ frame }) => frame?.events ?? []).length).toBeGreaterThan(6);
  });

  test('is in every picture', async () => {
    const run = runOf(make);
    const events = await play(run);
    const log = { workflow: run.workflow, limits: {}, events };
    expect(htmlReport(log)).toContain('"type":"run-failed"');
    expect(JSON.parse(JSON.stringify(toChromeTrace(log)))).toMatchObject({ displayTimeUnit: 'ms' });
    for (const picture of [toMermaid, toDot]) expect(picture(run.workflow)).toContain('fails');
  });

  test('is in the spans, all of which end', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    onTestFinished(() => provider.shutdown());
    const told = vi.fn();
    diag.setLogger({ error: told, warn: told, info: () => undefined, debug: () => undefined, verbose: told });
    const run = runOf(make);
    traceRun(run, provider.getTracer('odd'));
    await play(run);
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual([
      'logs',
      'fails',
      'fails',
      'last',
      'odd',
    ]);
    expect(told).not.toHaveBeenCalled();
  });

  test('is shown in a terminal', async () => {
    let text = '';
    const stream = {
      isTTY: false,
      write: (more: string) => {
        text += more;
        return true;
      },
    };
    const run = runOf(make);
    const display = renderProgress(run, { stream, style: 'lines' });
    await play(run);
    await display.done;
    expect(text).toContain('fails');
  });

  test('comes out of a thread', () => {
    const odd = make();
    expect(() => decodeThrown(structuredClone(encodeThrown(odd)))).not.toThrow();
    const outer = decodeThrown(structuredClone(encodeThrown(new RangeError('outer', { cause: odd }))));
    expect(outer).toBeInstanceOf(RangeError);
  });

  test('may be the reason of a cancel', async () => {
    const run = runOf(make);
    run.cancel(make());
    await expect(run.result()).rejects.toBeInstanceOf(CancelledError);
  });
});

describe('what can be read of an odd error is kept', () => {
  const halfReadable = (): Error =>
    Object.defineProperty(new RangeError('odd', { cause: new Error('why') }), 'code', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });

  test('in an event log', async () => {
    const run = runOf(halfReadable);
    const log = writeJsonLines(run, path('half.jsonl'));
    await play(run);
    await log.done;
    const { events } = await readJsonLines(path('half.jsonl'));
    const data = events.find((event) => event.type === 'log')?.data;
    expect(data).toBeInstanceOf(RangeError);
    expect(data).toMatchObject({ message: 'odd', code: "(can't be read: no)", cause: { message: 'why' } });
  });

  test('on a page, and in a trace', async () => {
    const run = runOf(halfReadable);
    const log = { workflow: run.workflow, limits: {}, events: await play(run) };
    expect(htmlReport(log)).toContain('"message":"why"');
    expect(
      JSON.stringify(toChromeTrace({ ...log, events: await play(runOf(() => ({ id: 5n }))) })),
    ).toContain('5n');
  });

  test('out of a thread', () => {
    const sent = decodeThrown(structuredClone(encodeThrown(halfReadable())));
    expect(sent).toBeInstanceOf(RangeError);
    expect(sent).toMatchObject({ message: 'odd', code: "(can't be read: no)", cause: { message: 'why' } });
    const gone = decodeThrown(
      structuredClone(encodeThrown(new Error('odd', { cause: oddValues.at(-8)?.[1]() }))),
    );
    expect(gone).toMatchObject({ message: 'odd' });
  });
});

test.each([new Date(0), new Date(Number.NaN)])('a date comes back out of an event log: %o', async (date) => {
  const run = runOf(() => date);
  const log = writeJsonLines(run, path('dates.jsonl'));
  await play(run);
  await log.done;
  const { events } = await readJsonLines(path('dates.jsonl'));
  expect(events.find((event) => event.type === 'log')?.data).toStrictEqual(date);
});
