import type { Blueprint } from '../definition/blueprint.ts';
import type { CacheTerms } from '../definition/cache-option.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { RunOutcome } from '../definition/step-options.ts';
import type { Progress } from '../observe/progress.ts';
import type { RunView } from '../observe/run-view.ts';

/**
 * Keeps what a run does, so that another process can go on with it, and what its steps have found out, so that it needn't be found out
 * again. Steps are known by their paths.
 *
 * 1. Whatever it is asked, it calls back once: before the call returns, or later by `run.wake`. Nothing is asked before `open` has
 *    called back, nor after `end`.
 * 2. What was written before is on the disk before what was written after it.
 */
export interface Keeper {
  /** How many processes have held the run, this one included; 1 before it is open. */
  readonly epoch: number;
  /** Tells the run from others that were begun under its id, before or later; the same for all processes that have held it. */
  readonly life: string;
  /** Settles once whoever holds the run later will know its `life`; `undefined` where that is so already. */
  lifeStays(): Promise<void> | undefined;
  /** Takes the run. Where it can't be had, `refused` is what the run fails with. */
  open(run: KeptRun, opened: (opening: Opening) => void): void;
  /** What is kept of the steps of a graph that is about to be launched. */
  recall(graph: RecalledGraph, recalled: (recalled: Recalled) => void): void;
  /** The outputs themselves, in the same order; `undefined` stands for one that can't be had any more. */
  load(kept: readonly Kept[], loaded: (outputs: readonly (Loaded | undefined)[]) => void): void;
  /** What is kept of a child of a fan-out, if it was made of an equal item. */
  recallChild(path: string, item: unknown): Kept | undefined;
  /** What was decided of a step before; `undefined` where nothing was. */
  choiceOf(path: string): Choice | undefined;

  /** Writes down what a step has come to, and tells it once that is sure to stay, or was given up. */
  keep(output: KeptOutput): void;
  /** The same, without waiting for it; false where so much is waited for already that it has to be waited for as well. */
  keepLater(output: KeptOutput): boolean;
  noteChoice(path: string, choice: Choice): void;
  /** A step has failed, and nobody has dealt with that. */
  noteFailure(path: string): void;
  /** The steps within a step are those of a graph: of another one than before, nothing that was kept counts. */
  blockOpened(path: string, blueprint: Blueprint): void;
  /** The steps within a step are no longer those of before. */
  forgetWithin(path: string): void;
  /** What these have opened is about to be closed: their outputs are of no use any more. */
  forgetClosed(paths: readonly string[], forgotten: () => void): void;
  /** What these have done is about to be undone, and so is what was made of it. */
  forgetUndone(paths: readonly string[], forgotten: () => void): void;

  /** Whether what a step would come to was found out before. */
  lookUp(asked: AskedStep, answer: (answer: Answer) => void): void;

  /** The run has come to rest: what is to be written is written now. */
  flush(): void;
  /** The run is over, but for telling so. */
  end(outcome: 'completed' | RunOutcome, result: unknown, ended: () => void): void;
}

/** The run, as a keeper knows it. */
export interface KeptRun {
  readonly blueprint: Blueprint;
  readonly progress: Progress;
  readonly view: RunView;
  /** The run's present, in ms of its clock. */
  readonly now: number;
  /** Control comes back from elsewhere. */
  wake(work: () => void): void;
  cancel(reason: unknown): void;
  /** It can't go on. */
  fail(error: unknown): void;
  /** @param stepId - empty where it is about no step */
  warn(stepId: string, message: string, error?: unknown): void;
}

/** How the run was found. */
export type Opening = { readonly isResumed: boolean } | { readonly refused: unknown };

/** A graph whose steps may have been done before. */
export interface RecalledGraph {
  readonly blueprint: Blueprint;
  /** The path of one of its steps. */
  pathOf(step: number): string;
}

/** What is kept of a graph. */
export interface Recalled {
  /** What is kept of its steps. */
  readonly kept: ReadonlyMap<number, Kept>;
  /** The steps that have to be gone through again, whether they are needed or not: steps within them may have to be undone. */
  readonly again: ReadonlySet<number>;
}

/** Something that is kept of a step. */
export interface Kept {
  readonly path: string;
  /** When it completed, among all that have; `undefined` where it isn't the run's to undo, which has found it in the cache. */
  readonly order: number | undefined;
}

/** An output that was kept. */
export interface Loaded {
  readonly output: unknown;
}

/** A step that has completed. All but its path is asked for at once, or never. */
export interface KeptOutput {
  readonly path: string;
  readonly definition: StepDefinition;
  readonly output: unknown;
  /** Of a child, what it was made of. */
  readonly item: { readonly value: unknown } | undefined;
  /** Whether something that steps within have done may have to be undone. */
  readonly hasUndoing: boolean;
  /** What it may be found by again. */
  readonly key: CacheKey | undefined;
  /** Whether it was found by it. */
  readonly isCached: boolean;
  /** What it has come to is sure to stay, or was given up. */
  stays(): void;
}

/** What was decided: by `when`, or which input a join takes: by name, or by its place. */
export type Choice = boolean | number | string;

/** A step that has a cache. */
export interface AskedStep {
  readonly path: string;
  readonly definition: StepDefinition;
  readonly terms: CacheTerms;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What an output may be found by again. */
export interface CacheKey {
  readonly digest: string;
}

export type Answer =
  | { readonly kind: 'found'; readonly output: unknown; readonly key: CacheKey }
  /** Without a key it is not to be kept either. */
  | { readonly kind: 'unknown'; readonly key: CacheKey | undefined }
  /** The step can't be asked about, for a mistake in its options. */
  | { readonly kind: 'refused'; readonly error: unknown };
