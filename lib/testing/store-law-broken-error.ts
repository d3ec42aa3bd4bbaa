import { MillraceError } from '../base/errors.ts';

/** A backend of a store breaks a law. The message says which, how, and what was done to it. */
export class StoreLawBrokenError extends MillraceError {
  override readonly name = 'StoreLawBrokenError';
  override readonly code = 'STORE_LAW_BROKEN';

  /** What the backend calls itself. */
  readonly store: string;
  /** The law. */
  readonly law: string;
  /** How it was broken. */
  readonly violation: string;
  /** What was done, call by call, and what came of it. */
  readonly calls: readonly string[];

  constructor(
    store: string,
    law: string,
    violation: string,
    calls: readonly string[],
    options?: ErrorOptions,
  ) {
    super(
      [
        `${store} breaks the law that ${law}: ${violation}`,
        'what was done:',
        ...calls.map((call) => `  ${call}`),
      ].join('\n'),
      options,
    );
    this.store = store;
    this.law = law;
    this.violation = violation;
    this.calls = calls;
  }
}
