import type { StepDefinition } from '../definition/step.ts';
import type { RunOutcome } from '../definition/step-options.ts';
import { followBody } from './body.ts';
import type { Progress } from './progress.ts';

/** A completed step whose work is to be undone. */
export interface CleanUp {
  readonly definition: StepDefinition;
  readonly output: unknown;
  readonly attempt: number;
}

/** Runs the clean-ups in turn, each after the one before has ended, whatever its outcome; then calls `done`. */
export function cleanUp(cleanUps: readonly CleanUp[], outcome: RunOutcome, progress: Progress, done: () => void): void {
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

  const start = ({ definition, output, attempt }: CleanUp): void => {
    const report = (error: unknown): void => {
      const message = `the clean-up of step '${definition.id}' failed; what it should have undone may be left over`;
      progress.emit({ type: 'warning', topic: 'cleanup', stepId: definition.id, attempt, message, error });
      goOn();
    };
    try {
      followBody(definition.settings.cleanup?.(output, outcome), { completed: goOn, empty: goOn, stopped: goOn, failed: report });
    } catch (error) {
      report(error);
    }
  };

  goOn();
}
