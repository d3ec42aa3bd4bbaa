import type { Limits } from '../admission/limits.ts';
import type { Rate } from '../admission/rate-window.ts';
import type { CancellationToken } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import type { Around } from '../definition/around.ts';
import type { StepBody, StepDefinition } from '../definition/step.ts';
import type { Ranks } from '../graph/ranks.ts';
import type { RunHistory } from '../observe/history.ts';
import type { ServedRun, Share } from '../sharing/share.ts';
import type { Keeping, KeepingRun } from './keeping.ts';

/** The options of a run, read. */
export interface RunSettings {
  readonly runId: string;
  /** The value of each of the blueprint's inputs. */
  readonly inputs: readonly unknown[];
  /** Outputs known in advance, by the path of their step. */
  readonly given: ReadonlyMap<string, unknown>;
  /** The capacity of each class that is demanded. */
  readonly limits: ReadonlyMap<string, number>;
  /** How much of a class may start in a stretch of time, where that is bounded. */
  readonly rates: ReadonlyMap<string, Rate>;
  /** Standard classes that are demanded and have no limit of their own, by what was given in another spelling. */
  readonly misspelt: ReadonlyMap<string, string>;
  readonly concurrency: number | undefined;
  /** Makes its part in limits that other runs have a part in, too. */
  readonly share: ((run: ServedRun) => Share) | undefined;
  readonly maxOvertakes: number;
  readonly maxDepth: number;
  /** The limits as they were given, for classes that only steps to come demand. */
  readonly givenLimits: Limits;
  /** Gives another body to the steps that come while the run is under way, as a rehearsal does. */
  readonly stage?: ((definition: StepDefinition) => StepBody) | undefined;
  /** Calls bodies in its way. */
  readonly around: Around | undefined;
  /** The order in which steps start, where a plan says so. */
  readonly plannedRanks: Ranks | undefined;
  /** The order that a history suggests, where one is given that knows the steps. */
  readonly measuredRanks: Ranks | undefined;
  readonly history: RunHistory | undefined;
  /** Makes what keeps what the run does; `undefined` where nobody does. */
  readonly keeping: ((run: KeepingRun) => Keeping) | undefined;
  readonly onFailure: 'fail-fast' | 'continue';
  readonly timeout: number | undefined;
  readonly gracePeriod: number;
  /** How long, in ms, steps that only abandoned bodies keep from starting wait once nothing else is under way. */
  readonly abandonedWait: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly token: CancellationToken | undefined;
  readonly signal: AbortSignal | undefined;
}
