import type { Origin } from '../observe/progress-event.ts';
import type { StoreBackend } from './backend.ts';
import { differingParts, type KeyUse, keyUsesIn } from './key-uses.ts';
import type { StepReason } from './step-reason.ts';
import { lastGo } from './stored-journal.ts';
import { knownRun } from './stored-run-details.ts';
import type { StoredStep } from './stored-steps.ts';
import { UnknownStepError } from './unknown-names.ts';
import { whyAgain } from './why-again.ts';

/** Why a step of a run ran, or didn't. */
export interface StepExplanation {
  /** The run. */
  readonly runId: string;
  /** The step, by its id, or its path where it is part of another. */
  readonly stepId: string;
  /** How it stands. */
  readonly status: StoredStep['status'];
  /** Where its output came from; absent where it ran, or has none. */
  readonly origin?: Origin | undefined;
  /** Every reason there is, the one that counts most first; at least one. */
  readonly reasons: readonly StepReason[];
  /** The run with whose cached result the step was compared; absent where there was none. */
  readonly comparedWith?: string | undefined;
}

/**
 * Why a step ran, was restored or was found in the cache when its run was last gone on with.
 *
 * Rejects with an `UnknownRunError` or an `UnknownStepError`.
 */
export async function whyIn(backend: StoreBackend, runId: string, stepId: string): Promise<StepExplanation> {
  const run = await knownRun(backend, runId);
  const step = run.steps.get(stepId);
  if (step === undefined) throw new UnknownStepError(runId, stepId, [...run.steps.keys()]);
  const { status, origin } = step;
  const explained = (reasons: readonly StepReason[], comparedWith?: string): StepExplanation => ({
    runId,
    stepId,
    status,
    origin,
    reasons,
    comparedWith,
  });
  if (origin === 'given') return explained([{ kind: 'given', message: 'its output was given to the run' }]);
  if (origin === 'restored') {
    const message = 'it had completed before the run was gone on with, and its output was kept';
    return explained([{ kind: 'kept', message }]);
  }
  if (status === 'skipped' || status === 'cancelled' || status === 'waiting')
    return explained([{ kind: 'status', message: step.because ?? notRun[status] }]);
  const uses = await keyUsesIn(backend, run.journal, stepId);
  const own = uses.findLast((use) => use.isOwn);
  const earlier = uses.filter((use) => use !== own);
  if (origin === 'cached' && own !== undefined) return explained(...explainHit(own, earlier));
  const again = await whyAgain(backend, run, stepId);
  // A key of an earlier process says nothing of this one.
  if (own?.head !== lastGo(run.journal).head) {
    return explained(
      again.length > 0
        ? again
        : [{ kind: 'no-cache', message: "it has no 'cache', so that every new run runs it" }],
    );
  }
  const [reasons, comparedWith] = explainMiss(own, earlier);
  return explained([...again.filter(({ kind }) => kind !== 'not-reached'), ...reasons], comparedWith);
}

const notRun = {
  skipped: 'it was skipped',
  cancelled: 'the run was stopped before it had completed',
  waiting: 'its turn has not come yet',
} as const;

type Explained = readonly [reasons: readonly StepReason[], comparedWith?: string | undefined];

function explainHit(own: KeyUse, earlier: readonly KeyUse[]): Explained {
  const maker = earlier.findLast(({ key }) => key.digest === own.key.digest && !key.isFound);
  const parts = Object.keys(own.key.parts).join(', ');
  const madeBy = maker === undefined ? 'an earlier run' : `run '${maker.runId}'`;
  const reason: StepReason = {
    kind: 'same',
    message: `what its result is found by (${parts}) is what it was in ${madeBy}, whose result was taken`,
  };
  return [[reason], maker?.runId];
}

function explainMiss(own: KeyUse, earlier: readonly KeyUse[]): Explained {
  const same = earlier.findLast(({ key }) => key.digest === own.key.digest);
  const last = same ?? earlier.at(-1);
  if (last === undefined)
    return [[{ kind: 'first', message: 'no earlier run in the store has looked for a result of it' }]];
  if (same !== undefined) {
    const why = same.hasCompleted
      ? 'is no longer there: it is older than its ttl, or was removed'
      : 'never came: the step did not complete there';
    const message = `nothing differs from run '${same.runId}', but its result ${why}`;
    return [[{ kind: 'not-there', message }], same.runId];
  }
  const reasons = differingParts(last.key.parts, own.key.parts).map(
    ({ ingredient, change }): StepReason => ({
      kind: 'differs',
      message: `${ingredient} ${changeWords[change]} run '${last.runId}'`,
      ingredient,
      change,
    }),
  );
  return [reasons, last.runId];
}

const changeWords = {
  different: 'is not what it was in',
  new: 'did not count in',
  gone: 'no longer counts, as it did in',
} as const;
