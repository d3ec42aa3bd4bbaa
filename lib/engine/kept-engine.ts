import type { Blueprint } from '../definition/blueprint.ts';
import type { Progress } from '../observe/progress.ts';
import type { Reporter } from '../observe/reporter.ts';
import type { RunView } from '../observe/run-view.ts';
import type { KeptRun } from './keeper.ts';

/** What a keeper may do with a run. */
export interface KeepableRun {
  readonly blueprint: Blueprint;
  readonly view: RunView;
  readonly progress: Progress;
  readonly report: Reporter;
  readonly now: number;
  wake(work: () => void): void;
  cancel(reason: unknown): void;
  /** It can't go on. */
  failWith(error: unknown): void;
}

/** A run, as its keeper knows it. */
export class KeptEngine implements KeptRun {
  readonly #engine: KeepableRun;

  constructor(engine: KeepableRun) {
    this.#engine = engine;
  }

  get blueprint(): Blueprint {
    return this.#engine.blueprint;
  }

  get progress(): Progress {
    return this.#engine.progress;
  }

  get view(): RunView {
    return this.#engine.view;
  }

  get now(): number {
    return this.#engine.now;
  }

  wake(work: () => void): void {
    this.#engine.wake(work);
  }

  cancel(reason: unknown): void {
    this.#engine.cancel(reason);
  }

  fail(error: unknown): void {
    this.#engine.failWith(error);
  }

  warn(stepId: string, message: string, error?: unknown): void {
    const thrown = error === undefined ? {} : { error };
    this.#engine.report.warn({ topic: 'store', stepId, attempt: 0, message, ...thrown });
  }
}
