import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { defineWorkflow, type ProgressEvent, type Workflow } from 'millrace';
import { EventLogError, readJsonLines, writeJsonLines } from 'millrace/node';
import { htmlReport } from 'millrace/report';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './support/temporary-folder.ts';

const path = temporaryFolder();

const chain = defineWorkflow('chain', [
  { id: 'a', run: () => 1, resource: 'heavy-io', group: 'first' },
  { id: 'b', dependsOn: ['a'], run: () => 2, description: 'the second' },
]);

/** Runs and logs a workflow; gives what happened and what the log says. */
async function logged(workflow: Workflow, name: string) {
  const run = workflow.run({ limits: { 'heavy-io': 2 } });
  const events = lastValueFrom(run.progress$.pipe(toArray()));
  const log = writeJsonLines(run, path(name));
  await run.result().catch(() => undefined);
  await log.done;
  return { run, events: await events, log: await readJsonLines(path(name)) };
}

/** The run of one step that logs a value, and the value in the log. */
async function loggedValue(value: unknown): Promise<unknown> {
  const { log } = await logged(
    defineWorkflow('values', [
      {
        id: 'a',
        run: (_, ctx) => {
          ctx.log('here', value);
        },
      },
    ]),
    'values.jsonl',
  );
  expect(log.problems).toEqual([]);
  return log.events.find((event) => event.type === 'log')?.data;
}

async function failureOf(name: string): Promise<EventLogError> {
  const error = await readJsonLines(path(name)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EventLogError);
  return error as EventLogError;
}

describe('a log', () => {
  test('gives back the events, and what they are of', async () => {
    const { run, events, log } = await logged(chain, 'plain.jsonl');
    expect(log.problems).toEqual([]);
    expect(log.events).toEqual(events);
    expect(log).toMatchObject({ runId: run.runId, limits: { 'heavy-io': 2 }, snapshot: { status: 'idle' } });
    expect(log.workflow).toEqual(run.workflow);
    expect(Math.abs(log.loggedAt - Date.now())).toBeLessThan(60_000);
  });

  test('may have been given the line ends of Windows', async () => {
    const { log } = await logged(chain, 'windows.jsonl');
    const text = await readFile(path('windows.jsonl'), 'utf8');
    await writeFile(path('windows.jsonl'), `\uFEFF${text.replaceAll('\n', '\r\n')}`);
    expect(await readJsonLines(path('windows.jsonl'))).toEqual(log);
  });

  test('is a JSON object a line, and a line a write', async () => {
    await logged(chain, 'lines.jsonl');
    const text = await readFile(path('lines.jsonl'), 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type?: string; format?: string });
    expect(lines[0]?.format).toBe('millrace-events');
    expect(lines.slice(1).map(({ type }) => type)).toEqual([
      'run-started',
      'step-started',
      'step-completed',
      'step-started',
      'step-completed',
      'run-completed',
    ]);
  });

  test('gives the same report as the run, failures included', async () => {
    const failing = defineWorkflow('failing', [
      { id: 'a', run: () => 1 },
      {
        id: 'b',
        dependsOn: ['a'],
        run: (_, ctx) => {
          ctx.log('about to', { size: 12n, list: [undefined, Number.NaN] });
          ctx.progress({ done: 1, total: 4 }, 'a quarter\u2028of it');
          throw Object.assign(new TypeError('no such \r thing'), {
            code: 'E_THING',
            cause: new Error('deep'),
          });
        },
        retry: 1,
      },
    ]);
    const { run, events, log } = await logged(failing, 'failing.jsonl');
    const original = { workflow: run.workflow, limits: log.limits, events };
    expect(log.problems).toEqual([]);
    expect(htmlReport(log)).toBe(htmlReport(original));
  });

  test('takes a URL, and replaces a log that was there', async () => {
    await writeFile(path('url.jsonl'), 'something longer than what will be there\n'.repeat(100));
    const run = chain.run();
    const log = writeJsonLines(run, pathToFileURL(path('url.jsonl')));
    expect(log.file).toBe(path('url.jsonl'));
    await run.result();
    await log.done;
    const read = await readJsonLines(pathToFileURL(path('url.jsonl')));
    expect(read.problems).toEqual([]);
    expect(read.events).toHaveLength(6);
  });

  test('that is closed early has what was until then, and the run goes on', async () => {
    const run = chain.run();
    await using log = writeJsonLines(run, path('early.jsonl'));
    run.progress$.subscribe((event) => {
      if (event.type === 'step-completed' && event.stepId === 'a') void log.close();
    });
    expect(await run.result()).toEqual({ b: 2 });
    await log.done;
    const { events } = await readJsonLines(path('early.jsonl'));
    expect(events.map(({ type }) => type)).toEqual(['run-started', 'step-started', 'step-completed']);
  });

  test('that is begun late says where the run stood', async () => {
    const run = chain.run();
    let log: ReturnType<typeof writeJsonLines> | undefined;
    run.progress$.subscribe((event) => {
      if (event.type === 'step-completed') log ??= writeJsonLines(run, path('late.jsonl'));
    });
    await run.result();
    await log?.done;
    const { snapshot, events } = await readJsonLines(path('late.jsonl'));
    expect(Array.from(snapshot.steps, ({ status }) => status)).toEqual(['completed', 'waiting']);
    expect(events[0]).toMatchObject({ type: 'step-started', stepId: 'b' });
  });

  test('of 100,000 events is read whole', async () => {
    const count = 33_333;
    const { log, events } = await logged(
      defineWorkflow('many', [
        {
          id: 'a',
          run: (_, ctx) => {
            for (let step = 0; step < 3 * count; step++) ctx.progress(step / count / 3, 'ü🚀');
          },
        },
      ]),
      'many.jsonl',
    );
    expect(log.problems).toEqual([]);
    expect(log.events.length).toBeGreaterThan(100_000);
    expect(log.events).toEqual(events);
  }, 30_000);
});

