/** What a run's id has to be to be kept under; `undefined` where it is that. */
export function runIdFault(runId: string): string | undefined {
  if (runId === '') return 'a name that is not empty';
  if (runId.length > longestRunId) return `a name of at most ${String(longestRunId)} characters`;
  return undefined;
}

const longestRunId = 200;
