import { MillraceError } from '../base/errors.ts';

/** One way in which a recording breaks a law. */
export interface Violation {
  /** The name of the law. */
  readonly law: string;
  /** What happened, and to which step. */
  readonly message: string;
}

/** A recording breaks laws. The message names every violation. */
export class LawBrokenError extends MillraceError {
  override readonly name = 'LawBrokenError';
  override readonly code = 'LAW_BROKEN';

  /** Every violation, law by law. */
  readonly violations: readonly Violation[];

  constructor(workflow: string, violations: readonly Violation[]) {
    super(
      [
        `the run of '${workflow}' breaks ${violations.length === 1 ? 'a law' : 'laws'}:`,
        ...violations.map(({ law, message }) => `- ${law}: ${message}`),
      ].join('\n'),
    );
    this.violations = violations;
  }
}
