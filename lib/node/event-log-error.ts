import { MillraceError } from '../base/errors.ts';

/**
 * An event log can't be written or read. `file` is which, `cause` what the system said.
 *
 * `code` tells them apart: `EVENT_LOG_NOT_WRITTEN`, `EVENT_LOG_NOT_READ`, `EVENT_LOG_INVALID` (it isn't an event log),
 * `EVENT_LOG_LATER_VERSION` (a later version of millrace wrote it).
 */
export class EventLogError extends MillraceError {
  override readonly name = 'EventLogError';
  override readonly code:
    | 'EVENT_LOG_NOT_WRITTEN'
    | 'EVENT_LOG_NOT_READ'
    | 'EVENT_LOG_INVALID'
    | 'EVENT_LOG_LATER_VERSION';
  /** The path of the file. */
  readonly file: string;

  constructor(code: EventLogError['code'], file: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.file = file;
  }
}
