import { OptionChecker } from '../base/option-checker.ts';
import type { AroundAttempt } from '../definition/around.ts';
import { AttemptContext, type ContextSource } from './attempt-context.ts';

/** What a context tells a hook besides. */
export interface CarryingSource extends ContextSource {
  /** Takes texts to go along with work that is done elsewhere. */
  carry(carrier: Readonly<Record<string, string>>): void;
}

/** What a hook sees of an attempt. */
export class AroundContext extends AttemptContext implements AroundAttempt {
  readonly #attempt: CarryingSource;

  constructor(attempt: CarryingSource) {
    super(attempt);
    this.#attempt = attempt;
  }

  get runId(): string {
    return this.#attempt.runId;
  }

  get carry(): AroundAttempt['carry'] {
    return (carrier) => {
      const checker = new OptionChecker();
      if (checker.record('the carrier', carrier, 'a record of texts'))
        for (const [name, value] of Object.entries(carrier) as [string, unknown][])
          if (typeof value !== 'string') checker.fail(`carrier['${name}']`, 'a string', value);
      checker.throwIfAny(`carry of step '${this.stepId}'`);
      this.#attempt.carry(carrier);
    };
  }
}
