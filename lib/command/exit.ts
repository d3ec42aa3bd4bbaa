/**
 * How the command ends.
 *
 *     0    it is done
 *     1    the run failed, or was cancelled from elsewhere
 *     2    it can't be done as it was asked for: arguments, inputs, module, unknown run or step
 *     3    the store: held by somebody else, changed since, full, unreadable
 *     13   the run can never end
 *     130  Ctrl-C; 143 where it was told to end (SIGTERM); on Windows 149 and 129 for Ctrl-Break and a console that is closed
 */
import { MillraceError } from '../base/errors.ts';

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  store: 3,
} as const;

/** Something was asked for that can't be done. The message says what to do instead. */
export class UsageError extends MillraceError {
  override readonly name = 'UsageError';
  override readonly code = 'USAGE';
}

const codes: Readonly<Record<string, number>> = {
  USAGE: exitCodes.usage,
  INVALID_OPTIONS: exitCodes.usage,
  INVALID_WORKFLOW: exitCodes.usage,
  RESOURCE_LIMIT: exitCodes.usage,
  UNKNOWN_RUN: exitCodes.usage,
  UNKNOWN_STEP: exitCodes.usage,
  EVENT_LOG_NOT_READ: exitCodes.usage,
  EVENT_LOG_INVALID: exitCodes.usage,
  EVENT_LOG_LATER_VERSION: exitCodes.usage,
  DASHBOARD_PORT_IN_USE: exitCodes.usage,
  DASHBOARD_NOT_LISTENING: exitCodes.usage,
  WORKER_START: exitCodes.usage,
  STORE: exitCodes.store,
  RUN_HELD: exitCodes.store,
  STORE_FORMAT: exitCodes.store,
  RESUME_MISMATCH: exitCodes.store,
};

/** What the process ends with after an error. By its code, whichever copy of millrace has made it. */
export function exitCodeOf(error: unknown): number {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return (
    (typeof code === 'string' && Object.hasOwn(codes, code) ? codes[code] : undefined) ?? exitCodes.failed
  );
}
