import { MillraceError } from '../base/errors.ts';

/** A run in virtual time has come to a stop: nothing is planned any more, and nothing has happened for its patience. */
export class StandstillError extends MillraceError {
  override readonly name = 'StandstillError';
  override readonly code = 'STANDSTILL';

  /** The ids of the steps that run but don't end. */
  readonly running: readonly string[];

  constructor(workflow: string, running: readonly string[], patienceMs: number) {
    const named =
      running.length === 0
        ? 'no step runs'
        : `these steps don't end: ${running.map((id) => `'${id}'`).join(', ')}`;
    super(
      `the run of '${workflow}' stands still: for ${String(patienceMs)} ms of real time nothing has happened, and ${named}; give them durations, or raise \`patience\` where they really take so long`,
    );
    this.running = running;
  }
}
