import { hintInBrackets } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { KeepingOptions, RunToKeep } from '../run/run-store.ts';

/** A run that is kept, and how. */
export interface KeptTerms extends RunToKeep {
  readonly resume: Resume;
  readonly onStoreError: 'fail' | 'warn';
}

/** How a run goes on that is known already. */
interface Resume {
  /** Whether steps may have changed. */
  readonly isLenient: boolean;
  /** The steps that are done again in any case. */
  readonly from: readonly string[];
}

/** Reads how a run goes on; what can't be used is noted with the checker. */
export function readResume(
  checker: OptionChecker,
  { graph }: Blueprint,
  resume: KeepingOptions['resume'],
): Resume {
  if (resume === undefined || resume === 'same') return { isLenient: false, from: [] };
  if (resume === 'compatible') return { isLenient: true, from: [] };
  const expected = "'same', 'compatible' or { from: [ids] }";
  if (!checker.record('resume', resume, expected)) return { isLenient: false, from: [] };
  checker.knownKeys('resume.', resume, ['from']);
  const { from } = resume as { readonly from?: unknown };
  if (!Array.isArray(from)) {
    checker.fail('resume.from', 'a list of ids of steps', from);
    return { isLenient: true, from: [] };
  }
  for (const [at, id] of from.entries()) {
    if (typeof id === 'string' && graph.has(id)) continue;
    const hint = hintInBrackets(id, graph.ids);
    checker.fail(`resume.from[${String(at)}]`, `the id of a step of the workflow${hint}`, id);
  }
  return { isLenient: true, from: from as readonly string[] };
}
