import { cleanText } from '../node/terminal-text.ts';
import { durationText } from '../report/duration-text.ts';
import type { ComparedRun, RunDifference, StepDifference } from '../store/diff.ts';
import type { StoredStep } from '../store/stored-steps.ts';
import { table } from './table.ts';

/** How two runs differ, in lines: what they are of, and the steps that fared differently or came to something else. */
export function differenceText({ left, right, changes, steps }: RunDifference, isAll: boolean): string {
  const differing = steps.filter((step) => isAll || differs(step));
  const same = steps.length - differing.length;
  const parts = [
    `${factsOf(left)}\n${factsOf(right)}`,
    ...(changes.length === 0
      ? []
      : [changes.map(({ subject, what }) => `${cleanText(subject)} ${cleanText(what)}`).join('\n')]),
    ...(differing.length === 0
      ? []
      : [
          table(
            ['STEP', left.runId, right.runId, 'OUTPUT'],
            differing.map(({ stepId, left: before, right: now, output }) => [
              stepId,
              fateOf(before),
              fateOf(now),
              output,
            ]),
          ),
        ]),
    ...(same === 0 ? [] : [`${String(same)} ${same === 1 ? 'step is' : 'steps are'} the same in both`]),
  ];
  return parts.join('\n\n');
}

function factsOf({ runId, workflow, version, status, durationMs }: ComparedRun): string {
  const of = version === undefined ? workflow : `${workflow}, version ${String(version)}`;
  const took = durationMs === undefined ? '' : ` in ${durationText(durationMs)}`;
  return `${cleanText(runId)}: ${cleanText(of)}, ${status}${took}`;
}

function differs({ left, right, output }: StepDifference): boolean {
  return left?.status !== right?.status || left?.origin !== right?.origin || output === 'different';
}

function fateOf(step: StoredStep | undefined): string {
  if (step === undefined) return 'no such step';
  const { status, origin, durationMs } = step;
  if (origin !== undefined) return `${status} (${origin})`;
  return durationMs === undefined ? status : `${status} in ${durationText(durationMs)}`;
}
