import { RunFailure } from '../observe/failures.ts';

/**
 * A run was refused before anything of it ran: as many runs as may be under way are, by limits that it shares with them, and as many
 * wait as may. For a server that is the answer 503.
 *
 * @example
 * ```ts
 * run.result$.subscribe({
 *   error: (error) => {
 *     if (error instanceof OverloadedError) console.error('busy:', error.running, 'under way,', error.waiting, 'wait');
 *   },
 * });
 * ```
 */
export class OverloadedError extends RunFailure {
  override readonly name = 'OverloadedError';
  override readonly code = 'OVERLOADED';
  /** The run that was refused. */
  readonly runId: string;
  /** The shared limits, as messages call them. */
  readonly shared: string;
  /** How many runs are under way. */
  readonly running: number;
  /** How many may be. */
  readonly limit: number;
  /** How many runs wait, which is as many as may. */
  readonly waiting: number;

  constructor(runId: string, shared: string, running: number, limit: number, waiting: number) {
    super(
      `run '${runId}' was refused: of the ${shared}, ${String(running)} runs of at most ${String(limit)} are under way, and ${String(waiting)} wait${waiting === 1 ? 's' : ''}, which is as many as may; try again later, or raise \`runs\` or \`maxWaiting\``,
    );
    this.runId = runId;
    this.shared = shared;
    this.running = running;
    this.limit = limit;
    this.waiting = waiting;
  }
}
