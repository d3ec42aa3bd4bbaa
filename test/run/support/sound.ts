import {
  boundedOvertaking,
  dependenciesFirst,
  eventsInOrder,
  exactlyOnce,
  type Law,
  limitsNeverExceeded,
  nothingAfterTheEnd,
  oneEndAStep,
  partsBeforeTheWhole,
} from 'millrace/testing';
import { expect } from 'vitest';
import { Descent } from '../../../lib/observe/descent.ts';
import type { Watched } from './watch.ts';

/** The laws that events alone can break. */
const lawsOfEvents: readonly Law[] = [
  dependenciesFirst,
  partsBeforeTheWhole,
  exactlyOnce,
  oneEndAStep,
  nothingAfterTheEnd,
  eventsInOrder,
  limitsNeverExceeded,
  boundedOvertaking,
];

/**
 * What holds of every run that is over, steps that came while it was under way included: it breaks no law, and it ended with its
 * last event; nothing is taken, nothing is planned.
 */
export function expectSound<Outputs>(run: Watched<Outputs>): void {
  const story = run.story.join('\n');
  expect(run.ends, story).toStrictEqual(['result$', 'progress$']);
  expect(run.events.at(-1)?.type, story).toMatch(/^run-(completed|failed|cancelled)$/);
  const broken = lawsOfEvents.flatMap(({ name, check }) =>
    check(run.recording).map((message) => `${name}: ${message}`),
  );
  expect(broken, story).toStrictEqual([]);
  const taken = Object.entries(run.run.snapshot().resources).filter(([, amounts]) => amounts.taken !== 0);
  expect(taken, 'taken at the end').toStrictEqual([]);
  expect(run.time.planned, 'planned at the end').toBe(0);
  const descent = new Descent();
  for (const event of run.events) descent.add(event);
  for (const { id, children } of run.run.metrics().steps) {
    if (children === undefined) continue;
    // Where nothing has come of an attempt, events don't tell of it.
    if (children.added > 0)
      expect(descent.countsOf(id), `children of ${id}, by events`).toStrictEqual(children);
    const { added, running, retrying, completed, failed, cancelled, skipped } = children;
    expect([running, retrying], `children of ${id} that run or are tried again`).toStrictEqual([0, 0]);
    expect(completed + failed + cancelled + skipped, `children of ${id}`).toBe(added);
  }
}

/** Nothing has started once an event had been told. */
export function expectNoStartAfter<Outputs>(run: Watched<Outputs>, seq: number): void {
  const late = run.all('step-started').filter((event) => event.seq > seq);
  expect(
    late.map(({ stepId }) => stepId),
    `starts after event ${String(seq)}\n${run.story.join('\n')}`,
  ).toStrictEqual([]);
}
