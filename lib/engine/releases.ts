import type { StepDefinition } from '../definition/step.ts';
import type { Reporter } from '../observe/reporter.ts';
import { type FinalCallTerms, make } from './final-calls.ts';
import type { Keeper } from './keeper.ts';
import type { Row } from './step-table.ts';
import type { Done, Undoing } from './undoing.ts';

/** The rows among which something was opened. */
export interface ReleasingScope {
  readonly undoing: Undoing;
  /** The row that holds what one of them opened: itself, unless what it comes to is a part of what its parent does. */
  holderOf(row: Row): Row;
  /** Whether something may have to be undone of what a row has, or will have, been needed for. */
  mayBeUndoneAfter(row: Row): boolean;
  /** Whether a body may still be at work with a row's output. */
  isInUse(row: Row): boolean;
}

/** Who it is closed for. */
interface ReleasingRun {
  readonly report: Reporter;
  readonly keeper: Keeper | undefined;
}

/**
 * Closes what steps have opened, once: as soon as nobody works with it any more, unless something that may have to be undone could
 * need it; that is then undone before.
 */
export class Releases {
  /** Whether anything was ever held open. */
  isNeeded = false;
  readonly #held = new Map<Row, Done[]>();
  /** How many rows hold what more than one does. */
  readonly #holders = new Map<Done, number>();
  /** Of these, what can't be closed before all is undone. */
  readonly #late = new Set<Done>();
  readonly #run: ReleasingRun;
  readonly #terms: FinalCallTerms;
  readonly #done: () => void;
  #pending = 0;

  /** @param done - called when none is under way any more */
  constructor(run: ReleasingRun, terms: FinalCallTerms, done: () => void) {
    this.#run = run;
    this.#terms = terms;
    this.#done = done;
  }

  /** Whether something is open that came of a row. */
  holds(row: Row): boolean {
    return this.#held.has(row);
  }

  /** How many are being closed. */
  get pending(): number {
    return this.#pending;
  }

  /** A row has opened something. */
  opened(scope: ReleasingScope, row: Row, opened: Done): void {
    this.#hold(scope.holderOf(row), [opened]);
  }

  /** Nobody needs the output of a row any more. */
  unused(scope: ReleasingScope, row: Row): void {
    const held = this.#held.get(row);
    if (held === undefined) return;
    if (scope.isInUse(row) || scope.mayBeUndoneAfter(row)) for (const opened of held) this.#late.add(opened);
    for (const opened of this.#take(row)) {
      if (this.#late.delete(opened)) scope.undoing.closeLater(opened);
      else this.closeAll([opened]);
    }
  }

  /** What a row holds is another's from now on. */
  handUp(row: Row, to: Row): void {
    const held = this.#held.get(row);
    if (held === undefined) return;
    this.#held.delete(row);
    this.#hold(to, held);
  }

  /** A row gives on what another one has opened: it is open as long as one of them is needed. */
  share(row: Row, by: Row): void {
    const held = this.#held.get(row);
    if (held === undefined) return;
    for (const opened of held) this.#holders.set(opened, (this.#holders.get(opened) ?? 1) + 1);
    this.#hold(by, held);
  }

  /** What a row holds is closed with its graph. */
  closeLater(row: Row, undoing: Undoing): void {
    for (const opened of this.#take(row)) undoing.closeLater(opened);
  }

  /** What a row holds is the caller's. */
  handOut(row: Row): void {
    // Whoever else holds it is not the last to do so.
    for (const opened of this.#held.get(row) ?? [])
      if (this.#holders.has(opened)) this.#holders.set(opened, Infinity);
    this.#held.delete(row);
  }

  /** An output was discarded as it came: nobody has ever taken it for the step's. */
  discard(definition: StepDefinition, stepId: () => string, output: unknown, attempt: number): void {
    this.#close([{ definition, stepId, output, attempt, order: 0 }]);
  }

  closeAll(all: readonly Done[]): void {
    const { keeper } = this.#run;
    if (keeper === undefined || all.length === 0) {
      this.#close(all);
      return;
    }
    // What is closed must not be taken for open by the next run: that is written down first.
    this.#pending++;
    const paths = all.map(({ stepId }) => stepId());
    keeper.forgetClosed(paths, () => {
      this.#close(all);
      this.#ended();
    });
  }

  #close(all: readonly Done[]): void {
    const { report } = this.#run;
    for (const { definition, stepId, output, attempt } of all) {
      this.#pending++;
      make(
        {
          call: () => definition.settings.release?.(output),
          failed: (error) => {
            report.releaseFailed(stepId(), error);
          },
          endless: () => {
            report.endless('release', stepId(), attempt, this.#terms.gracePeriod);
          },
        },
        this.#terms,
        () => {
          this.#ended();
        },
      );
    }
  }

  #ended(): void {
    this.#pending--;
    if (this.#pending === 0) this.#done();
  }

  #hold(row: Row, all: readonly Done[]): void {
    this.isNeeded = true;
    const held = this.#held.get(row);
    if (held === undefined) this.#held.set(row, [...all]);
    else held.push(...all);
  }

  /** What nobody holds any more, now that a row doesn't. */
  #take(row: Row): Done[] {
    const held = this.#held.get(row) ?? [];
    this.#held.delete(row);
    return held.filter((opened) => this.#isLastOf(opened));
  }

  #isLastOf(opened: Done): boolean {
    const others = (this.#holders.get(opened) ?? 1) - 1;
    if (others > 0) this.#holders.set(opened, others);
    else this.#holders.delete(opened);
    return others === 0;
  }
}
