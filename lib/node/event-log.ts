import { inspectValue } from '../base/inspect.ts';
import { ChunkedSteps, type StepList } from '../base/step-list.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RunSnapshot, StepSnapshot } from '../observe/run-snapshot.ts';
import type { PicturedStep } from '../report/pictured-workflow.ts';
import type { PicturedRun } from '../report/timeline-of.ts';
import { decodeValue, encodeValue } from './log-values.ts';

/** The version of the format that this version writes, and the latest that it reads. */
export const formatVersion = 1;

/** A line of an event log that couldn't be used. */
export interface LogProblem {
  /** Which line, from 1. */
  readonly line: number;
  /** What is wrong with it. */
  readonly why: string;
}

/** What an event log says: enough for every picture of `millrace/report`, and for `replay`. */
export interface EventLog extends PicturedRun {
  /** The run that was logged. */
  readonly runId: string;
  /** What it was a run of. */
  readonly workflow: {
    /** The name. */
    readonly name: string;
    /** The steps, in the order of definition. */
    readonly steps: StepList<PicturedStep>;
  };
  /** When the log was begun, in ms since 1970, whatever the clock of the run said. */
  readonly loggedAt: number;
  /** Where the run stood when the log was begun: before its start, unless the log was late. */
  readonly snapshot: RunSnapshot;
  /** The lines that couldn't be used; empty where all could. */
  readonly problems: readonly LogProblem[];
}

/** The first line, without what makes it one. */
export type LogHead = Pick<EventLog, 'runId' | 'workflow' | 'limits' | 'loggedAt' | 'snapshot'>;

/** The first line of a log. */
export function headerLine({ workflow, snapshot, ...head }: LogHead): string {
  const { steps, ...state } = snapshot;
  const header = {
    format: formatName,
    version: formatVersion,
    ...(encodeValue(head, Infinity) as object),
    workflow: {
      name: workflow.name,
      steps: Array.from(workflow.steps, (step) => (isPlain(step) ? step : encodeValue(step, Infinity))),
    },
    // Before the start every step waits.
    snapshot: encodeValue({ ...state, ...(hasBegun(snapshot) ? { steps } : {}) }, Infinity),
  };
  return `${JSON.stringify(header)}\n`;
}

/** Whether JSON holds all of a record, as of most steps; what is undefined is as good as absent. */
function isPlain(record: object): boolean {
  for (const value of Object.values(record) as unknown[])
    if (
      typeof value === 'object' ? !isPlainPart(value) : typeof value === 'number' && !Number.isFinite(value)
    )
      return false;
  return true;
}

/** Of a list of texts, or a record of numbers. */
function isPlainPart(part: object | null): boolean {
  if (part === null) return true;
  if (Array.isArray(part)) return part.every((each) => typeof each === 'string');
  const entries = Object.entries(part) as [string, unknown][];
  return entries.every(
    ([key, value]) => !key.startsWith('$') && typeof value === 'number' && Number.isFinite(value),
  );
}

/** Whether a run's steps may be something else than waiting. */
export function hasBegun({ status }: Pick<RunSnapshot, 'status'>): boolean {
  return status !== 'idle' && status !== 'waiting';
}

/** An event as a line. Never throws. */
export function eventLine(event: ProgressEvent): string {
  switch (event.type) {
    case 'step-added':
    case 'step-started':
    case 'holds-changed':
    case 'step-completed':
    case 'step-cancelled':
    case 'step-skipped':
      // What most lines are has nothing in it that JSON can't hold.
      return `${JSON.stringify(event)}\n`;
    default:
      return `${JSON.stringify(encodeValue(event))}\n`;
  }
}

/** What a line says; its error says why it can't be used. */
export function parseLine(line: string): unknown {
  const value: unknown = decodeValue(JSON.parse(line));
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('it is no JSON object');
  return value;
}

/** Whether a line begins a log, of whatever version. */
export function isHeader(value: unknown): value is { readonly format: string; readonly version: unknown } {
  return (value as { readonly format?: unknown }).format === formatName;
}

