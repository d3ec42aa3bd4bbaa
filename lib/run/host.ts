import type { Demand } from '../admission/demand.ts';
import type { Attempt } from './attempt.ts';
import type { ChildTally } from './child-tally.ts';
import type { Executor } from './executor.ts';
import type { OrderedCleanUp } from './step-scope.ts';

/** The scope of a step that has handed its work to steps of their own. */
export interface HostScope {
  readonly executor: Executor;
  /** Whether it, or one that it is part of, stops because something failed. */
  readonly isFailing: boolean;
  readonly onFailure: 'fail-fast' | 'continue';
  /** What the steps did is to be undone with what those of this scope did. */
  adopt(cleanUps: readonly OrderedCleanUp[]): void;
}

/** The step whose work a nested scope does. */
export interface Host {
  readonly scope: HostScope;
  readonly attempt: Attempt;
  readonly tally: ChildTally;
  /** Its rank among those that may start, from the outermost host's. */
  readonly path: readonly number[];
  /** How deep its steps are: 1 for those of a step of the run itself. */
  readonly depth: number;
  /** What those take that have to run while its steps do, so that these can never have it: the producers of its items. */
  readonly reserved?: (() => Demand) | undefined;
  /** Gives back what it has kept for its children, since they bring steps of their own. */
  readonly giveBack?: (() => void) | undefined;
  /** What it has kept for its children is one's of them from now on, who was given up. */
  readonly handOn?: (() => void) | undefined;
  /** The path from a root to it. */
  readonly chain: readonly string[];
}
