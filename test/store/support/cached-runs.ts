import type { Calls } from './calls.ts';
import { known, type Place, runId } from './place.ts';

let runs = 0;

/** Runs a workflow as a run of its own; gives its result, what was cached and what ran. */
export async function go(
  place: Place,
  calls: Calls,
  steps: Parameters<Place['run']>[0],
  options: Parameters<Place['run']>[1] = {},
) {
  const { result, error, events } = await place.run(steps, {
    runId: `${runId} ${String(++runs)}`,
    ...options,
  });
  return { result, error, events, cached: known(events, 'cached'), ran: calls.take() };
}
