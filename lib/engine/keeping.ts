import type { CacheTerms } from '../definition/cache-option.ts';
import type { CacheKey, Keeper } from './keeper.ts';
import type { Scope, StepAttempt } from './scope.ts';
import type { Row, StepTable } from './step-table.ts';

/** What a row hears that has asked. */
interface Asking {
  /** @param kept - is to be told what to do once it is sure that the output stays */
  found(output: unknown, kept: (then: () => void) => void): void;
  unknown(): void;
  refused(error: unknown): void;
}

/**
 * Rows that are written down, or looked up: what the keeper knows by paths, the engine knows by rows.
 *
 * 1. A row that is settled meanwhile hears nothing more: by then its number may be another's.
 */
export class Keeping {
  readonly keeper: Keeper;
  readonly #table: StepTable;
  /** The rows that have asked, each with what stands for its question. */
  readonly #asking = new Map<Row, object>();
  /** What the outputs of rows may be found by, that were asked for and not found. */
  readonly #keys = new Map<Row, CacheKey>();
  /** The attempts whose steps have done something that may have to be undone. */
  readonly #undoing = new WeakSet<StepAttempt>();

  constructor(keeper: Keeper, table: StepTable) {
    this.keeper = keeper;
    this.#table = table;
  }

  /** Whether what a row would come to may be known. */
  mayHave(scope: Scope, row: Row): boolean {
    return scope.definitionOf(row).settings.cache !== undefined && this.#table.attemptsOf(row) === 0;
  }

  lookUp(scope: Scope, row: Row, asking: Asking): void {
    const definition = scope.definitionOf(row);
    const terms = definition.settings.cache as CacheTerms;
    const path = scope.idOf(definition);
    const question = {};
    this.#asking.set(row, question);
    this.keeper.lookUp({ path, definition, terms, inputs: scope.inputsOf(row) }, (answer) => {
      if (this.#asking.get(row) !== question) return;
      this.#asking.delete(row);
      if (answer.kind === 'refused') {
        asking.refused(answer.error);
      } else if (answer.kind === 'found') {
        const { output, key } = answer;
        const kept = { path, definition, output, item: itemOf(scope, row), hasUndoing: false, key };
        asking.found(output, (then) => {
          this.keeper.keep({ ...kept, isCached: true }, then);
        });
      } else {
        if (answer.key !== undefined) this.#keys.set(row, answer.key);
        asking.unknown();
      }
    });
  }

  /** Writes down what a child has come to, if nobody need wait for that; false where somebody has to, or it is no child. */
  keepsLater(attempt: StepAttempt): boolean {
    return attempt.scope.isFanOut && this.keeper.keepLater(this.#outputOf(attempt));
  }

  keep(attempt: StepAttempt, kept: () => void): void {
    this.keeper.keep(this.#outputOf(attempt), kept);
  }

  /** The steps that have done the work of an attempt may have something to undo. */
  noteUndoing(attempt: StepAttempt): void {
    this.#undoing.add(attempt);
  }

  settled(row: Row): void {
    this.#asking.delete(row);
    this.#keys.delete(row);
  }

  #outputOf(attempt: StepAttempt) {
    const { scope, row, definition, result } = attempt;
    return {
      path: attempt.stepId,
      definition,
      output: result,
      item: itemOf(scope, row),
      hasUndoing: this.#undoing.has(attempt),
      key: this.#keys.get(row),
      isCached: false,
    };
  }
}

/** What a child was made of. */
function itemOf(scope: Scope, row: Row): { readonly value: unknown } | undefined {
  return scope.isFanOut ? { value: scope.inputsOf(row)['item'] } : undefined;
}
