import type { ProgressEvent, StepStatus } from '../../lib/index.ts';
import type { Scenario } from './scenario.ts';

/** Where a step stands, going by the events alone. */
export interface StepRecord {
  status: Exclude<StepStatus, 'ready'>;
  attempts: number;
  startedAt: number | null;
  /** When the last attempt started. */
  restartedAt: number | null;
  endedAt: number | null;
  fraction: number | null;
  /** How long the attempts before the last took. */
  earlierMs: number;
  /** When the wait for the next attempt is over. */
  dueAt: number | null;
}

const settled = {
  'step-completed': 'completed',
  'step-failed': 'failed',
  'step-cancelled': 'cancelled',
  'step-skipped': 'skipped',
} as const;

/** Adds up what the events tell of the steps. */
export function fold(scenario: Scenario, events: readonly ProgressEvent[]): Map<string, StepRecord> {
  const steps = new Map<string, StepRecord>();
  for (const { id } of scenario.steps) {
    steps.set(id, {
      status: 'waiting',
      attempts: 0,
      startedAt: null,
      restartedAt: null,
      endedAt: null,
      fraction: null,
      earlierMs: 0,
      dueAt: null,
    });
  }
  for (const event of events) {
    const step = 'stepId' in event ? steps.get(event.stepId) : undefined;
    if (step !== undefined) take(step, event);
  }
  return steps;
}

function take(step: StepRecord, event: ProgressEvent): void {
  switch (event.type) {
    case 'step-started':
      if (step.restartedAt !== null && step.endedAt !== null)
        step.earlierMs += step.endedAt - step.restartedAt;
      step.status = 'running';
      step.attempts = event.attempt;
      step.startedAt ??= event.at;
      step.restartedAt = event.at;
      step.endedAt = null;
      break;
    case 'step-progress':
      step.fraction = event.fraction;
      break;
    case 'step-retrying':
      end(step, 'retrying', event.at);
      step.dueAt = event.at + event.delayMs;
      break;
    case 'step-completed':
    case 'step-failed':
    case 'step-cancelled':
    case 'step-skipped':
      end(step, settled[event.type], event.at);
      break;
    default:
  }
}

function end(step: StepRecord, status: StepRecord['status'], at: number): void {
  if (step.status === 'running') step.endedAt = at;
  step.status = status;
  step.fraction = null;
}
