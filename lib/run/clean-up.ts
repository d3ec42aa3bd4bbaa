import type { StepDefinition } from '../definition/step.ts';
import type { RunOutcome } from '../definition/step-options.ts';
import { followBody } from './body.ts';

/** A completed step whose work is to be undone. */
export interface CleanUp {
  readonly definition: StepDefinition;
  readonly output: unknown;
  readonly attempt: number;
}

/**
 * Runs the clean-ups in turn, each after the one before has ended, whatever its outcome; then calls `done`.
 *
 * @param report - hears of each one that failed
 */
export function cleanUp(
  cleanUps: readonly CleanUp[],
  outcome: RunOutcome,
  report: (failed: CleanUp, error: unknown) => void,
  done: () => void,
): void {
  let next = 0;
  let isLooping = false;
  let isSynchronous = true;

  // Clean-ups that end at once are looped over, so that a hundred thousand of them need no deeper stack than one.
  const goOn = (): void => {
    if (isLooping) {
      isSynchronous = true;
      return;
    }
    isLooping = true;
    do {
      const current = cleanUps[next++];
      if (current === undefined) {
        done();
        return;
      }
      isSynchronous = false;
      start(current);
    } while (isSynchronous);
    isLooping = false;
  };

  const start = (current: CleanUp): void => {
    const { definition, output } = current;
    const failed = (error: unknown): void => {
      report(current, error);
      goOn();
    };
    let returned: unknown;
    try {
      returned = definition.settings.cleanup?.(output, outcome);
    } catch (error) {
      failed(error);
      return;
    }
    followBody(returned, { completed: goOn, empty: goOn, stopped: goOn, failed });
  };

  goOn();
}
