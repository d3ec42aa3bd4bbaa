import type { CacheTerms } from '../definition/cache-option.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { CacheKey, Keeper, KeptOutput } from './keeper.ts';
import type { Scope, StepAttempt } from './scope.ts';
import type { Row, StepTable } from './step-table.ts';

/** What a row hears that has asked. */
interface Asking {
  /** @param kept - is to be told what to do once it is sure that the output stays */
  found(output: unknown, kept: (then: () => void) => void): void;
  unknown(): void;
  refused(error: unknown): void;
}

/** Who goes on with a row once what it has come to is sure to stay. */
interface Settling {
  kept(attempt: StepAttempt): void;
}

/**
 * Rows that are written down, or looked up: what the keeper knows by paths, the engine knows by rows.
 *
 * 1. A row that is settled meanwhile hears nothing more: by then its number may be another's.
 */
export class Keeping {
  readonly keeper: Keeper;
  readonly #table: StepTable;
  readonly #settling: Settling;
  /** The rows that have asked, each with what stands for its question. */
  readonly #asking = new Map<Row, object>();
  /** What the outputs of rows may be found by, that were asked for and not found. */
  readonly #keys = new Map<Row, CacheKey>();
  /** The attempts whose steps have done something that may have to be undone. */
  #undoing: WeakSet<StepAttempt> | undefined;

  constructor(keeper: Keeper, table: StepTable, settling: Settling) {
    this.keeper = keeper;
    this.#table = table;
    this.#settling = settling;
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
        asking.found(output, (stays) => {
          this.keeper.keep({ ...kept, isCached: true, stays });
        });
      } else {
        if (answer.key !== undefined) this.#keys.set(row, answer.key);
        asking.unknown();
      }
    });
  }

  /** Writes down what a child has come to, if nobody need wait for that; false where somebody has to, or it is no child. */
  keepsLater(attempt: StepAttempt): boolean {
    return attempt.scope.fanOut !== undefined && this.keeper.keepLater(new AttemptOutput(this, attempt));
  }

  keep(attempt: StepAttempt): void {
    this.keeper.keep(new AttemptOutput(this, attempt));
  }

  kept(attempt: StepAttempt): void {
    this.#settling.kept(attempt);
  }

  /** The steps that have done the work of an attempt may have something to undo. */
  noteUndoing(attempt: StepAttempt): void {
    this.#undoing ??= new WeakSet();
    this.#undoing.add(attempt);
  }

  hasUndoing(attempt: StepAttempt): boolean {
    return this.#undoing?.has(attempt) === true;
  }

  keyOf(row: Row): CacheKey | undefined {
    return this.#keys.size === 0 ? undefined : this.#keys.get(row);
  }

  settled(row: Row): void {
    if (this.#asking.size > 0) this.#asking.delete(row);
    if (this.#keys.size > 0) this.#keys.delete(row);
  }
}

/** What an attempt has come to. Small, as there is one for every step that waits for a write. */
class AttemptOutput implements KeptOutput {
  readonly isCached = false;
  readonly #keeping: Keeping;
  readonly #attempt: StepAttempt;

  constructor(keeping: Keeping, attempt: StepAttempt) {
    this.#keeping = keeping;
    this.#attempt = attempt;
  }

  get path(): string {
    return this.#attempt.stepId;
  }

  get definition(): StepDefinition {
    return this.#attempt.definition;
  }

  get output(): unknown {
    return this.#attempt.result;
  }

  get item(): { readonly value: unknown } | undefined {
    return itemOf(this.#attempt.scope, this.#attempt.row);
  }

  get hasUndoing(): boolean {
    return this.#keeping.hasUndoing(this.#attempt);
  }

  get key(): CacheKey | undefined {
    return this.#keeping.keyOf(this.#attempt.row);
  }

  stays(): void {
    this.#keeping.kept(this.#attempt);
  }
}

/** What a child was made of. */
function itemOf(scope: Scope, row: Row): { readonly value: unknown } | undefined {
  return scope.fanOut !== undefined ? { value: scope.inputsOf(row)['item'] } : undefined;
}
