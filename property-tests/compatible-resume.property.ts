import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { type Step, step, workflow } from 'millrace';
import { memoryStore } from 'millrace/store';
import { describe, expect } from 'vitest';
import { cases } from './support/effort.ts';

/** A step at one time: from one to the next it may get another version, need others, go or come. */
interface Plan {
  readonly isThere: boolean;
  readonly version: number;
  /** The steps it needs: counted round among those before it; those that aren't there are needed by nobody. */
  readonly needs: readonly number[];
}

/** A run of the same id: the steps as they are by then, and which of them fails, if it comes to that. */
interface Go {
  readonly plans: readonly Plan[];
  readonly failing: number | undefined;
}

const most = 7;
const change = fc.record({
  at: fc.nat(most - 1),
  plan: fc.record({
    isThere: fc.boolean(),
    version: fc.nat(2),
    needs: fc.array(fc.nat(most), { maxLength: 3 }),
  }),
});
/** Each go has few changes from the one before. */
const arbitraryGoes = fc
  .record({
    first: fc.array(
      fc.record({
        isThere: fc.constant(true),
        version: fc.nat(2),
        needs: fc.array(fc.nat(most), { maxLength: 3 }),
      }),
      { minLength: most, maxLength: most },
    ),
    goes: fc.array(
      fc.record({
        changes: fc.array(change, { maxLength: 2 }),
        failing: fc.option(fc.nat(most - 1), { nil: undefined }),
      }),
      { minLength: 2, maxLength: 5 },
    ),
  })
  .map(({ first, goes }) => {
    let plans: readonly Plan[] = first;
    return goes.map(({ changes, failing }, time): Go => {
      if (time > 0) for (const { at, plan } of changes) plans = plans.with(at, plan);
      return { plans, failing };
    });
  });

function needsOf(plans: readonly Plan[], at: number): number[] {
  const needs = (plans[at] as Plan).needs.filter(() => at > 0).map((need) => need % at);
  // In which order they are named is no change.
  return [...new Set(needs)].filter((need) => plans[need]?.isThere).sort();
}

function idsOf(plans: readonly Plan[]): number[] {
  return [...plans.keys()].filter((at) => plans[at]?.isThere);
}

function workflowOf({ plans, failing }: Go, ran: number[]) {
  const steps = new Map<number, Step>();
  for (const at of idsOf(plans)) {
    const { version } = plans[at] as Plan;
    const needs = needsOf(plans, at).map((need) => [`s${String(need)}`, steps.get(need) as Step] as const);
    const body = (got: object): string => {
      if (at === failing) throw new Error('broken');
      ran.push(at);
      return JSON.stringify([at, version, got]).slice(0, 1000);
    };
    steps.set(at, step(`s${String(at)}`, Object.fromEntries(needs), body, { version }));
  }
  const always = step('always', () => 0);
  return workflow('w', {
    always,
    ...Object.fromEntries([...steps].map(([at, each]) => [`s${String(at)}`, each])),
  });
}

/** The model: what was done still counts, unless it or something before it has changed. */
function stillDone(done: ReadonlySet<number>, before: readonly Plan[], now: readonly Plan[]): Set<number> {
  const still = new Set<number>();
  const changed = new Set<number>();
  for (const at of idsOf(now)) {
    const isSame =
      before[at]?.isThere === true &&
      before[at].version === now[at]?.version &&
      needsOf(before, at).join() === needsOf(now, at).join();
    if (!isSame || needsOf(now, at).some((need) => changed.has(need))) changed.add(at);
    else if (done.has(at)) still.add(at);
  }
  return still;
}

describe('a run that goes on with what is compatible, each time its graph has changed', () => {
  test.prop([arbitraryGoes], { numRuns: cases(200), endOnFailure: false })(
    'does again exactly what has changed, what depends on it, and what wasn’t done; and comes to what a new one does',
    async (goes) => {
      const store = memoryStore();
      let before: readonly Plan[] = goes[0]?.plans ?? [];
      let done = new Set<number>();
      for (const go of goes) {
        const { plans } = go;
        const ran: number[] = [];
        const options = { store, runId: 'kept', resume: 'compatible' } as const;
        const result = await workflowOf(go, ran)
          .run(options)
          .result()
          .catch(() => undefined);
        const still = stillDone(done, before, plans);
        const left = idsOf(plans).filter((at) => !still.has(at));
        expect(ran.filter((at) => !left.includes(at))).toStrictEqual([]);
        if (go.failing === undefined || !left.includes(go.failing)) {
          expect(ran.toSorted()).toStrictEqual(left);
          expect(result).toStrictEqual(await workflowOf({ plans, failing: undefined }, []).run().result());
        } else {
          expect(result).toBe(undefined);
        }
        done = new Set([...still, ...ran]);
        before = plans;
      }
    },
  );
});
