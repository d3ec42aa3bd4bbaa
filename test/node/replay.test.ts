import { setAutoFreeze } from 'immer';
import {
  type Definition,
  defineWorkflow,
  type ProgressEvent,
  type Run,
  type RunOptions,
  type RunSnapshot,
  sharedLimits,
} from 'millrace';
import { readJsonLines, replay, writeJsonLines } from 'millrace/node';
import { toMermaid } from 'millrace/report';
import { VirtualTime } from 'millrace/testing';
import { map, NEVER, type Observable, timer } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './support/temporary-folder.ts';

const path = temporaryFolder();

function taking(ms: number, fails = false): Definition['run'] {
  return (_, ctx) =>
    timer(ms, ctx.scheduler).pipe(
      map(() => {
        ctx.progress(0.5, 'half');
        if (fails) throw new Error('no');
        return ms;
      }),
    );
}

/** Everything that a stream emits from now on; `snapshot` is what the run says once an event has been dealt with. */
function collected<T>(stream$: Observable<T>): T[] {
  const values: T[] = [];
  stream$.subscribe((value) => values.push(value));
  return values;
}

/** A snapshot without what steps wait for at that moment, which no event tells. */
function asEventsTell(snapshot: RunSnapshot): unknown {
  const steps = [...snapshot.steps].map(({ waitingFor: _, ...step }) => step);
  return { ...snapshot, waits: [], steps };
}

/** Runs in virtual time, with a log; gives what the run's streams said, and the log. */
async function recorded(
  definitions: readonly Definition[],
  options: RunOptions<never> = {},
  act: (run: Run, time: VirtualTime) => void = () => undefined,
) {
  const time = new VirtualTime();
  const { scheduler } = time;
  const run = defineWorkflow('replayed', definitions).run({ scheduler, ...options });
  const writer = writeJsonLines(run, path('replay.jsonl'));
  const events = collected(run.progress$);
  const snapshots = collected(run.snapshot$);
  act(run, time);
  run.result$.subscribe({ error: () => undefined });
  time.flush();
  await writer.done;
  return { run, events, snapshots, log: await readJsonLines(path('replay.jsonl')) };
}

const layers: Definition[] = Array.from({ length: 600 }, (_, place) => ({
  id: `step ${String(place)}`,
  dependsOn: place < 20 ? [] : [`step ${String(place - 20)}`, `step ${String(place - 7)}`],
  // No two moments are one: what comes first of a frame and an event at one time is not told.
  run: taking(5 + ((place * 37) % 50) + place * 0.013_7),
  resource: (['heavy-cpu', 'light-io', { 'heavy-io': 2 }] as const)[place % 3],
}));
const limits = { 'heavy-cpu': 3, 'light-io': 8, 'heavy-io': 5, 'light-cpu': 4 };

const failing: Definition[] = [
  { id: 'good', run: taking(10) },
  { id: 'bad', run: taking(30, true), retry: { attempts: 2, delay: 50, factor: 3, jitter: 0 } },
  { id: 'after', dependsOn: ['bad'], run: taking(1) },
  { id: 'long', run: taking(1_000) },
  { id: 'later', dependsOn: ['long'], run: taking(1) },
];

const turns = sharedLimits({ runs: 1, 'heavy-cpu': 3, concurrency: 12 });
/** Starts another run that goes before. */
const afterAnother =
  (act: (run: Run, time: VirtualTime) => void) =>
  (run: Run, time: VirtualTime): void => {
    const another = defineWorkflow('another', [{ id: 'only', run: taking(50) }]);
    another.run({ scheduler: time.scheduler, shared: turns }).result$.subscribe();
    act(run, time);
  };

const cases: [
  what: string,
  definitions: readonly Definition[],
  options: RunOptions<never>,
  act?: (run: Run, time: VirtualTime) => void,
][] = [
  ['600 steps in chunks', layers, { limits }],
  ['within a concurrency', layers.slice(0, 50), { limits, concurrency: 3 }],
  ['retries, and a failure that stops it', failing, {}],
  ['retries, and a failure that stops nothing', failing, { onFailure: 'continue' }],
  [
    'a cancel',
    layers.slice(0, 100),
    { limits },
    (run, time) =>
      time.at(60, () => {
        run.cancel('enough');
      }),
  ],
  [
    'a drain',
    layers.slice(0, 100),
    { limits },
    (run, time) =>
      time.at(60, () => {
        run.cancel('enough', { drain: true });
      }),
  ],
  ['a timeout', layers.slice(0, 100), { limits, timeout: 70 }],
  [
    'pauses and other limits',
    layers.slice(0, 100),
    { limits },
    (run, time) => {
      run.pause('light-io');
      time.at(40, () => {
        run.setLimits({ 'heavy-cpu': 1 });
      });
      time.at(60, () => {
        run.pause();
      });
      time.at(300, () => {
        run.resume();
      });
      time.at(500, () => {
        run.resume('light-io');
      });
    },
  ],
  [
    'a wait for another run, and limits that are shared',
    layers.slice(0, 100),
    { limits, shared: turns },
    afterAnother((_, time) => {
      for (const [at, limit] of [
        [20, 2],
        [120, 1],
        [220, 3],
      ] as const)
        time.at(at, () => {
          turns.setLimits({ 'heavy-cpu': limit });
        });
    }),
  ],
  [
    'a cancel while it waits for another run',
    layers.slice(0, 100),
    { limits, shared: turns },
    afterAnother((run, time) => {
      time.at(30, () => {
        run.cancel('enough');
      });
    }),
  ],
  [
    'a body that is abandoned',
    [
      { id: 'stuck', run: () => new Promise(() => undefined), timeout: 20, resource: 'gpu' },
      { id: 'other', run: taking(100), resource: 'gpu' },
    ],
    { limits: { gpu: 2 }, gracePeriod: 10, onFailure: 'continue' },
  ],
];

