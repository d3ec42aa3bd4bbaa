import { CancellationToken } from 'millrace';
import { type ChromeTrace, type TraceEvent, toChromeTrace } from 'millrace/report';
import { throwError } from 'rxjs';
import { expect, test } from 'vitest';
import { growing, layered, nasty, record, recordOf, roomy, taking } from './support/recorded.ts';

/** What the trace event format demands of each kind of event. */
function faultsOf({ traceEvents }: ChromeTrace): string[] {
  const faults: string[] = [];
  const open = new Set<number>();
  const busyUntil = new Map<string, number>();
  const demand = (condition: boolean, what: string, event: TraceEvent): void => {
    if (!condition) faults.push(`${what}: ${JSON.stringify(event)}`);
  };
  const slices = traceEvents.filter(({ ph }) => ph === 'X');
  const isWithin = ({ pid, tid, ts }: TraceEvent): boolean =>
    slices.some(
      (slice) =>
        slice.pid === pid && slice.tid === tid && slice.ts <= ts && ts <= slice.ts + (slice.dur ?? 0),
    );
  for (const event of traceEvents) {
    const { ph, pid, tid, ts, id } = event;
    demand(Number.isInteger(pid) && Number.isInteger(tid), 'pid and tid are whole', event);
    demand(Number.isInteger(ts) && ts >= 0, 'ts is in µs from the start', event);
    if (ph === 'X') {
      const track = `${String(pid)}/${String(tid)}`;
      demand((event.dur ?? -1) >= 0, 'a slice has a length', event);
      demand((busyUntil.get(track) ?? 0) <= ts, 'slices of a track do not overlap', event);
      busyUntil.set(track, ts + (event.dur ?? 0));
    } else if (ph === 'M') demand(typeof event.args?.['name'] === 'string', 'a name is a string', event);
    else if (ph === 'C') demand(typeof event.args?.['taken'] === 'number', 'a counter is a number', event);
    else if (ph === 's') {
      demand(!open.has(id ?? 0), 'an arrow begins once', event);
      demand(isWithin(event), 'an arrow begins at a slice', event);
      open.add(id ?? 0);
    } else if (ph === 'f') {
      demand(open.delete(id ?? 0) && event.bp === 'e', 'an arrow ends once', event);
      demand(isWithin(event), 'an arrow ends at a slice', event);
    } else demand(event.s === 'g', 'a moment has a reach', event);
  }
  if (open.size > 0) faults.push('an arrow without an end');
  return faults;
}

test('a run of many steps follows the format and has every attempt and dependency', () => {
  const { log } = record(layered(300), roomy);
  const trace = toChromeTrace(log);
  expect(faultsOf(trace)).toEqual([]);
  expect(JSON.parse(JSON.stringify(trace))).toEqual(trace);
  const count = (ph: string): number => trace.traceEvents.filter((event) => event.ph === ph).length;
  expect(count('X')).toBe(300);
  expect(count('s')).toBe([...log.workflow.steps].reduce((sum, { dependsOn }) => sum + dependsOn.length, 0));
});

test('there are as many lanes as ran at once, and counters never exceed the limit', () => {
  const { traceEvents } = toChromeTrace(record(layered(300), roomy).log);
  const cpu = traceEvents.find(({ ph, args }) => ph === 'M' && args?.['name'] === 'heavy-cpu');
  const lanes = traceEvents.filter(({ name, pid }) => name === 'thread_name' && pid === cpu?.pid);
  expect(lanes).toHaveLength(4);
  const held = traceEvents.flatMap(({ name, args }) =>
    name === 'heavy-cpu in use' ? Number(args?.['taken']) : [],
  );
  expect(Math.max(...held)).toBe(4);
  expect(held.at(-1)).toBe(0);
  const memory = traceEvents.flatMap(({ name, args }) =>
    name === 'memory held (bytes)' ? Number(args?.['taken']) : [],
  );
  expect(Math.max(...memory)).toBe(4 * 64 * 2 ** 20);
});

test('retries, failures, logs and skipped steps are there', () => {
  const { log } = record(
    [
      {
        id: 'bad',
        run: () => throwError(() => new Error('no')),
        retry: { attempts: 2, delay: 10, jitter: 0 },
      },
      { id: 'after', dependsOn: ['bad'], run: taking(1) },
      {
        id: 'talks',
        run: (_, context) => {
          context.log('hello', { n: 1 });
          return 1;
        },
      },
    ],
    {},
    { onFailure: 'continue' },
  );
  const trace = toChromeTrace(log);
  expect(faultsOf(trace)).toEqual([]);
  const slices = trace.traceEvents.filter(({ ph }) => ph === 'X');
  expect(
    slices.filter(({ name }) => name === 'bad').map(({ cat, args }) => [cat, args?.['attempt']]),
  ).toEqual([
    ['failed', 1],
    ['failed', 2],
  ]);
  const moments = trace.traceEvents.filter(({ ph }) => ph === 'i').map(({ name }) => name);
  expect(moments).toEqual(expect.arrayContaining(['retry: bad', 'failure: bad', 'log: talks']));
  expect(trace.otherData['status']).toBe('failed');
});

test('a run that was cancelled, one that still runs, and one without events', () => {
  const token = new CancellationToken();
  const { log } = record(
    [
      {
        id: 'one',
        run: () => {
          token.cancel('enough');
          return 1;
        },
      },
      { id: 'two', dependsOn: ['one'], run: taking(5) },
    ],
    {},
    { token },
  );
  expect(toChromeTrace(log).otherData['status']).toBe('cancelled');
  const half = { ...log, events: log.events.slice(0, 2) };
  expect(faultsOf(toChromeTrace(half))).toEqual([]);
  expect(toChromeTrace({ ...log, events: [] }).traceEvents).toHaveLength(1);
});

test('ids may hold anything', () => {
  const { log } = record(
    nasty.map((id) => ({ id, run: taking(1) })),
    { 'light-cpu': 2 },
  );
  const names = toChromeTrace(log).traceEvents.flatMap(({ ph, name }) => (ph === 'X' ? name : []));
  expect(names.toSorted()).toEqual(nasty.toSorted());
});

test('what comes of steps is there too, up to some number', () => {
  const few = toChromeTrace(recordOf(growing(20), { 'light-io': 4 }).log);
  expect(faultsOf(few)).toEqual([]);
  const pages = few.traceEvents.filter(({ ph, name }) => ph === 'X' && name.startsWith('book/page['));
  expect(pages).toHaveLength(20);
  expect(new Set(pages.map(({ tid }) => tid)).size).toBe(4);
  expect(few.otherData).not.toHaveProperty('leftOut');
  const many = toChromeTrace(recordOf(growing(12_000), { 'light-io': 400 }).log);
  expect(many.otherData['leftOut']).toBe('2001 attempts within steps');
});
