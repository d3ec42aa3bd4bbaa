import { forEachStep, type Step, step, stream, subflow, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { Engine } from '../../lib/engine/engine.ts';
import { EngineFaultError } from '../../lib/engine/engine-fault-error.ts';
import { status } from '../../lib/engine/transitions.ts';
import { validate } from '../../lib/engine/validate.ts';
import { readRunOptions } from '../../lib/run/run-options.ts';
import { validated } from '../../property-tests/support/validated.ts';
import { counted } from '../run/support/streamed.ts';

/** `a` runs and holds the one `db`, `b` is ready and waits for it, `c` needs both, `d` has completed and is needed by `c`. */
function engineAtRest(): { readonly engine: Engine; readonly time: VirtualTime } {
  const time = new VirtualTime();
  const a = step('a', () => time.after(10, 1), { resource: 'db', priority: 1 });
  const b = step('b', () => time.after(10, 1), { resource: 'db' });
  const d = step('d', () => 1);
  const c = step('c', { a, b, d }, () => 1);
  const { blueprint, options } = workflow('w', { c });
  const settings = readRunOptions(blueprint, options, { limits: { db: 1 }, scheduler: time.scheduler });
  const engine = new Engine(blueprint, settings);
  engine.launch();
  return { engine, time };
}

const rowOf = (engine: Engine, id: string): number => engine.blueprint.graph.indexOf(id) as number;

describe('validate', () => {
  test.each(['event', 'rest'] as const)('finds nothing wrong with a sound engine at %s', (point) => {
    const { engine, time } = engineAtRest();
    validate(engine, point);
    time.flush();
    expect(engine.status).toBe('completed');
    validate(engine, point);
  });

  test.each<[string, (engine: Engine) => void, RegExp]>([
    ['an open row that isn’t counted', ({ root }) => root.open--, /the open rows of its scope: 2.* 3/],
    ['a row counted as unneeded', ({ root }) => root.unneeded++, /the unneeded rows/],
    [
      'an unneeded row that runs on',
      (engine) => {
        engine.table.unneeded.add(rowOf(engine, 'a'));
        engine.root.unneeded++;
      },
      /nobody needs is running \(row \d+: ready → running/,
    ],
    [
      'a use that isn’t counted',
      (engine) => engine.table.release(rowOf(engine, 'd'), Uint32Array.of(0), 0, 1),
      /its consumers: 0.* 1 \(row \d+: ready → running → completed/,
    ],
    [
      'an output that is gone too early',
      (engine) => {
        engine.table.consumers[rowOf(engine, 'd')] = 0;
        engine.table.dropUnused(rowOf(engine, 'd'));
        engine.table.consumers[rowOf(engine, 'd')] = 1;
      },
      /its output is no longer there/,
    ],
    [
      'a need that isn’t counted',
      (engine) => {
        engine.table.missing[rowOf(engine, 'c')] = 1;
      },
      /what it misses: 1, and should be 2 \(row \d+: waiting/,
    ],
    [
      'a running row without an attempt',
      (engine) => {
        const { holds } = engine.attempts[rowOf(engine, 'a')] ?? {};
        engine.attempts[rowOf(engine, 'a')] = undefined;
        expect(holds).toBeDefined();
      },
      /a row that is running has no attempt/,
    ],
    [
      'an attempt of a row that is settled',
      (engine) => {
        engine.attempts[rowOf(engine, 'd')] = engine.attempts[rowOf(engine, 'a')];
      },
      /a row that is completed has an attempt/,
    ],
    [
      'a ready row that nobody admits',
      (engine) => engine.withdraw(rowOf(engine, 'b')),
      /nobody stands for it/,
    ],
    [
      'a row that waits though nobody has counted it',
      (engine) => {
        engine.budget.shapeOf(rowOf(engine, 'b')).add(rowOf(engine, 'c'), false);
      },
      /what waits in admission: 1, and should be 2/,
    ],
    [
      'a row in admission that isn’t ready',
      (engine) => {
        engine.enqueue(rowOf(engine, 'd'));
      },
      /nothing is ready that it stands for/,
    ],
    [
      'what is given back twice',
      ({ attempts, budget }) => {
        const holds = attempts.find((attempt) => attempt !== undefined)?.holds;
        if (holds !== undefined) budget.admission.giveBack(holds);
      },
      /what is taken of 'db': 0, and should be 1/,
    ],
    [
      'more taken than there is',
      ({ budget: { admission, classes } }) => {
        admission.taken[classes.placeOf('db') as number] = 2;
      },
      /2 of 'db' is taken/,
    ],
    [
      'what is lost though nobody was given up',
      ({ attempts, budget }) => {
        const holds = attempts.find((attempt) => attempt !== undefined)?.holds;
        if (holds !== undefined) budget.admission.forfeit(holds);
      },
      /what is lost of 'db': 1, and should be 0/,
    ],
  ])('finds %s', (_, spoil, message) => {
    const { engine } = engineAtRest();
    expect(engine.table.status[rowOf(engine, 'b')]).toBe(status.ready);
    spoil(engine);
    const look = (): void => {
      validate(engine, 'rest');
    };
    expect(look).toThrow(EngineFaultError);
    expect(look).toThrow(message);
  });
});

test.each<[string, (fan: Step<unknown, never>) => Step<unknown, never>]>([
  ['in a run', (fan) => fan],
  ['in a subflow', (fan) => subflow('sub', workflow('inner', { fan }))],
])('children that run in what a fan-out over a stream holds leave nothing behind, %s', async (_, place) => {
  const numbers = step('numbers', () => counted(5), { resource: 'db' });
  const fan = forEachStep('fan', { items: stream(numbers) }, (n: number) => n, { resource: 'gpu' });
  await validated(() =>
    workflow('w', { out: place(fan) })
      .run({ limits: { db: 1, gpu: 1 } })
      .result(),
  );
});