describe('a replay says what the run said:', () => {
  test.each(cases)('%s', async (_, definitions, options, act) => {
    const { run, events, snapshots, log } = await recorded(definitions, options, act);
    expect(log.problems).toEqual([]);
    const again = replay(log);
    const replayed = { events: collected(again.progress$), snapshots: collected(again.snapshot$) };
    expect(replayed.events).toEqual([]);
    again.play();
    expect(replayed.events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq));
    expect(replayed.events).toEqual(log.events);
    expect(replayed.snapshots.map(asEventsTell)).toEqual(snapshots.map(asEventsTell));
    expect(asEventsTell(again.snapshot())).toEqual(asEventsTell(run.snapshot()));
    expect(toMermaid(again.workflow, { snapshot: again.snapshot() })).toBe(
      toMermaid(run.workflow, { snapshot: run.snapshot() }),
    );
  });
});

test('at its speed, each event comes when it came', async () => {
  const { log, snapshots } = await recorded(layers.slice(0, 40), { limits });
  const time = new VirtualTime();
  const { scheduler } = time;
  const again = replay(log, { speed: 2, scheduler });
  const times: number[] = [];
  again.progress$.subscribe(() => times.push(time.now));
  const replayed: RunSnapshot[] = collected(again.snapshot$);
  again.play();
  expect(times.length).toBeLessThan(log.events.length);
  again.play();
  time.flush();
  const first = log.events[0]?.at ?? 0;
  expect(times).toEqual(log.events.map(({ at }) => (at - first) / 2));
  expect(replayed.map(asEventsTell)).toEqual(snapshots.map(asEventsTell));
});

test('it can be stopped, and a log that breaks off ends there', async () => {
  const { log } = await recorded(layers.slice(0, 40), { limits });
  const time = new VirtualTime();
  const { scheduler } = time;
  const again = replay(log, { speed: 1, scheduler });
  let isComplete = false;
  again.progress$.subscribe({ complete: () => (isComplete = true) });
  again.progress$.subscribe((event: ProgressEvent) => {
    if (event.type === 'step-completed') again.stop();
  });
  again.play();
  time.flush();
  expect(isComplete).toBe(true);
  expect(again.snapshot().counts.completed).toBe(1);
  again.stop();
  expect(again.play().snapshot().status).toBe('running');
  const cut = replay({ ...log, events: log.events.slice(0, 10) }).play();
  expect(cut.snapshot()).toMatchObject({ status: 'running', endedAt: null });
  expect(
    replay({ ...log, events: [] })
      .play()
      .snapshot(),
  ).toEqual(log.snapshot);
});

test('what does not change is the same object, and all is frozen, also where the user has switched immer’s freezing off', async () => {
  setAutoFreeze(false);
  onTestFinished(() => {
    setAutoFreeze(true);
  });
  const { log } = await recorded(layers, { limits });
  const snapshots: RunSnapshot[] = [];
  const again = replay(log);
  again.snapshot$.subscribe((snapshot) => snapshots.push(snapshot));
  again.play();
  const [, early, next] = snapshots;
  const parts = (snapshot: RunSnapshot | undefined): unknown[] => Object.values(snapshot?.steps ?? {}).flat();
  expect(parts(next)[2]).toBe(parts(early)[2]);
  expect(parts(next)[0]).not.toBe(parts(early)[0]);
  expect([...(next?.steps ?? [])].every((step) => Object.isFrozen(step))).toBe(true);
  expect(Object.isFrozen(next?.counts)).toBe(true);
  expect(next?.pausedResources).toBe(early?.pausedResources);
  expect(Object.values(next?.resources ?? {}).every((amounts) => Object.isFrozen(amounts))).toBe(true);
  expect(again.snapshot()).toBe(again.snapshot());
});

test('what is no log, no speed or no scheduler is told', async () => {
  const { log } = await recorded([{ id: 'a', run: () => NEVER, timeout: 5 }]);
  expect(() => replay(log, { speed: 0 })).toThrow('expected speed to be a number above 0, got 0');
  expect(() => replay(log, { speed: Number.NaN })).toThrow('got NaN');
  expect(() => replay(log, { sped: 1 } as object)).toThrow("did you mean 'speed'?");
  expect(() => replay(log, { scheduler: 7 as never })).toThrow('an RxJS scheduler');
  expect(() => replay([] as never)).toThrow('expected the log to be an event log');
  expect(() => replay({ ...log, events: undefined as never })).toThrow(
    'expected log.events to be a list of events',
  );
});
