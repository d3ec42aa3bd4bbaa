/** A flights file that can't be used; the message is one line that says which file and what is wrong with it. */
export class FlightsFileError extends Error {
  override readonly name = 'FlightsFileError';
  readonly code = 'FLIGHTS_FILE';
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
    this.path = path;
    this.problem = problem;
  }

  /** Wraps what a decoder or the file system threw, whatever it was; one that already says it passes unchanged. */
  static from(path: string, problem: string, cause: unknown): FlightsFileError {
    if (cause instanceof FlightsFileError) return cause;
    const detail = cause instanceof Error ? cause.message : String(cause);
    return new FlightsFileError(path, `${problem} (${detail.replaceAll(/\s+/g, ' ').trim()})`, { cause });
  }
}
