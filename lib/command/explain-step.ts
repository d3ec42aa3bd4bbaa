import { cleanText } from '../node/terminal-text.ts';
import type { StepExplanation } from '../store/why.ts';

/** Why a step ran, or didn't, in lines. */
export function explanationText({ runId, stepId, status, origin, reasons }: StepExplanation): string {
  const what =
    origin === undefined
      ? whatBecame[status]
      : origin === 'cached'
        ? 'was found in the cache'
        : `was ${origin}`;
  return [
    `step '${cleanText(stepId)}' of run '${cleanText(runId)}' ${what}:`,
    ...reasons.map(({ message }) => `- ${cleanText(message)}`),
  ].join('\n');
}

const whatBecame = {
  completed: 'ran',
  failed: 'ran, and failed',
  running: 'runs',
  interrupted: 'ran until the process ended',
  waiting: 'has not run',
  cancelled: 'was cancelled',
  skipped: 'was skipped',
} as const;