/** The head that a first line holds; `undefined` where something that it needs isn't there. */
export function headOf(value: unknown): LogHead | undefined {
  const { runId, workflow, limits, loggedAt, snapshot } = value as Partial<LogHead>;
  if (typeof runId !== 'string' || typeof loggedAt !== 'number') return undefined;
  if (workflow === undefined || !isWorkflow(workflow) || !isRecord(limits) || !isRecord(snapshot))
    return undefined;
  if (!isRecord(snapshot.counts) || !isRecord(snapshot.resources)) return undefined;
  const infos = workflow.steps as unknown as readonly PicturedStep[];
  const { steps = waiting(infos) } = snapshot as { readonly steps?: unknown };
  if (!Array.isArray(steps)) return undefined;
  return {
    runId,
    workflow: { ...workflow, steps: ChunkedSteps.of(infos) },
    limits,
    loggedAt,
    snapshot: { ...snapshot, steps: ChunkedSteps.of(steps as readonly StepSnapshot[]) },
  };
}

function isWorkflow({ name, steps }: { readonly name?: unknown; readonly steps?: unknown }): boolean {
  const isStep = (step: Partial<PicturedStep> | null): boolean =>
    typeof step?.id === 'string' && isListOfTexts(step.dependsOn);
  return typeof name === 'string' && Array.isArray(steps) && steps.every(isStep);
}

/** Why a line is no event that this version knows; `undefined` where it is one. */
export function eventFault(value: unknown): string | undefined {
  const { type, seq, at, runId } = value as Partial<ProgressEvent>;
  if (
    typeof type !== 'string' ||
    typeof seq !== 'number' ||
    typeof at !== 'number' ||
    typeof runId !== 'string'
  )
    return 'it is no event: one has type, seq, at and runId';
  const needed = Object.hasOwn(neededFields, type) ? neededFields[type] : undefined;
  if (needed === undefined)
    return `it is an event of a type that this version of millrace doesn't know: ${inspectValue(type)}`;
  const missing = Object.entries(needed).find(
    ([field, kind]) => typeof (value as Readonly<Record<string, unknown>>)[field] !== kind,
  );
  return missing === undefined ? undefined : `its ${missing[0]} isn't a ${missing[1]}`;
}

const formatName = 'millrace-events';
const ofStep = { stepId: 'string' } as const;
const ofAttempt = { ...ofStep, attempt: 'number' } as const;

/** What must be there of each type of event for those who handle it. */
const neededFields = {
  'run-waiting': { workflow: 'string', steps: 'number', waiting: 'number' },
  'run-started': { workflow: 'string', steps: 'number' },
  'step-added': { ...ofStep, parentId: 'string', dependsOn: 'object', demand: 'object' },
  'step-started': { ...ofAttempt, holds: 'object' },
  'holds-changed': { ...ofAttempt, holds: 'object' },
  'step-progress': { ...ofAttempt, fraction: 'number' },
  'step-retrying': { ...ofAttempt, delayMs: 'number' },
  'step-completed': { ...ofAttempt, durationMs: 'number' },
  'step-failed': { ...ofAttempt, durationMs: 'number' },
  'step-cancelled': { ...ofAttempt, durationMs: 'number' },
  'step-skipped': { ...ofStep, because: 'string' },
  log: { ...ofAttempt, message: 'string' },
  warning: { ...ofAttempt, message: 'string', topic: 'string' },
  'step-offloaded': { ...ofAttempt, thread: 'string' },
  'run-paused': {},
  'run-resumed': {},
  'limits-changed': { limits: 'object' },
  'run-completed': { durationMs: 'number' },
  'run-failed': { durationMs: 'number' },
  'run-cancelled': { durationMs: 'number' },
} as const satisfies Record<ProgressEvent['type'], Readonly<Record<string, string>>> as Readonly<
  Record<string, Readonly<Record<string, string>>>
>;

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Every step as it is before a run. */
export function waiting(steps: readonly PicturedStep[]): readonly StepSnapshot[] {
  return steps.map(({ id }) => ({
    id,
    status: 'waiting',
    attempts: 0,
    startedAt: null,
    endedAt: null,
    readyBy: null,
    fraction: null,
  }));
}
