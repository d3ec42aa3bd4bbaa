import { OptionChecker } from '../base/option-checker.ts';
import type { Need } from '../definition/handle.ts';
import type { Workflow } from '../workflow.ts';
import type { Law } from './law.ts';
import { LawBrokenError } from './law-broken-error.ts';
import { checkLaws } from './laws.ts';
import type { Recording } from './recording.ts';
import { runInVirtualTime, type VirtualRunOptions } from './virtual-time.ts';

/** What laws are checked, and in what run. */
export type LawfulOptions<Needs extends Need = Need> = VirtualRunOptions<Needs> & {
  /** Laws of your own, beside those of every run. @defaultValue none */
  readonly laws?: readonly Law[] | undefined;
  /** Whether the workflow is run twice, to see that the same happens. Your own functions are then called twice. @defaultValue true */
  readonly deterministic?: boolean | undefined;
};

/** The arguments of a check: where inputs are needed, the options are too. */
export type LawfulArguments<Needs extends Need> = [Needs] extends [never]
  ? [options?: LawfulOptions<Needs>]
  : string extends Needs[0]
    ? [options?: LawfulOptions<Needs>]
    : [options: LawfulOptions<Needs>];

/**
 * Runs a workflow in virtual time, as {@link runInVirtualTime} does, and checks that the run breaks none of the
 * {@link laws}, nor of those given; gives the recording.
 *
 * @throws LawBrokenError, as a rejection, naming every violation
 * @throws what `runInVirtualTime` rejects with
 * @example
 * ```ts
 * await expectLawful(flights, {
 *   inputs: { path: 'flights.parquet' },
 *   durations: () => '1s',
 *   laws: [law('takes less than a minute', ({ metrics }) => metrics.totalMs < 60_000)],
 * });
 * ```
 */
export async function expectLawful<Outputs, Needs extends Need>(
  workflow: Workflow<Outputs, Needs>,
  ...[options]: LawfulArguments<Needs>
): Promise<Recording> {
  const { laws, deterministic, ...rest } = (options ?? {}) as LawfulOptions;
  const checker = new OptionChecker();
  if (laws !== undefined && !(Array.isArray(laws) && laws.every(isLaw)))
    checker.fail('laws', 'a list of laws made by law()', laws);
  checker.flag('deterministic', deterministic);
  checker.throwIfAny('expectLawful');
  const anyWorkflow = workflow as unknown as Workflow;
  const recording = await runInVirtualTime(anyWorkflow, rest);
  checkLaws(recording, laws);
  if (deterministic !== false) {
    const difference = firstDifference(recording, await runInVirtualTime(anyWorkflow, rest));
    if (difference !== undefined)
      throw new LawBrokenError(workflow.name, [{ law: 'deterministic', message: difference }]);
  }
  return recording;
}

function isLaw(value: unknown): value is Law {
  const { name, check } = (value ?? {}) as Partial<Law>;
  return typeof name === 'string' && typeof check === 'function';
}

/** The first event in which two runs differ. */
function firstDifference(first: Recording, second: Recording): string | undefined {
  const stories = [first, second].map(({ events }) =>
    events.map(
      (event) => `${event.type}${'stepId' in event ? ` of '${event.stepId}'` : ''} at ${String(event.at)} ms`,
    ),
  );
  const [once = [], again = []] = stories;
  const place = once.findIndex((line, index) => line !== again[index]);
  if (place === -1 && once.length === again.length) return undefined;
  const where = place === -1 ? once.length : place;
  return `the same run went another way the second time: event ${String(where + 1)} was ${once[where] ?? 'none'}, then ${again[where] ?? 'none'}`;
}
