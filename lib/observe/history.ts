import type { OptionChecker } from '../base/option-checker.ts';
import { ownOf, setOwn } from '../base/record.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import { type Ranks, ranks } from '../graph/ranks.ts';
import type { RunMeasurements, RunView } from './run-view.ts';

/** What earlier runs measured of a step. */
export interface StepHistory {
  /** How long the step takes, in ms: a mean in which each run counts 0.7 times as much as the next. */
  meanMs: number;
  /** How many runs it was measured in. */
  runs: number;
}

/**
 * What earlier runs of a workflow measured, as plain JSON: `{}` to begin with. A run that is given one starts its steps
 * in the order that it suggests, and notes in it, when the run is over, how long the steps took that completed.
 *
 * Keep it wherever you like, with `JSON.stringify`.
 *
 * @example
 * ```ts
 * const history: RunHistory = JSON.parse(await readFile('history.json', 'utf8'));
 * await flights.run({ inputs: { path }, history }).result();
 * console.log(JSON.stringify(history));
 * ```
 */
export interface RunHistory {
  /** Of this form; set by the first run. */
  version?: 1;
  /** The workflow's name; set by the first run. */
  workflow?: string;
  /** The steps that were measured, by id. */
  steps?: Record<string, StepHistory>;
}

/** How much a run counts against all those before it. */
const weightOfLast = 0.3;

/** Whether a value is a history, rather than something else that is given for durations. */
export function isHistory(
  value: object,
): value is RunHistory & { readonly steps: Record<string, StepHistory> } {
  const { version, workflow, steps } = value as RunHistory;
  return version === 1 && typeof workflow === 'string' && typeof steps === 'object';
}

/** Notes with the checker what keeps a history from being used by a run of the workflow. */
export function checkHistory(checker: OptionChecker, { name }: Blueprint, history: RunHistory): void {
  if (!checker.record('history', history, 'a record, {} to begin with')) return;
  const { version, workflow, steps } = history as Partial<Record<keyof RunHistory, unknown>>;
  if (Object.isFrozen(history) || Object.isFrozen(steps ?? {}))
    checker.fail('history', 'open to changes, since the run notes in it what it measures', history);
  checker.knownKeys('history.', history, ['version', 'workflow', 'steps']);
  if (version !== undefined && version !== 1)
    checker.fail('history.version', '1 (a later millrace made it: begin anew with {})', version);
  if (workflow !== undefined && workflow !== name)
    checker.fail('history.workflow', `'${name}' (each workflow has a history of its own)`, workflow);
  if (steps === undefined || !checker.record('history.steps', steps, 'a record by step id')) return;
  for (const [id, step] of Object.entries(steps)) {
    const option = `history.steps['${id}']`;
    if (!checker.record(option, step, '{ meanMs, runs }')) continue;
    const { meanMs, runs } = step as Partial<Record<keyof StepHistory, unknown>>;
    if (typeof meanMs !== 'number' || !(meanMs >= 0 && meanMs < Infinity))
      checker.fail(`${option}.meanMs`, 'a number of at least 0', meanMs);
    if (!Number.isSafeInteger(runs) || (runs as number) < 1)
      checker.fail(`${option}.runs`, 'a whole number of at least 1', runs);
  }
}

/**
 * The order that a history suggests; `undefined` where it knows none of the steps. What it doesn't know takes the step's
 * `estimate`, else the mean of those it knows.
 */
export function ranksOfHistory(
  { graph, steps, priorities }: Blueprint,
  history: RunHistory | undefined,
): Ranks | undefined {
  const known = history?.steps ?? {};
  const measured = graph.ids.map((id) => ownOf(known, id)?.meanMs);
  const all = measured.filter((ms) => ms !== undefined);
  if (all.length === 0) return undefined;
  const mean = all.reduce((sum, ms) => sum + ms, 0) / all.length;
  const weights = Float64Array.from(measured, (ms, index) => ms ?? steps[index]?.settings.estimate ?? mean);
  return ranks(graph, priorities, weights);
}

/** Notes how long each completed step took that ran: its last attempt, without waits. */
export function noteInHistory(history: RunHistory, run: RunView & RunMeasurements): void {
  const { name, graph } = run.blueprint;
  const steps = history.steps ?? {};
  history.version = 1;
  history.workflow = name;
  history.steps = steps;
  for (const [step, id] of graph.ids.entries()) {
    const took = run.endedAtOf(step) - run.lastStartOf(step);
    if (run.statusOf(step) !== 'completed' || Number.isNaN(took)) continue;
    const before = ownOf(steps, id);
    setOwn(steps, id, {
      meanMs: before === undefined ? took : before.meanMs + weightOfLast * (took - before.meanMs),
      runs: (before?.runs ?? 0) + 1,
    });
  }
}
