import { test } from '@fast-check/vitest';
import type { Features } from './arbitrary-scenario.ts';
import { arbitraryScenario } from './arbitrary-scenario.ts';
import { cases } from './effort.ts';
import { type Performance, perform, type Spectator } from './performance.ts';

/**
 * A property of all runs of scenarios with the given features, checked once each is over.
 *
 * Where it doesn't hold, fast-check prints the smallest scenario found, and the error what happened in it.
 */
export function forAllRuns(
  sentence: string,
  features: Features,
  check: (performance: Performance) => void,
  { numRuns = 400, spectator = {} }: { readonly numRuns?: number; readonly spectator?: Spectator } = {},
): void {
  test.prop([arbitraryScenario(features)], { numRuns: cases(numRuns) })(sentence, (scenario) => {
    const performance = perform(scenario, spectator);
    explained(performance, check);
  });
}

/** Checks a run; the error, if any, tells what happened. */
export function explained(performance: Performance, check: (performance: Performance) => void): void {
  try {
    if (performance.complaint !== undefined) throw performance.complaint.error;
    check(performance);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}\n\nWhat happened:\n${String(performance.journal)}\n`, { cause: error });
  }
}
