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
  /** How many children of each step have not ended. */
  const left = new Map<string, number>();
  for (const event of run.events) {
    if (event.type === 'step-added') {
      const { stepId, parentId } = event;
      if (open.get(parentId) !== 1)
        expect.fail(`'${parentId}' brings '${stepId}' but isn’t under way\n${story}`);
      open.set(stepId, (open.get(stepId) ?? 0) + 1);
      parents.set(stepId, parentId);
      left.set(parentId, (left.get(parentId) ?? 0) + 1);
    } else if ('stepId' in event && stepEnds.has(event.type)) {
      const { stepId } = event;
      const parentId = parents.get(stepId);
      open.set(stepId, (open.get(stepId) ?? 0) - 1);
      if (parentId !== undefined) left.set(parentId, (left.get(parentId) ?? 0) - 1);
      if ((left.get(stepId) ?? 0) !== 0) expect.fail(`what came of '${stepId}' outlives it\n${story}`);
    }
  }
  const wrong = [...open].filter(([, count]) => count !== 0);
  expect(wrong, `steps that didn’t end once\n${story}`).toStrictEqual([]);
}

/** Nothing has started once an event had been told. */
export function expectNoStartAfter<Outputs>(run: Watched<Outputs>, seq: number): void {
  const late = run.all('step-started').filter((event) => event.seq > seq);
  expect(
    late.map(({ stepId }) => stepId),
    `starts after event ${String(seq)}\n${run.story.join('\n')}`,
  ).toStrictEqual([]);
}

/** An attempt starts once, and is over, by an end or a retry, before another one does. */
function expectTurns<Outputs>(run: Watched<Outputs>): void {
  const running = new Set<string>();
  for (const event of run.events) {
    if (event.type === 'step-started') {
      if (running.has(event.stepId)) expect.fail(`'${event.stepId}' starts while it runs`);
      running.add(event.stepId);
    } else if ('stepId' in event && (stepEnds.has(event.type) || event.type === 'step-retrying')) {
      running.delete(event.stepId);
    }
  }
  expect([...running], 'steps that never ended').toStrictEqual([]);
}
