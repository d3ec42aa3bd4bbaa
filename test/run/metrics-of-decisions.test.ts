import { choose, fallback, firstOf, optional, type Step, step, type Workflow, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { diagramOf } from '../../lib/report/diagram.ts';
import { timelineOf } from '../../lib/report/timeline-of.ts';
import { failsAfter, takes } from './support/branches.ts';
import { expectSound } from './support/sound.ts';
import { play } from './support/watch.ts';

/** What is run, the critical path, and which steps have waited for resources. */
const cases: [string, (time: VirtualTime) => Step<unknown, never>, string[], Record<string, number>][] = [
  [
    'choose waited 50 ms for its selector',
    (time) =>
      choose('end', { which: takes(time, 'which', 50) }, () => 'a' as const, { a: takes(time, 'a', 10) }),
    ['which', 'a', 'end'],
    { a: 0, end: 0 },
  ],
  [
    'choose waited for a branch that had begun before',
    (time) => {
      const a = takes(time, 'a', 100);
      const which = takes(time, 'which', 50);
      const one = choose('one', { which }, () => 'a' as const, { a });
      return step('end', { one, a }, () => 1);
    },
    ['a', 'one', 'end'],
    { a: 0, one: 0, end: 0 },
  ],
  [
    'choose by nothing but its selector',
    (time) => choose('end', {}, () => 'a' as const, { a: takes(time, 'a', 10) }),
    ['a', 'end'],
    { a: 0, end: 0 },
  ],
  [
    'a fallback after a failure at 50 ms',
    (time) => fallback('end', failsAfter(time, 'bad', 50), takes(time, 'other', 10)),
    ['bad', 'other', 'end'],
    { other: 0, end: 0 },
  ],
  [
    'a branch with a dependency of its own',
    (time) => {
      const first = takes(time, 'first', 20);
      const a = step('a', { first }, () => time.after(5, 1));
      return choose('end', { which: takes(time, 'which', 50) }, () => 'a' as const, { a });
    },
    ['which', 'first', 'a', 'end'],
    { first: 0, a: 0, end: 0 },
  ],
  [
    'firstOf whose winner came at 10 ms',
    (time) => firstOf('end', [takes(time, 'slow', 50), takes(time, 'fast', 10)]),
    ['fast', 'end'],
    { end: 0 },
  ],
  [
    'an optional step that was skipped at 50 ms',
    (time) => {
      const skipped = step('skipped', { late: takes(time, 'late', 50) }, () => 1, { when: () => false });
      return step('end', { skipped: optional(skipped) }, () => time.after(5, 1));
    },
    ['late', 'skipped', 'end'],
    { end: 0 },
  ],
];

describe.each(cases)('%s', (_, make, path, waits) => {
  const played = (time: VirtualTime) => {
    const work: Workflow<unknown, never> = workflow('w', { end: make(time) });
    return { work, run: play(work, {}, time) };
  };

  test('the critical path goes through what was waited for', () => {
    const { run } = played(new VirtualTime());
    expect(run.error).toBeUndefined();
    expect(run.run.metrics().criticalPath).toStrictEqual(path);
    expectSound(run);
  });

  test('nobody has waited for resources', () => {
    const { run } = played(new VirtualTime());
    const { steps } = run.run.metrics();
    expect(Object.fromEntries(Object.keys(waits).map((id) => [id, steps.get(id)?.waitMs]))).toStrictEqual(
      waits,
    );
  });

  test('a report draws the same path', () => {
    const { run, work } = played(new VirtualTime());
    expect(timelineOf({ workflow: work, limits: {}, events: run.events }).criticalPath()).toStrictEqual(path);
  });

  test('so does a diagram of a snapshot', () => {
    const { run, work } = played(new VirtualTime());
    const { nodes } = diagramOf('a diagram', work, { snapshot: run.run.snapshot() });
    expect(nodes.flatMap(({ isCritical, lines }) => (isCritical ? [lines[0]] : [])).sort()).toStrictEqual(
      [...path].sort(),
    );
  });

  test('and a snapshot can be followed back', () => {
    const { steps } = played(new VirtualTime()).run.run.snapshot();
    const back: string[] = [];
    for (let id: string | null = 'end'; id !== null; id = steps.get(id)?.readyBy ?? null) back.unshift(id);
    expect(back).toStrictEqual(path);
  });
});

test('a branch that had to wait for resources has', () => {
  const time = new VirtualTime();
  const busy = step('busy', () => time.after(80, 1), { resource: 'gpu' });
  const a = step('a', () => time.after(10, 1), { resource: 'gpu' });
  const end = choose('end', { which: takes(time, 'which', 50) }, () => 'a' as const, { a });
  const run = play(workflow('w', { end, busy }), { limits: { gpu: 1 } }, time);
  const { steps } = run.run.metrics();
  expect([steps.get('a')?.waitMs, steps.get('end')?.waitMs]).toStrictEqual([30, 0]);
});
