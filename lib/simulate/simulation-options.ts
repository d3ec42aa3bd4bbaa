import type { Limits } from '../admission/limits.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { RunSettings } from '../engine/run-settings.ts';
import type { Plan } from '../run/plan.ts';
import { readRunOptions } from '../run/run-options.ts';
import { type Durations, readDurations, type StepDurations, unfoldingBy } from './durations.ts';
import { type Fate, type FateOptions, fateNames, readFate, readItems } from './fate.ts';
import { Parts } from './parts.ts';

/**
 * What happens where several steps end at one instant: `'in-turn'`, the first one's resources are given out before the
 * second has ended, as in a run, which hears of ends one by one; `'together'`, all are given back before any step
 * starts, as textbooks have it. Durations that are never quite equal make no difference.
 */
export type Simultaneous = 'in-turn' | 'together';

/** Under what conditions a workflow is simulated or planned. `undefined` is always absent. */
export interface Conditions extends FateOptions {
  /** As for a run. @defaultValue the environment's, else what the machine offers */
  readonly limits?: Limits | undefined;
  /** As for a run. @defaultValue `MILLRACE_CONCURRENCY`, else no limit */
  readonly concurrency?: number | undefined;
  /** As for a run. @defaultValue 64 */
  readonly maxOvertakes?: number | undefined;
  /** What happens where steps end at one instant. @defaultValue `'in-turn'` */
  readonly simultaneous?: Simultaneous | undefined;
  /** How long the steps take. @defaultValue their estimates, 1 ms without one */
  readonly durations?: Durations | undefined;
}

/** What a simulation may say. `undefined` is always absent. */
export interface SimulationOptions extends Conditions {
  /** As for a run. @defaultValue by priority, remaining path and order of definition */
  readonly plan?: Plan | undefined;
  /**
   * How many times to draw the durations that aren't certain and to simulate them, for `percentiles`.
   *
   * @defaultValue 0, which gives no percentiles
   */
  readonly trials?: number | undefined;
  /** A whole number; equal seeds draw equal durations. @defaultValue 1 */
  readonly seed?: number | undefined;
}

/** Conditions, read. */
export interface ReadConditions {
  readonly parts: Parts;
  readonly fate: Fate;
  readonly settings: RunSettings;
  readonly durations: StepDurations;
  readonly simultaneous: Simultaneous;
}

const conditionNames = ['limits', 'concurrency', 'maxOvertakes', 'simultaneous', 'durations', ...fateNames];

/**
 * Reads conditions; what else an option object may hold is read by `more`.
 *
 * @throws InvalidOptionsError naming every option that can't be used
 */
export function readConditions<More>(
  owner: string,
  blueprint: Blueprint,
  options: Conditions & { readonly plan?: Plan | undefined },
  moreNames: readonly string[],
  more: (checker: OptionChecker) => More,
): ReadConditions & { readonly more: More } {
  const checker = new OptionChecker();
  if (!checker.record('options', options)) checker.throwIfAny(owner);
  checker.knownKeys('', options, [...conditionNames, ...moreNames]);
  const items = readItems(checker, options.items);
  const parts = new Parts(blueprint, unfoldingBy(options.durations, items));
  const fate = readFate(checker, parts, options);
  const durations = readDurations(checker, parts, options.durations, items);
  const simultaneous =
    checker.oneOf('simultaneous', options.simultaneous, ['in-turn', 'together']) ?? 'in-turn';
  const read = more(checker);
  checker.throwIfAny(owner);
  const { limits, concurrency, maxOvertakes, plan } = options;
  const settings = readRunOptions(blueprint, {}, { limits, concurrency, maxOvertakes, plan }, false);
  return { parts, fate, settings, durations, simultaneous, more: read };
}
