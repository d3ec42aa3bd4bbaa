import { expect } from 'vitest';
import type { Watched } from './watch.ts';

const stepEnds = new Set(['step-completed', 'step-failed', 'step-cancelled', 'step-skipped']);
const runEnds = new Set(['run-completed', 'run-failed', 'run-cancelled']);

/**
 * What holds of every run that is over, steps that came while it was under way included: it ended once, and with its last
 * event; each step ended once for each time it came, after all that came of it; nothing is taken, nothing is planned.
 */
export function expectSound<Outputs>(run: Watched<Outputs>): void {
  const story = run.story.join('\n');
  expect(run.ends, story).toStrictEqual(['result$', 'progress$']);
  expect(run.events.filter(({ type }) => runEnds.has(type)).length, story).toBe(1);
  expect(runEnds.has(run.events.at(-1)?.type ?? ''), story).toBe(true);
  expectOneEndAStep(run, story);
  expectTurns(run);
  const taken = Object.entries(run.run.snapshot().resources).filter(([, amounts]) => amounts.taken !== 0);
  expect(taken, 'taken at the end').toStrictEqual([]);
  expect(run.time.planned, 'planned at the end').toBe(0);
  for (const [id, { children }] of Object.entries(run.run.metrics().steps)) {
    if (children === undefined) continue;
    const { added, running, completed, failed, cancelled, skipped } = children;
    expect(running, `children of ${id} that run`).toBe(0);
    expect(completed + failed + cancelled + skipped, `children of ${id}`).toBe(added);
  }
}

function expectOneEndAStep<Outputs>(run: Watched<Outputs>, story: string): void {
  const open = new Map<string, number>(run.run.workflow.steps.map(({ id }) => [id, 1]));
  const parents = new Map<string, string>();
  for (const event of run.events) {
    if (event.type === 'step-added') {
      open.set(event.stepId, (open.get(event.stepId) ?? 0) + 1);
      parents.set(event.stepId, event.parentId);
      expect(open.get(event.parentId), `'${event.parentId}' is under way\n${story}`).toBe(1);
    } else if ('stepId' in event && stepEnds.has(event.type)) {
      open.set(event.stepId, (open.get(event.stepId) ?? 0) - 1);
      const left = [...parents].filter(([id, parent]) => parent === event.stepId && open.get(id) !== 0);
      expect(left, `children of '${event.stepId}' that outlive it\n${story}`).toStrictEqual([]);
    }
  }
  const wrong = [...open].filter(([, count]) => count !== 0);
  expect(wrong, `steps that didn’t end once\n${story}`).toStrictEqual([]);
}

/** An attempt starts once, and is over, by an end or a retry, before another one does. */
function expectTurns<Outputs>(run: Watched<Outputs>): void {
  const running = new Set<string>();
  for (const event of run.events) {
    if (event.type === 'step-started') {
      expect(running.has(event.stepId), `'${event.stepId}' starts while it runs`).toBe(false);
      running.add(event.stepId);
    } else if ('stepId' in event && (stepEnds.has(event.type) || event.type === 'step-retrying')) {
      running.delete(event.stepId);
    }
  }
  expect([...running], 'steps that never ended').toStrictEqual([]);
}
