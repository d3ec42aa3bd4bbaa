import { MillraceError } from '../base/errors.ts';

/** Redis can't be reached: nobody answers there, it refuses the password, or the connection was lost for good. */
export class QueueUnavailableError extends MillraceError {
  override readonly name = 'QueueUnavailableError';
  override readonly code = 'QUEUE_UNAVAILABLE';

  /** Where it should be, without user and password. */
  readonly address: string;

  constructor(address: string, why: string, options?: ErrorOptions) {
    super(`Redis at ${address} can't be reached: ${why}`, options);
    this.address = address;
  }
}
