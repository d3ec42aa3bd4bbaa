import type { Version } from '../definition/cache-option.ts';
import type { StoreBackend } from './backend.ts';
import { changesBetween } from './head-changes.ts';
import type { OutputRecord } from './journal-record.ts';
import { isWritten } from './outputs.ts';
import type { ResumeDifference } from './resume-mismatch-error.ts';
import { lastGo } from './stored-journal.ts';
import { type KnownRun, knownRun } from './stored-run-details.ts';
import type { StoredRunInfo } from './stored-runs.ts';
import type { StoredStep } from './stored-steps.ts';

/** How two runs differ. */
export interface RunDifference {
  /** The one that was named first. */
  readonly left: ComparedRun;
  /** The one that was named second. */
  readonly right: ComparedRun;
  /** How the workflow, its version, its steps and the inputs differ, from the first to the second. */
  readonly changes: readonly ResumeDifference[];
  /** Every step that either of them has. */
  readonly steps: readonly StepDifference[];
}

/** One of two runs. */
export interface ComparedRun extends StoredRunInfo {
  /** The version of the workflow, as it was last. */
  readonly version?: Version | undefined;
  /** How long the last process was at it, in ms; absent where it stopped without an end. */
  readonly durationMs?: number | undefined;
}

/** A step in two runs. */
export interface StepDifference {
  /** Its id, or its path where it is part of another. */
  readonly stepId: string;
  /** How it stands there; absent where that run has no such step. */
  readonly left?: StoredStep | undefined;
  /** How it stands there; absent where that run has no such step. */
  readonly right?: StoredStep | undefined;
  /** Whether both have come to the same output; `unknown` where one has none that is kept. */
  readonly output: 'same' | 'different' | 'unknown';
}

/** Compares two runs. Rejects with an `UnknownRunError` where there is none of an id. */
export async function diffIn(backend: StoreBackend, leftId: string, rightId: string): Promise<RunDifference> {
  const [left, right] = await Promise.all([knownRun(backend, leftId), knownRun(backend, rightId)]);
  const ids = new Set([...left.steps.keys(), ...right.steps.keys()]);
  return {
    left: comparedRun(left),
    right: comparedRun(right),
    changes: await changesBetween(backend, lastGo(left.journal).head, lastGo(right.journal).head),
    steps: Array.from(ids, (stepId) => ({
      stepId,
      left: left.steps.get(stepId),
      right: right.steps.get(stepId),
      output: compared(
        left.journal.state.outputOf(stepId)?.output,
        right.journal.state.outputOf(stepId)?.output,
      ),
    })),
  };
}

function comparedRun({ details: { steps: _, ...run } }: KnownRun): ComparedRun {
  return run;
}

function compared(left: OutputRecord | undefined, right: OutputRecord | undefined): StepDifference['output'] {
  if (left === undefined || right === undefined || !isWritten(left) || !isWritten(right)) return 'unknown';
  return outputIdentity(left) === outputIdentity(right) ? 'same' : 'different';
}

function outputIdentity({ j, b, o, f }: OutputRecord): string {
  return JSON.stringify([j, b, o, f]);
}
