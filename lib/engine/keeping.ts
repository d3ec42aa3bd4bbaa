import type { CacheTerms } from '../definition/cache-option.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { CacheKey, Keeper, KeptOutput, Opening } from './keeper.ts';
import { type KeepableRun, KeptEngine } from './kept-engine.ts';
import { type RecallingScope, recall } from './kept-outputs.ts';
import type { Row, StepTable } from './step-table.ts';

/** What a row hears that has asked. */
interface Asking {
  /** @param kept - is to be told what to do once it is sure that the output stays */
  found(output: unknown, kept: (then: () => void) => void): void;
  unknown(): void;
  refused(error: unknown): void;
}

/** Where rows belong, as far as it matters for what is kept of them. */
interface KeptScope {
  /** Present where its rows are the children of a fan-out. */
  readonly fanOut: object | undefined;
  definitionOf(row: Row): StepDefinition;
  idOf(definition: StepDefinition): string;
  inputsOf(row: Row): Readonly<Record<string, unknown>>;
}

/** An attempt that has come to something. */
interface KeptAttempt {
  readonly scope: KeptScope;
  readonly row: Row;
  readonly definition: StepDefinition;
  readonly stepId: string;
  readonly result: unknown;
}

/** A run whose rows are written down. */
export interface KeepingRun extends KeepableRun {
  readonly table: StepTable;
  /** What an attempt has come to is sure to stay. */
  stays(attempt: KeptAttempt): void;
}

/**
 * Rows that are written down, or looked up: what the keeper knows by paths, the engine knows by rows.
 *
 * 1. A row that is settled meanwhile hears nothing more: by then its number may be another's.
 */
export class Keeping {
  readonly keeper: Keeper;
  readonly #run: KeepingRun;
  readonly #table: StepTable;
  /** The rows that have asked, each with what stands for its question. */
  readonly #asking = new Map<Row, object>();
  /** What the outputs of rows may be found by, that were asked for and not found. */
  readonly #keys = new Map<Row, CacheKey>();
  /** The attempts whose steps have done something that may have to be undone. */
  #undoing: WeakSet<KeptAttempt> | undefined;

  constructor(keeper: Keeper, run: KeepingRun) {
    this.keeper = keeper;
    this.#run = run;
    this.#table = run.table;
  }

  /** Takes the run; nothing else is asked before. */
  open(opened: (opening: Opening) => void): void {
    this.keeper.open(new KeptEngine(this.#run), opened);
  }

  /** What was done of a graph before is settled, then its other steps are launched. */
  recall(scope: RecallingScope, launch: () => void): void {
    recall(scope, this.keeper, launch);
  }

  /** Whether what a row would come to may be known. */
  mayHave(scope: KeptScope, row: Row): boolean {
    return scope.definitionOf(row).settings.cache !== undefined && this.#table.attemptsOf(row) === 0;
  }

  lookUp(scope: KeptScope, row: Row, asking: Asking): void {
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
  keepsLater(attempt: KeptAttempt): boolean {
    return attempt.scope.fanOut !== undefined && this.keeper.keepLater(new AttemptOutput(this, attempt));
  }

  keep(attempt: KeptAttempt): void {
    this.keeper.keep(new AttemptOutput(this, attempt));
  }

  stays(attempt: KeptAttempt): void {
    this.#run.stays(attempt);
  }

  /** The steps that have done the work of an attempt may have something to undo. */
  noteUndoing(attempt: KeptAttempt): void {
    this.#undoing ??= new WeakSet();
    this.#undoing.add(attempt);
  }

  hasUndoing(attempt: KeptAttempt): boolean {
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
  readonly #attempt: KeptAttempt;

  constructor(keeping: Keeping, attempt: KeptAttempt) {
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
    this.#keeping.stays(this.#attempt);
  }
}

/** What a child was made of. */
function itemOf(scope: KeptScope, row: Row): { readonly value: unknown } | undefined {
  return scope.fanOut !== undefined ? { value: scope.inputsOf(row)['item'] } : undefined;
}
