import { MillraceError } from '../base/errors.ts';

/** The engine has found itself where it can't be: a fault of millrace, not of its user's. Tells the story of the step. */
export class EngineFaultError extends MillraceError {
  override readonly name = 'EngineFaultError';
  override readonly code = 'ENGINE_FAULT';
  /** What had happened to the step. */
  readonly story: string;

  constructor(message: string, story: string, options?: ErrorOptions) {
    super(`a fault of millrace itself, please report it: ${message} (${story})`, options);
    this.story = story;
  }
}
