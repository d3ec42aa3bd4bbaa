import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { cases } from './support/effort.ts';
import { naiveStarts } from './support/naive-line.ts';
import {
  type PlayedRun,
  type SharedOrder,
  SharedPlay,
  type SharedRun,
  type SharedScenario,
  type SharedStep,
} from './support/shared-play.ts';
import { validated } from './support/validated.ts';

const classes = ['a', 'b', 'host:x', 'host:y'];
/** Demands fit whatever limits are set. */
const most = 2;

const amounts = (least: number): fc.Arbitrary<Record<string, number>> =>
  fc
    .uniqueArray(fc.constantFrom(...classes), { minLength: 1, maxLength: 3 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.integer({ min: least, max: most }).map((amount) => [name, amount] as const),
        ),
      ),
    )
    .map((entries) => Object.fromEntries(entries));

const sharedStep: fc.Arbitrary<SharedStep> = fc.record({
  demand: amounts(1),
  ms: fc.integer({ min: 0, max: 12 }),
  lingers: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 30 })),
  after: fc.nat(2),
});

const limitsOf = (isFirst: boolean): fc.Arbitrary<Record<string, number>> =>
  fc.record(
    {
      a: fc.integer({ min: most, max: 4 }),
      b: fc.integer({ min: most, max: 4 }),
      'host:*': fc.integer({ min: most, max: 3 }),
      'host:x': fc.integer({ min: most, max: 4 }),
      concurrency: fc.integer({ min: 1, max: 5 }),
      runs: fc.integer({ min: 1, max: 4 }),
    },
    // Between them, the first has all classes that steps demand.
    { requiredKeys: isFirst ? ['a', 'b', 'host:*'] : ['a'] },
  );

const sharedRun = (objects: number): fc.Arbitrary<SharedRun> =>
  fc.record({
    at: fc.nat(40),
    priority: fc.integer({ min: 0, max: 2 }),
    // In any order, and not always all of them.
    shares: fc
      .shuffledSubarray(Array.from({ length: objects }, (_, place) => place))
      .map((places) => (places.includes(0) ? places : [...places, 0])),
    concurrency: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    cancelAt: fc.option(fc.nat(80), { nil: undefined, freq: 3 }),
    steps: fc
      .array(sharedStep, { minLength: 1, maxLength: 6 })
      .map((steps) => steps.map((each, index) => ({ ...each, after: Math.min(each.after, index) }))),
  });

const scenario = (maxOvertakes: fc.Arbitrary<number>): fc.Arbitrary<SharedScenario> =>
  fc.integer({ min: 1, max: 2 }).chain((count) =>
    fc.tuple(...Array.from({ length: count }, (_, place) => limitsOf(place === 0))).chain((objects) =>
      fc.record({
        objects: fc.constant(objects),
        maxOvertakes,
        runs: fc.array(sharedRun(count), { minLength: 2, maxLength: 8 }),
        orders: fc
          .array(orderOf(objects), { maxLength: 6 })
          // Whatever was paused goes on some time.
          .map((orders) => [...orders, ...objects.flatMap(resumptions)]),
      }),
    ),
  );

function orderOf(objects: readonly Record<string, number>[]): fc.Arbitrary<SharedOrder> {
  return fc.nat(objects.length - 1).chain((object) => {
    const names = Object.keys(objects[object] as object).filter((name) => !name.endsWith('*'));
    return fc.record({
      at: fc.nat(80),
      object: fc.constant(object),
      order: fc.oneof(
        fc
          .tuple(
            fc.constantFrom(...Object.keys(objects[object] as object)),
            fc.integer({ min: most, max: 5 }),
          )
          .map(([name, limit]) => ({ set: { [name]: limit } })),
        fc.record({ pause: fc.constantFrom(undefined, ...names) }),
        fc.record({ resume: fc.constantFrom(undefined, ...names) }),
      ),
    });
  });
}

function resumptions(limits: Record<string, number>, object: number): SharedOrder[] {
  const names = [undefined, ...Object.keys(limits).filter((name) => !name.endsWith('*'))];
  return names.map((resume) => ({ at: 200, object, order: { resume } }));
}

/** What of an object is taken, by its own account and by that of the runs. */
function expectHeldIsWorking(play: SharedPlay): void {
  for (const object of play.objects) {
    const { resources, running, waiting } = object.usage();
    for (const [name, { taken }] of Object.entries(resources)) {
      if (name === 'runs') {
        expect(taken, 'runs under way').toBe(play.underWay(object));
        continue;
      }
      expect(taken, `what is taken of '${name}' at ${String(play.time.now)} ms`).toBe(
        play.workingOf(object, name),
      );
    }
    const sharing = play.runs.filter((played) => played.objects.includes(object));
    expect(running).toBe(sharing.filter(({ isUnderWay }) => isUnderWay).length);
    expect(waiting).toBe(
      sharing.filter(({ hasStarted, isUnderWay, isOver }) => hasStarted && !isUnderWay && !isOver).length,
    );
  }
}

