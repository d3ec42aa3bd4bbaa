import { ChunkedSteps } from '../base/step-list.ts';
import type { StepInfo } from '../definition/step-info.ts';
import { type EventLog, type LogProblem, waiting } from '../node/event-log.ts';
import { EventLogError } from '../node/event-log-error.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RunSnapshot } from '../observe/run-snapshot.ts';
import { stepStatuses } from '../observe/step-status.ts';
import type { StoreBackend } from './backend.ts';
import { digestOfText } from './digest.ts';
import { type Go, readEventLine } from './event-lines.ts';

type PicturedWorkflow = EventLog['workflow'];

interface ReadGo {
  readonly go: Go;
  readonly events: ProgressEvent[];
  readonly problems: LogProblem[];
}

/**
 * The events of a run, a log for each process that was at it, in order; empty where none are kept.
 *
 * @param workflowName - what the workflow is called where it isn't known any more what its steps are
 */
export async function eventsIn(
  backend: StoreBackend,
  runId: string,
  workflowName: string,
): Promise<readonly EventLog[]> {
  const goes = goesOf(await backend.readEvents(runId), runId);
  return Promise.all(
    goes.map(async ({ go, events, problems }) => {
      const workflow =
        (await workflowOf(backend, go.workflow)) ?? whatEventsTell(workflowName, events, problems);
      const { limits, at } = go;
      return {
        runId,
        workflow,
        limits,
        loggedAt: at,
        snapshot: idle(runId, workflow, limits),
        events,
        problems,
      };
    }),
  );
}

/** Where nothing is kept of what happened in a run. */
export function noEvents(backend: StoreBackend, runId: string): EventLogError {
  const what = `run '${runId}' in ${backend.name}`;
  return new EventLogError(
    'EVENT_LOG_INVALID',
    what,
    `${what} has no events: its process ended before any were written`,
  );
}

function goesOf(lines: readonly string[], runId: string): readonly ReadGo[] {
  const goes: ReadGo[] = [];
  for (const [at, line] of lines.entries()) {
    if (line === '') continue;
    const read = readEventLine(line, runId);
    const last = goes.at(-1);
    if (read === undefined || ('areAll' in read && !read.areAll))
      last?.problems.push({
        line: at + 1,
        why: 'it is cut, damaged or of a kind that this version doesn’t know',
      });
    if (read === undefined) continue;
    if ('go' in read) goes.push({ go: read, events: [], problems: [] });
    else if (last !== undefined) for (const event of read.events) last.events.push(event);
  }
  return goes;
}

async function workflowOf(backend: StoreBackend, name: string): Promise<PicturedWorkflow | undefined> {
  const bytes = await backend.getObject('blob', name, false);
  if (bytes === undefined) return undefined;
  const text = new TextDecoder().decode(bytes);
  if (digestOfText(text) !== name) return undefined;
  const workflow = JSON.parse(text) as { readonly name: string; readonly steps: readonly StepInfo[] };
  return { name: workflow.name, steps: ChunkedSteps.of(workflow.steps) };
}

/** The steps that had events, where nothing else is known of the workflow. */
function whatEventsTell(
  name: string,
  events: readonly ProgressEvent[],
  problems: LogProblem[],
): PicturedWorkflow {
  problems.push({
    line: 1,
    why: 'what the steps were is no longer there: only those are known that had events',
  });
  const added = new Set(events.flatMap((event) => (event.type === 'step-added' ? [event.stepId] : [])));
  const ids = new Set(
    events.flatMap((event) =>
      'stepId' in event && event.stepId !== '' && !added.has(event.stepId) ? [event.stepId] : [],
    ),
  );
  return { name, steps: ChunkedSteps.of(Array.from(ids, (id) => ({ id, dependsOn: [] }))) };
}

/** A run before its start. */
function idle(runId: string, { name, steps }: PicturedWorkflow, limits: Go['limits']): RunSnapshot {
  const counts = Object.fromEntries(stepStatuses.map((status) => [status, 0])) as Record<
    (typeof stepStatuses)[number],
    number
  >;
  counts.waiting = steps.size;
  return {
    runId,
    workflow: name,
    status: 'idle',
    startedAt: null,
    endedAt: null,
    counts,
    isPaused: false,
    pausedResources: [],
    resources: Object.fromEntries(Object.entries(limits).map(([at, limit]) => [at, { taken: 0, limit }])),
    waits: [],
    steps: ChunkedSteps.of(waiting([...steps])),
  };
}
