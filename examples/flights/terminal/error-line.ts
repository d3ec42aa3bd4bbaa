import { StepFailedError } from 'millrace';

/**
 * What went wrong, in one line for the person at the terminal; `undefined` for a fault of the program, which
 * deserves its stack.
 */
export function errorLine(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof StepFailedError) {
    const line = errorLine(error.cause);
    // A flights file says itself what is wrong with it; of anything else the step is part of the story.
    return line === undefined || isOfFlightsFile(error.cause)
      ? line
      : `step '${error.stepId}' failed: ${line}`;
  }
  return isOfFlightsFile(error) || isOfSystem(error)
    ? error.message.replaceAll(/\s+/g, ' ').trim()
    : undefined;
}

/** Or of a worker process that couldn't start. By its code: an error that comes from a thread is no instance of the class here. */
function isOfFlightsFile(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    ['FLIGHTS_FILE', 'FLIGHTS_WORKER'].includes(String(error.code))
  );
}

/** Of the file system and the like: no permission, no space, no such folder. */
function isOfSystem(error: Error): boolean {
  return 'errno' in error && 'syscall' in error;
}
