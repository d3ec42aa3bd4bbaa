import type { StoreBackend } from './backend.ts';
import { graphChanges } from './head-changes.ts';
import type { SingleRecord } from './journal-record.ts';
import { isWritten } from './outputs.ts';
import type { StepReason } from './step-reason.ts';
import { type JournalGo, lastGo } from './stored-journal.ts';
import type { KnownRun } from './stored-run-details.ts';

/** Why a step wasn't restored when its run was last gone on with; nothing where that was its first time. */
export async function whyAgain(
  backend: StoreBackend,
  run: KnownRun,
  stepId: string,
): Promise<readonly StepReason[]> {
  const { goes } = run.journal;
  const now = lastGo(run.journal);
  const before = goes.at(-2);
  if (before === undefined) return [];
  if (says(now, 'again', stepId)) return whyForgotten(backend, run, [before, now], stepId);
  const earlier = goes.slice(0, -1);
  const last = earlier
    .flatMap(({ records }) => records)
    .findLast((record) => isOf(record, stepId) && record[0] !== 'choice' && record[0] !== 'key');
  switch (last?.[0]) {
    case 'failed':
      return [{ kind: 'failed', message: 'it had failed before the run was gone on with' }];
    case 'undone':
      return [{ kind: 'undone', message: 'what it had done was undone before the run was gone on with' }];
    case 'closed':
      return [{ kind: 'closed', message: 'what it had opened was closed before the run was gone on with' }];
    case 'done':
      return isWritten(last[2])
        ? [
            {
              kind: 'not-kept',
              message: 'its output could not be had any more, or it belongs to steps that run together',
            },
          ]
        : [
            {
              kind: 'not-kept',
              message: "its output isn't kept: it can't be stored, or the step has 'checkpoint: false'",
            },
          ];
    default:
      break;
  }
  const hadStarted = run.logs
    .slice(0, -1)
    .some(({ events }) => events.some((event) => event.type === 'step-started' && event.stepId === stepId));
  return hadStarted
    ? [{ kind: 'stopped', message: 'it was under way when the run stopped' }]
    : [{ kind: 'not-reached', message: 'the run had stopped before it came to it' }];
}

/** What it had come to was there, and no longer counted. */
async function whyForgotten(
  backend: StoreBackend,
  { journal, logs }: KnownRun,
  [before, now]: readonly [JournalGo, JournalGo],
  stepId: string,
): Promise<readonly StepReason[]> {
  const reasons = (await graphChanges(backend, before.head, now.head))
    .filter((difference) => difference.stepId === stepId)
    .map(({ what }): StepReason => ({ kind: 'changed', message: `the step has changed: it ${what}` }));
  if (reasons.length > 0) return reasons;
  if (before.head.workflowVersion !== now.head.workflowVersion)
    return [{ kind: 'changed', message: 'the workflow has another version' }];
  const earlier = journal.goes.slice(0, -1);
  if (earlier.some((go) => says(go, 'undone', stepId)))
    return [{ kind: 'undone', message: 'what it had done was undone before the run was gone on with' }];
  const needs = logs.at(-1)?.workflow.steps.get(stepId)?.dependsOn ?? [];
  const upstream = needs.filter(
    (id) => says(now, 'again', id) || says(now, 'closed', id) || earlier.some((go) => says(go, 'failed', id)),
  );
  if (upstream.length === 0) return [{ kind: 'asked', message: 'the run was told to do it again' }];
  return upstream.map((id) => ({
    kind: 'upstream',
    message: `step '${id}', which it needs, was done again`,
    ingredient: id,
  }));
}

function says(
  { records }: JournalGo,
  kind: 'again' | 'closed' | 'failed' | 'undone',
  stepId: string,
): boolean {
  return records.some((record) => record[0] === kind && record[1] === stepId);
}

function isOf(record: SingleRecord, stepId: string): boolean {
  return record[0] !== 'run' && record[0] !== 'end' && record[1] === stepId;
}
