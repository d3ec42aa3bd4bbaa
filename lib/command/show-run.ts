import { cleanText } from '../node/terminal-text.ts';
import { durationText } from '../report/duration-text.ts';
import type { StoredRunDetails } from '../store/stored-run-details.ts';
import type { StoredRunInfo } from '../store/stored-runs.ts';
import type { StoredStep } from '../store/stored-steps.ts';
import { bytesText, momentText, table } from './table.ts';

/** The runs of a store, a line each. */
export function runsText(runs: readonly StoredRunInfo[]): string {
  if (runs.length === 0) return 'no runs';
  return table(
    ['RUN', 'WORKFLOW', 'STATUS', 'CHANGED', 'STEPS', 'SIZE'],
    runs.map(({ runId, workflow, status, changedAt, completed, size }) => [
      runId,
      workflow,
      status,
      momentText(changedAt),
      String(completed),
      bytesText(size),
    ]),
  );
}

/** A run and its steps. Children of a step are told of in a line, unless all are asked for; those that failed in any case. */
export function runText(run: StoredRunDetails, isAll: boolean): string {
  const { runId, workflow, version, status, heldBy, durationMs, because, startedAt, goes, size } = run;
  const took = durationMs === undefined ? '' : ` in ${durationText(durationMs)}`;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['run', runId],
    ['workflow', version === undefined ? workflow : `${workflow}, version ${String(version)}`],
    [
      'status',
      `${status}${took}${goes > 1 ? `, after ${String(goes - 1)} earlier ${goes > 2 ? 'goes' : 'go'}` : ''}`,
    ],
    ['because', because],
    ['held by', heldBy],
    ['started', momentText(startedAt)],
    ['size', bytesText(size)],
  ];
  const lines = facts.flatMap(([name, fact]) =>
    fact === undefined ? [] : [`${name.padEnd(10)}${cleanText(fact)}`],
  );
  return `${lines.join('\n')}\n\n${stepsText(run.steps, isAll)}`;
}

function stepsText(steps: readonly StoredStep[], isAll: boolean): string {
  const children = grouped(steps);
  const rows: string[][] = [];
  const add = (step: StoredStep, depth: number): void => {
    rows.push(rowOf(step, depth));
    const own = children.get(step.stepId) ?? [];
    for (const child of own) if (isAll || child.status === 'failed') add(child, depth + 1);
    if (!isAll && own.length > 0) rows.push([`${'  '.repeat(depth + 1)}${countsText(own)}`, '', '', '', '']);
  };
  for (const step of steps) if (step.parentId === undefined) add(step, 0);
  return table(['STEP', 'STATUS', 'TIME', 'ATTEMPTS', 'OUTPUT'], rows);
}

function grouped(steps: readonly StoredStep[]): ReadonlyMap<string, readonly StoredStep[]> {
  const children = new Map<string, StoredStep[]>();
  for (const step of steps) {
    if (step.parentId === undefined) continue;
    const siblings = children.get(step.parentId);
    if (siblings === undefined) children.set(step.parentId, [step]);
    else siblings.push(step);
  }
  return children;
}

function rowOf(
  { stepId, status, origin, durationMs, attempts, because, output }: StoredStep,
  depth: number,
): string[] {
  const reason = because === undefined || status === 'completed' ? '' : `: ${because}`;
  return [
    `${'  '.repeat(depth)}${cleanText(stepId)}`,
    `${status}${origin === undefined ? '' : ` (${origin})`}${reason}`,
    durationMs === undefined ? '' : durationText(durationMs),
    attempts === 0 ? '' : String(attempts),
    output === undefined ? '' : output.kept === 'no' ? 'not kept' : outputText(output.size, output.files),
  ];
}

function outputText(size: number, files: readonly string[]): string {
  return files.length === 0 ? bytesText(size) : files.join(', ');
}

function countsText(children: readonly StoredStep[]): string {
  const counts = new Map<string, number>();
  for (const { status, origin } of children) {
    const what = origin === undefined ? status : `${status} (${origin})`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  const parts = Array.from(counts, ([what, count]) => `${String(count)} ${what}`);
  return `${String(children.length)} within: ${parts.join(', ')}`;
}
