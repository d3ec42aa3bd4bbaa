import { checkRecording } from './check-recording.ts';
import type { Law } from './law.ts';
import { LawBrokenError, type Violation } from './law-broken-error.ts';
import {
  cleanUpsInReverse,
  dependenciesFirst,
  eventsInOrder,
  exactlyOnce,
  nothingAfterTheEnd,
  oneEndAStep,
  partsBeforeTheWhole,
  streamsTogether,
} from './laws-of-order.ts';
import {
  boundedOvertaking,
  heldIsRunning,
  limitsNeverExceeded,
  workConserving,
} from './laws-of-resources.ts';
import type { Recording } from './recording.ts';

/** The laws of every run, by the names they have in messages. */
export const laws: readonly Law[] = [
  dependenciesFirst,
  streamsTogether,
  partsBeforeTheWhole,
  exactlyOnce,
  oneEndAStep,
  nothingAfterTheEnd,
  eventsInOrder,
  limitsNeverExceeded,
  heldIsRunning,
  workConserving,
  boundedOvertaking,
  cleanUpsInReverse,
];

/**
 * Checks that a recording breaks none of the {@link laws}, nor of those given.
 *
 * @throws LawBrokenError naming every violation, with the story of the step
 * @throws InvalidOptionsError where it is no recording
 */
export function checkLaws(recording: Recording, extraLaws: readonly Law[] = []): void {
  checkRecording('checkLaws', recording);
  const violations: Violation[] = [...laws, ...extraLaws].flatMap(({ name, check }) =>
    check(recording).map((message) => ({ law: name, message })),
  );
  if (violations.length > 0) throw new LawBrokenError(recording.workflow, violations);
}
