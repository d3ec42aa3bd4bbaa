import { MillraceError } from '../base/errors.ts';

/** Another process has taken the run over: what this one still sends for it is refused. */
export class OutdatedRunError extends MillraceError {
  override readonly name = 'OutdatedRunError';
  override readonly code = 'OUTDATED_RUN';

  /** The run that somebody else has by now. */
  readonly runId: string;

  constructor(runId: string, epoch: number, later: number) {
    super(
      `run '${runId}' was taken over by another process (its ${String(later)}. holder; this is the ${String(epoch)}.), so that no worker takes tasks of it from here`,
    );
    this.runId = runId;
  }

  override get isPermanent(): boolean {
    return true;
  }
}