/** Who waits, though what it waits for is there. */
function idleIn(play: SharedPlay): string[] {
  return play.runs.flatMap((played) => {
    if (!played.hasStarted || played.isOver || played.isCancelled) return [];
    const snapshot = played.run.snapshot();
    if (snapshot.status === 'waiting') return hasRoom(played, { runs: 1 }) ? [played.run.runId] : [];
    return [...snapshot.steps].flatMap(({ id, status }) => {
      const demand = { ...played.plan.steps[Number(id.slice(1))]?.demand, concurrency: 1 };
      const fits = Object.entries(demand).every(([name, amount]) => {
        const { taken, limit } = snapshot.resources[name] ?? { taken: 0, limit: Infinity };
        return taken + amount <= limit;
      });
      return status === 'ready' && fits && hasRoom(played, demand) ? [`${played.run.runId}/${id}`] : [];
    });
  });
}

function hasRoom({ objects }: PlayedRun, demand: Readonly<Record<string, number>>): boolean {
  return objects.every((object) => {
    const { resources, isPaused } = object.usage();
    return Object.entries(demand).every(([name, amount]) => {
      const shared = resources[name];
      if (shared === undefined) return true;
      return !isPaused && !shared.isPaused && shared.taken + amount <= shared.limit;
    });
  });
}

function expectAllOver(play: SharedPlay): void {
  for (const { hasStarted, isOver, ended, run } of play.runs)
    if (hasStarted) expect([run.runId, isOver, ended !== undefined]).toStrictEqual([run.runId, true, true]);
  for (const object of play.objects) {
    const { resources, ...runs } = object.usage();
    expect(runs).toStrictEqual({ running: 0, waiting: 0, inLine: 0, isPaused: false });
    for (const [name, each] of Object.entries(resources))
      expect({ name, ...each }).toMatchObject({ name, taken: 0, abandoned: 0, waiting: 0 });
  }
  expect(play.time.planned).toBe(0);
}

test.prop([scenario(fc.constantFrom(0, 1, 3, 64))], { numRuns: cases(300) })(
  'whatever runs come, are cancelled or linger, no limit is exceeded, what is held is at work, and all of them end',
  async (given) => {
    await validated(() => {
      const play = new SharedPlay(given);
      play.play(() => {
        expectHeldIsWorking(play);
      });
      expect(play.complaints).toStrictEqual([]);
      expectAllOver(play);
    });
  },
);

test.prop([scenario(fc.constant(Infinity))], { numRuns: cases(300) })(
  'nothing waits that fits, where nobody has to wait for who was overtaken',
  (given) => {
    const play = new SharedPlay(given);
    play.play(() => {
      expect(idleIn(play), `idle at ${String(play.time.now)} ms`).toStrictEqual([]);
    });
    expectAllOver(play);
  },
);

const lined = fc
  .record({
    limit: fc.integer({ min: 1, max: 3 }),
    maxOvertakes: fc.constantFrom(0, 1, 2, 5, 64),
    runs: fc.array(
      fc.record({
        at: fc.nat(20),
        priority: fc.integer({ min: 0, max: 2 }),
        cancelAt: fc.option(fc.nat(60), { nil: undefined, freq: 3 }),
        durations: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
      }),
      { minLength: 1, maxLength: 7 },
    ),
  })
  .map(({ runs, ...rest }) => {
    // Whatever is added up, no two moments are the same: each has a bit of its own, of which a number has enough.
    let bit = 1;
    const own = (ms: number): number => {
      bit /= 2;
      return ms + bit;
    };
    return {
      ...rest,
      runs: runs.map(({ at, cancelAt, durations, priority }) => ({
        at: own(at),
        cancelAt: cancelAt === undefined ? undefined : own(cancelAt),
        durations: durations.map(own),
        priority,
      })),
    };
  })
  .filter(({ runs }) => runs.reduce((bits, { durations }) => bits + durations.length + 2, 0) < 40);

test.prop([lined], { numRuns: cases(500) })(
  'runs start as a plain list says: in turn, a start each, the more urgent first, and none overtaken too often',
  ({ runs, limit, maxOvertakes }) => {
    const play = new SharedPlay({
      objects: [{ a: limit }],
      maxOvertakes,
      orders: [],
      runs: runs.map(({ durations, ...run }) => ({
        ...run,
        shares: [0],
        concurrency: undefined,
        steps: durations.map((ms) => ({ demand: { a: 1 }, ms, lingers: 0, after: 0 })),
      })),
    });
    play.play();
    expect(play.workStarts).toStrictEqual(naiveStarts(runs, limit, maxOvertakes));
    expectAllOver(play);
  },
);
