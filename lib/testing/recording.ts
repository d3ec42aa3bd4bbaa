import type { Demand } from '../admission/demand.ts';
import type { SpecialNeed, StepInfo, StepKind } from '../definition/step-info.ts';
import type { RunMetrics } from '../observe/metrics.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';

/** A step as a recording knows it. */
export interface RecordedStep {
  /** The id. */
  readonly id: string;
  /** The ids of the steps it needs. */
  readonly dependsOn: readonly string[];
  /** What it takes of each resource class. */
  readonly demand: Demand;
  /** Whether it has a clean-up. */
  readonly hasCleanUp: boolean;
  /** What it is. */
  readonly kind: StepKind;
  /** Those of `dependsOn` for whose output it doesn't simply wait. */
  readonly specialNeeds: readonly SpecialNeed[];
  /** Whether it starts only if a branch is chosen that needs it. */
  readonly isConditional: boolean;
}

/** An event was emitted. */
export interface TracedEvent {
  /** Tells it from other entries. */
  readonly kind: 'event';
  /** The event. */
  readonly event: ProgressEvent;
}

/** A step's function was called. */
export interface TracedCall {
  /** Tells it from other entries. */
  readonly kind: 'call';
  /** When, in ms. */
  readonly at: number;
  /** The id of the step. */
  readonly stepId: string;
  /** Which attempt, from 1. */
  readonly attempt: number;
}

/** A step's clean-up was called. */
export interface TracedCleanUp {
  /** Tells it from other entries. */
  readonly kind: 'cleanup';
  /** When, in ms. */
  readonly at: number;
  /** The id of the step. */
  readonly stepId: string;
}

/** Everything that could happen at this moment has. */
export interface QuietMoment {
  /** Tells it from other entries. */
  readonly kind: 'quiet';
  /** When, in ms. */
  readonly at: number;
  /** What is taken now of each resource class. */
  readonly taken: Readonly<Record<string, number>>;
}

/** One thing that happened in a run. */
export type TraceEntry = TracedEvent | TracedCall | TracedCleanUp | QuietMoment;

/** The run completed. */
export interface RecordedCompletion {
  /** Tells it from other outcomes. */
  readonly kind: 'completed';
  /** The outputs of the workflow. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** The run failed, or was cancelled. */
export interface RecordedFailure {
  /** Tells it from other outcomes. */
  readonly kind: 'failed' | 'cancelled';
  /** What `result$` errored with. */
  readonly error: unknown;
}

/** What happened in a run from its beginning to its end, as plain data. Times in ms of virtual time, from 0. */
export interface Recording {
  /** The name of the workflow. */
  readonly workflow: string;
  /** Its steps, in the order of definition. */
  readonly steps: readonly RecordedStep[];
  /** The capacity of each resource class demanded, `concurrency` included where it was limited. */
  readonly limits: Readonly<Record<string, number>>;
  /** How often a step could be overtaken before others had to wait for it. */
  readonly maxOvertakes: number;
  /** Whether a plan, a rate or limits shared with other runs held back steps that would have fitted. */
  readonly isHeldBack: boolean;
  /** What happened, in order. */
  readonly trace: readonly TraceEntry[];
  /** The events in it. */
  readonly events: readonly ProgressEvent[];
  /** When what ran was told to stop; undefined where it never was. */
  readonly stoppedAt: number | undefined;
  /** How the run ended. */
  readonly outcome: RecordedCompletion | RecordedFailure;
  /** What was measured. */
  readonly metrics: RunMetrics;
}

/** A step as a recording knows it. */
export function recordedStep(step: StepInfo, hasCleanUp: boolean): RecordedStep {
  const { id, dependsOn, demand, kind, specialNeeds = [], isConditional = false } = step;
  return { id, dependsOn, demand, hasCleanUp, kind, specialNeeds, isConditional };
}

/** What happened to one step, in a line each: for messages. */
export function storyOf({ trace }: Recording, stepId: string): string {
  const lines = trace.flatMap((entry) => {
    if (entry.kind === 'quiet') return [];
    const { at } = entry.kind === 'event' ? entry.event : entry;
    const subject =
      entry.kind === 'event' ? ('stepId' in entry.event ? entry.event.stepId : undefined) : entry.stepId;
    if (subject !== stepId) return [];
    return [`${String(at)} ms: ${entry.kind === 'event' ? told(entry.event) : entry.kind}`];
  });
  return lines.length === 0 ? `nothing happened to '${stepId}'` : `'${stepId}': ${lines.join('; ')}`;
}

function told(event: ProgressEvent): string {
  const attempt = 'attempt' in event && event.attempt > 1 ? ` (attempt ${String(event.attempt)})` : '';
  return `${event.type}${attempt}`;
}
