import { choose, type Definition, forEachStep, step, workflow } from 'millrace';
import { timer } from 'rxjs';
import { expect, test } from 'vitest';
import { whatWouldHaveHelped } from '../../lib/report/what-would-have-helped.ts';
import { record, recordOf, taking } from './support/recorded.ts';

const queued: Definition[] = ['a', 'b', 'c', 'd'].map((id) => ({ id, run: taking(100), resource: 'gpu' }));

test('more of the class that everybody waited for', () => {
  const { log } = record(queued, { gpu: 1, db: 4 });
  expect(whatWouldHaveHelped(log)).toEqual({
    simulatedMs: 400,
    improvements: [
      { kind: 'limit', name: 'gpu', from: 1, to: 2, ms: 200 },
      { kind: 'step', name: 'a', from: 100, to: 50, ms: 350 },
      { kind: 'step', name: 'b', from: 100, to: 50, ms: 350 },
    ],
  });
});

test('a step that takes half the time, where nobody waits for resources', () => {
  const { log } = record(
    [
      { id: 'long', run: taking(300) },
      { id: 'short', run: taking(10) },
      { id: 'end', run: taking(20), dependsOn: ['long', 'short'] },
    ],
    { 'light-cpu': 8 },
  );
  expect(whatWouldHaveHelped(log)?.improvements[0]).toEqual({
    kind: 'step',
    name: 'long',
    from: 300,
    to: 150,
    ms: 170,
  });
});

test('children of a fan-out, of whom so many may run at once', () => {
  const each = forEachStep(
    'each',
    { items: [1, 2, 3, 4, 5, 6] },
    (_, __, { scheduler }) => timer(50, scheduler),
    {
      resource: 'gpu',
      concurrency: 3,
    },
  );
  const end = step('end', { each }, (_, { scheduler }) => timer(10, scheduler));
  const { log } = recordOf(workflow('w', { end }), { gpu: 1, 'light-cpu': 4 });
  const { simulatedMs, improvements } = whatWouldHaveHelped(log) ?? { simulatedMs: 0, improvements: [] };
  expect(simulatedMs).toBe(310);
  expect(improvements[0]).toEqual({ kind: 'limit', name: 'gpu', from: 1, to: 2, ms: 160 });
});

test('a branch that was let go costs nothing', () => {
  const which = step('which', ({ scheduler }) => timer(20, scheduler));
  const a = step('a', ({ scheduler }) => timer(100, scheduler));
  const b = step('b', () => 2);
  const end = choose('end', { which }, () => 'a' as const, { a, b });
  const { log } = recordOf(workflow('w', { end }), { 'light-cpu': 1 });
  expect(whatWouldHaveHelped(log)).toEqual({
    simulatedMs: 120,
    improvements: [
      { kind: 'step', name: 'a', from: 100, to: 50, ms: 70 },
      { kind: 'step', name: 'which', from: 20, to: 10, ms: 110 },
    ],
  });
});

test.each([
  ['it isn’t over', (log: ReturnType<typeof record>['log']) => ({ ...log, events: log.events.slice(0, -1) })],
  ['it never began', (log: ReturnType<typeof record>['log']) => ({ ...log, events: [] })],
  [
    'its limits were changed',
    (log: ReturnType<typeof record>['log']) => ({
      ...log,
      events: [
        ...log.events.slice(0, 3),
        { type: 'limits-changed' as const, limits: { gpu: 1 }, seq: 3.5, at: 0, runId: 'r' },
        ...log.events.slice(3),
      ],
    }),
  ],
  [
    'it stood still for a while',
    (log: ReturnType<typeof record>['log']) => ({
      ...log,
      events: [
        ...log.events.slice(0, 3),
        { type: 'run-paused' as const, seq: 3.5, at: 0, runId: 'r' },
        ...log.events.slice(3),
      ],
    }),
  ],
  [
    'it played otherwise than it went',
    (log: ReturnType<typeof record>['log']) => ({ ...log, limits: { gpu: 4 } }),
  ],
  ['a limit makes no sense', (log: ReturnType<typeof record>['log']) => ({ ...log, limits: { gpu: 0 } })],
])('nothing is said where %s', (_, change) => {
  expect(whatWouldHaveHelped(change(record(queued, { gpu: 1 }).log))).toBeUndefined();
});

test('nothing is said of a run that is too large to be played again', () => {
  const many = Array.from({ length: 20_001 }, (_, place) => ({ id: String(place), run: () => 1 }));
  const { log } = record(many, { 'light-cpu': 4 });
  expect(whatWouldHaveHelped(log)).toBeUndefined();
});
