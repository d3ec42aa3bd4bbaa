import { textOf } from '../base/inspect.ts';
import type { EventLog } from '../node/event-log.ts';
import type { Origin, ProgressEvent } from '../observe/progress-event.ts';
import type { OutputRecord } from './journal-record.ts';
import { isWritten } from './outputs.ts';
import { ancestorsOf } from './step-paths.ts';
import type { StoredJournal } from './stored-journal.ts';

/** A step of a run in a store. */
export interface StoredStep {
  /** Its id, or its path where it is part of another. */
  readonly stepId: string;
  /** The step that it is part of; absent where it is the run's own. */
  readonly parentId?: string | undefined;
  /** How it stands; `interrupted` where it ran when the process stopped without an end. */
  readonly status: 'waiting' | 'running' | 'interrupted' | 'completed' | 'failed' | 'cancelled' | 'skipped';
  /** Where its output came from when the run was last gone on with; absent where it ran, or has none. */
  readonly origin?: Origin | undefined;
  /** How many attempts were made, by all processes. */
  readonly attempts: number;
  /** How long the last attempt took, in ms; absent where none has ended. */
  readonly durationMs?: number | undefined;
  /** Why it failed, was skipped or was cancelled, in words. */
  readonly because?: string | undefined;
  /** What is kept of its output; absent where it has none. */
  readonly output?: StoredOutput | undefined;
}

/** What is kept of an output. */
export interface StoredOutput {
  /** In the journal, in an object of its own, or not at all: what can't be stored, or has `checkpoint: false`. */
  readonly kept: 'journal' | 'object' | 'no';
  /** In bytes. */
  readonly size: number;
  /** The files that it names. */
  readonly files: readonly string[];
}

type Draft = { -readonly [Key in keyof StoredStep]: StoredStep[Key] };

/**
 * How the steps of a run stand: of what events tell, the last word counts, and above that the journal's. In the order of definition; those
 * that came later after them, as they came.
 */
export function stepsOf(
  logs: readonly EventLog[],
  { goes, state }: StoredJournal,
  isHeld: boolean,
): ReadonlyMap<string, StoredStep> {
  const steps = new Map<string, Draft>();
  for (const { workflow, events } of logs) {
    // What another process will do has yet to be seen.
    for (const step of steps.values())
      Object.assign(step, { status: 'waiting', origin: undefined, because: undefined });
    for (const { id } of workflow.steps) draftOf(steps, id);
    for (const event of events) add(steps, event);
  }
  if (!isHeld) for (const step of steps.values()) if (step.status === 'running') step.status = 'interrupted';
  const doneNow = new Set(
    (goes.at(-1)?.records ?? []).flatMap((record) => (record[0] === 'done' ? [record[1]] : [])),
  );
  for (const path of state.paths()) {
    const step = draftOf(steps, path);
    // What is part of a step that was restored is asked for no more.
    if (!doneNow.has(path)) step.origin ??= 'restored';
    step.parentId ??= ancestorsOf(path).findLast((above) => steps.has(above));
    step.output = outputOf(state.outputOf(path)?.output ?? {});
    // The journal is written first.
    if (step.status === 'waiting' || step.status === 'running' || step.status === 'interrupted')
      step.status = 'completed';
  }
  return steps;
}

function draftOf(steps: Map<string, Draft>, stepId: string): Draft {
  let step = steps.get(stepId);
  if (step === undefined) {
    step = { stepId, status: 'waiting', attempts: 0 };
    steps.set(stepId, step);
  }
  return step;
}

function add(steps: Map<string, Draft>, event: ProgressEvent): void {
  if (!('stepId' in event) || event.stepId === '') return;
  const step = draftOf(steps, event.stepId);
  switch (event.type) {
    case 'step-added':
      step.parentId = event.parentId;
      break;
    case 'step-started':
      step.status = 'running';
      step.attempts++;
      break;
    case 'step-retrying':
      step.status = 'waiting';
      step.because = textOf(event.error);
      break;
    case 'step-completed':
      step.status = 'completed';
      step.because = undefined;
      step.origin = event.restored ? 'restored' : event.cached ? 'cached' : event.given ? 'given' : undefined;
      if (step.origin === undefined) step.durationMs = event.durationMs;
      break;
    case 'step-failed':
      step.status = 'failed';
      step.durationMs = event.durationMs;
      step.because = causeText(event.error);
      break;
    case 'step-cancelled':
      step.status = 'cancelled';
      step.because = event.because === undefined ? undefined : `step '${event.because}' no longer needed it`;
      break;
    case 'step-skipped':
      step.status = 'skipped';
      step.because = skipReasons[event.reason](event.because);
      break;
    default:
      break;
  }
}

const skipReasons = {
  failed: (stepId: string) => `step '${stepId}' failed`,
  when: (stepId: string) => `the 'when' of step '${stepId}' said no`,
  branch: (stepId: string) => `step '${stepId}' took another branch`,
  'not-needed': (stepId: string) => `nothing needs it, as step '${stepId}' decided`,
} as const;

/** What a step failed of: that it failed is said already. */
function causeText(error: unknown): string {
  const { cause } = (error ?? {}) as { readonly cause?: unknown };
  return textOf(cause ?? error);
}

function outputOf(output: OutputRecord): StoredOutput {
  const files = (output.f ?? []).map(([path]) => path);
  if (output.o !== undefined) return { kept: 'object', size: output.n ?? 0, files };
  if (!isWritten(output)) return { kept: 'no', size: 0, files };
  return { kept: 'journal', size: output.b?.length ?? JSON.stringify(output.j).length, files };
}
