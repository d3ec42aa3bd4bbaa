import type { Recording, TraceEntry } from 'millrace/testing';
import { recordedStep } from '../../lib/testing/recording.ts';
import type { Entry } from './journal.ts';
import type { Performance } from './performance.ts';
import { allLimits } from './replay.ts';

/** A run of a scenario as the laws of `millrace/testing` want it. */
export function recordingOf({ scenario, journal, run }: Performance): Recording {
  const [result] = journal.all('result');
  const [failure] = journal.all('result error');
  // Who left as the last event came gets no result, though there is one.
  const isCompleted = journal.events.at(-1)?.type === 'run-completed';
  return {
    workflow: 'scenario',
    steps: Array.from(run.workflow.steps, (step) =>
      recordedStep(step, scenario.step(step.id).cleanup !== undefined),
    ),
    limits: allLimits(scenario),
    maxOvertakes: scenario.run.maxOvertakes ?? 64,
    isHeldBack: false,
    trace: journal.entries.flatMap(traced),
    events: journal.events,
    stoppedAt: undefined,
    outcome: isCompleted
      ? { kind: 'completed', outputs: result?.outputs ?? {} }
      : { kind: 'failed', error: failure?.error },
    metrics: run.metrics(),
  };
}

function traced(entry: Entry): TraceEntry[] {
  switch (entry.kind) {
    case 'event':
      return [{ kind: 'event', event: entry.event }];
    case 'called':
      return [{ kind: 'call', at: entry.at, stepId: entry.stepId, attempt: entry.attempt }];
    case 'quiet':
      return [entry];
    case 'cleaning':
      return [{ kind: 'cleanup', at: entry.at, stepId: entry.stepId }];
    default:
      return [];
  }
}
