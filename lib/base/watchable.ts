/** Whether a value is a run as those who watch one need it, or the replay of one. */
export function isWatchable(value: unknown): boolean {
  const { runId, snapshot } = (value ?? {}) as { readonly runId?: unknown; readonly snapshot?: unknown };
  return hasProgress(value) && typeof runId === 'string' && typeof snapshot === 'function';
}

/** Whether a value has the events of a workflow's run. */
export function hasProgress(value: unknown): boolean {
  const { workflow, progress$ } = (value ?? {}) as {
    readonly workflow?: unknown;
    readonly progress$?: { readonly subscribe?: unknown } | null;
  };
  return typeof workflow === 'object' && typeof progress$?.subscribe === 'function';
}
