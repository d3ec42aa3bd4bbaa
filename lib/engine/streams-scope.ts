import type { Blueprint } from '../definition/blueprint.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { Reporter } from '../observe/reporter.ts';
import type { RunBudget } from './run-budget.ts';
import type { Row, StepTable } from './step-table.ts';

/** The graph whose steps streams connect, and what is asked of it. Steps are known by their places. */
export interface StreamsScope {
  readonly blueprint: Blueprint;
  readonly first: Row;
  readonly run: {
    readonly table: StepTable;
    readonly budget: RunBudget;
    readonly report: Reporter;
    after(ms: number, work: () => void): () => void;
    wake(work: () => void): void;
    enqueue(row: Row): void;
    withdraw(row: Row): void;
  };
  /** Whether nothing may start any more. */
  readonly isStopped: boolean;
  idOf(definition: StepDefinition): string;
  /** What a step failed with, or was stopped for. */
  reasonOf(step: number): unknown;
  /** Whether the run has what a step demands; where it hasn't, the step fails. */
  isFit(step: number): boolean;
  /** A step competes for its resources from now on, together with others. */
  noteReady(step: number): void;
  failStep(step: number, cause: unknown, by: Row): void;
  startTogether(steps: readonly number[]): void;
  /** Whether all that runs in the whole run waits at a channel. */
  readonly isAtStandstill: boolean;
  /** A step reads a stream no further. */
  left(step: number, place: number, producer: number): void;
}