describe('what JSON lacks is kept:', () => {
  class Point {
    readonly x = 1;
  }
  const circle: Record<string, unknown> = { name: 'circle' };
  circle['self'] = circle;

  test.each([
    [12n, 12n],
    [
      { a: undefined, n: Number.NaN, m: -Infinity, z: -0 },
      { a: undefined, n: Number.NaN, m: -Infinity, z: -0 },
    ],
    [new Map([[{ k: 1 }, new Set([1n])]]), new Map([[{ k: 1 }, new Set([1n])]])],
    [new Date(86_400_000), new Date(86_400_000)],
    [new URL('https://example.org/a'), 'https://example.org/a'],
    [new Point(), { x: 1 }],
    [circle, { name: 'circle', self: '[circular]' }],
    [
      {
        call: function named() {
          return 1;
        },
        symbol: Symbol('s'),
      },
      { call: 'function named', symbol: 'Symbol(s)' },
    ],
    [new Uint8Array(3), 'an instance of Uint8Array, 3 bytes'],
    [
      { $millrace: 'bigint', value: 'x' },
      { $millrace: 'bigint', value: 'x' },
    ],
    [JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')],
    [
      { lone: '\uD800', separators: '\u2028\r\n' },
      { lone: '\uD800', separators: '\u2028\r\n' },
    ],
  ])('%o', async (value, expected) => {
    expect(await loggedValue(value)).toStrictEqual(expected);
  });

  test('errors, with causes, codes, fields and what they hold', async () => {
    class HttpError extends Error {
      override readonly name = 'HttpError';
      readonly status = 503;
      get code(): string {
        return `E_${String(this.status)}`;
      }
    }
    const error = new AggregateError([new HttpError('gone'), 'text'], 'several', {
      cause: new RangeError('too far', { cause: 7 }),
    });
    const kept = (await loggedValue(error)) as AggregateError & { cause: Error };
    expect(kept).toBeInstanceOf(AggregateError);
    expect(kept).toMatchObject({ name: 'AggregateError', message: 'several', stack: error.stack });
    expect(kept.cause).toBeInstanceOf(RangeError);
    expect(kept.cause).toMatchObject({ message: 'too far', cause: 7 });
    expect(kept.errors[0]).toBeInstanceOf(Error);
    expect(kept.errors[0]).toMatchObject({ name: 'HttpError', message: 'gone', status: 503, code: 'E_503' });
    expect(kept.errors[1]).toBe('text');
  });

  test('what throws when it is looked at, is endless or far too much is cut', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const trap = Object.defineProperty({ fine: 1 }, 'trap', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    expect(await loggedValue({ proxy, trap })).toEqual({
      proxy: "an object that can't be looked at",
      trap: { fine: 1, trap: "(can't be read: no)" },
    });
    const endless: object = { toJSON: () => Object.assign({}, endless) };
    expect(JSON.stringify(await loggedValue(endless))).toContain('…');
    const rows = Array.from({ length: 100_000 }, (_, row) => row);
    const kept = (await loggedValue({ rows, text: 'x'.repeat(2_000_000) })) as { rows: unknown[] };
    expect(kept.rows.length).toBeLessThan(10_002);
    expect(kept.rows.at(-1)).toBe('…');
  });

  test('messages that are no text, which nobody checks', async () => {
    const { log } = await logged(
      defineWorkflow('odd', [
        {
          id: 'a',
          run: (_, ctx) => {
            ctx.log(12n as unknown as string);
          },
        },
      ]),
      'odd.jsonl',
    );
    expect(log.problems).toEqual([{ line: 4, why: "its message isn't a string" }]);
    expect(log.events.at(-1)?.type).toBe('run-completed');
  });
});

describe('a log that is damaged', () => {
  async function damaged(name: string, change: (lines: string[]) => string): Promise<void> {
    await logged(chain, name);
    const lines = (await readFile(path(name), 'utf8')).trimEnd().split('\n');
    await writeFile(path(name), change(lines));
  }

  test('loses the lines that are, and says which', async () => {
    await damaged('holes.jsonl', (lines) => {
      lines[2] = 'garbage';
      lines[3] = '{"seq":3}';
      lines[4] = lines[4]?.replace('step-started', 'step-teleported') ?? '';
      lines[5] = '[]';
      return `${lines.join('\n')}\n\n{"type":"run-comp`;
    });
    const { events, problems } = await readJsonLines(path('holes.jsonl'));
    expect(events.map(({ type }) => type)).toEqual(['run-started', 'run-completed']);
    expect(problems.map(({ line }) => line)).toEqual([3, 4, 5, 6, 9]);
    expect(problems[2]?.why).toContain(
      'a type that this version of millrace doesn\'t know: "step-teleported"',
    );
    expect(problems[4]?.why).toContain('it is cut or damaged');
  });

  test('by events of other runs, in another order, or by another log at its end', async () => {
    await damaged('mixed.jsonl', (lines) => {
      const [header = '', first = '', second = ''] = lines;
      const foreign = first.replace(/"runId":"[^"]*"/, '"runId":"other"');
      return [header, first, second, first, foreign, header, second].join('\n');
    });
    const { events, problems } = await readJsonLines(path('mixed.jsonl'));
    expect(events).toHaveLength(2);
    expect(problems.map(({ line, why }) => `${String(line)}: ${why}`)).toEqual([
      '4: it comes after an event that was later',
      '5: it is an event of another run',
      '6: another log begins here; only the first is read',
    ]);
  });

  test.each([
    ['an empty file', '', 'EVENT_LOG_INVALID', 'it is empty'],
    ['another text', 'hello\n', 'EVENT_LOG_INVALID', 'its first line is no header'],
    ['other JSON', '{"a":1}\n', 'EVENT_LOG_INVALID', 'its first line is no header of one'],
    [
      'half a header',
      '{"format":"millrace-events","version":1}\n',
      'EVENT_LOG_INVALID',
      'its header is damaged',
    ],
    ['a later version', '{"format":"millrace-events","version":2}\n', 'EVENT_LOG_LATER_VERSION', 'version 2'],
  ])('%s is an error of its own', async (_, text, code, why) => {
    await writeFile(path('bad.jsonl'), text);
    const error = await failureOf('bad.jsonl');
    expect(error).toMatchObject({ code, file: path('bad.jsonl') });
    expect(error.message).toContain(why);
  });

  test('a file that is not there is an error with its cause', async () => {
    expect(await failureOf('none.jsonl')).toMatchObject({
      code: 'EVENT_LOG_NOT_READ',
      cause: { code: 'ENOENT' },
    });
    expect(await failureOf('.')).toMatchObject({ code: 'EVENT_LOG_NOT_READ', cause: { code: 'EISDIR' } });
  });
});

describe('a file that can not be written', () => {
  test('makes done reject, and the run goes on', async () => {
    const run = chain.run();
    const log = writeJsonLines(run, path('no/such/folder.jsonl'));
    expect(await run.result()).toEqual({ b: 2 });
    // Long after it failed.
    await expect(log.done).rejects.toMatchObject({
      name: 'EventLogError',
      code: 'EVENT_LOG_NOT_WRITTEN',
      cause: { code: 'ENOENT' },
    });
    await expect(log.close()).rejects.toThrow('The run goes on without it');
  });

  test('nor where a folder is', async () => {
    const run = chain.run();
    const log = writeJsonLines(run, path('.'));
    await run.result();
    await expect(log.done).rejects.toMatchObject({
      code: 'EVENT_LOG_NOT_WRITTEN',
      cause: { code: 'EISDIR' },
    });
  });

  test.skipIf(!existsSync('/dev/full'))('nor for want of space', async () => {
    await symlink('/dev/full', path('full.jsonl'));
    const run = chain.run();
    const log = writeJsonLines(run, path('full.jsonl'));
    expect(await run.result()).toEqual({ b: 2 });
    await expect(log.done).rejects.toMatchObject({
      code: 'EVENT_LOG_NOT_WRITTEN',
      cause: { code: 'ENOSPC' },
    });
  });

  test.skipIf(!existsSync('/dev/null'))('but a device that keeps nothing is one', async () => {
    const run = chain.run();
    const log = writeJsonLines(run, '/dev/null');
    await run.result();
    await expect(log.done).resolves.toBeUndefined();
  });

  test('is an option that can not be used where it is no path', async () => {
    const run = chain.run();
    expect(() => writeJsonLines(run, 7 as unknown as string)).toThrow(
      "expected the file to be a path or a 'file:' URL, got 7",
    );
    expect(() => writeJsonLines(run, new URL('https://example.org'))).toThrow("a path or a 'file:' URL");
    expect(() => readJsonLines('')).toThrow("a path or a 'file:' URL");
    await run.result();
    expect(() => writeJsonLines(run, path('over.jsonl'))).toThrow(
      'expected the run to be one that is not over',
    );
    expect(existsSync(path('over.jsonl'))).toBe(false);
  });
});

test('a process that exits has written what happened just before', async () => {
  const { lastLines } = await program('exits.program.ts', 'exits.jsonl');
  expect(lastLines).toEqual(['1', '2']);
  const { events, problems } = await readJsonLines(path('exits.jsonl'));
  expect(problems).toEqual([]);
  expect(events.map(({ type }) => type)).toEqual(['run-started', 'step-started', 'log']);
}, 60_000);

test('a process that is killed leaves every line but the last', { timeout: 60_000 }, async () => {
  const { lastLines } = await program('killed.program.ts', 'killed.jsonl', 300);
  const { events, problems } = await readJsonLines(path('killed.jsonl'));
  const last = Number(lastLines.at(-1));
  expect(last).toBeGreaterThan(299);
  expect(events.length).toBeGreaterThanOrEqual(last - 1);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_: ProgressEvent, place) => place + 1));
  expect(problems.length).toBeLessThanOrEqual(1);
});

/** Runs a program that logs, as a process, killed once it has told so many lines; gives the lines that it told in the end. */
async function program(name: string, file: string, killedAt = Infinity) {
  const tsx = createRequire(import.meta.url).resolve('tsx');
  const fixture = fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
  const child = spawn(
    process.execPath,
    ['--import', pathToFileURL(tsx).href, '-C', 'millrace:source', fixture, path(file)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
    if (told.split('\n').length > killedAt) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.on('close', resolve));
  return { lastLines: told.slice(0, told.lastIndexOf('\n')).split('\n').slice(-2) };
}
