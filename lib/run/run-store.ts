import { nearestName } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { Version } from '../definition/cache-option.ts';
import type { Keeping, KeepingRun } from '../engine/keeping.ts';
import type { RunSettings } from '../engine/run-settings.ts';

/** Under this name a store has what gives a run what keeps it. */
export const keeping = Symbol.for('millrace.keeping');

/** Where runs are kept: made by `fileStore`, `sqliteStore` or `memoryStore` of `millrace/store`. */
export interface RunStore {
  /** What messages call it. */
  readonly name: string;
  /** @hidden */
  readonly [keeping]: KeepingSource;
}

/** Who makes what keeps a run. What that takes and gives is the engine's, and isn't part of what is declared to users. */
export interface KeepingSource {
  /** @internal */
  readonly keepingOf: (run: RunToKeep) => (run: KeepingRun) => Keeping;
}

/** A run that is about to be made. */
export interface RunToKeep {
  readonly blueprint: Blueprint;
  /** That of the workflow. */
  readonly version: Version | undefined;
  readonly settings: RunSettings;
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

interface KeepingOptions {
  readonly store?: RunStore | undefined;
  readonly resume?: 'same' | 'compatible' | { readonly from: readonly string[] } | undefined;
  readonly onStoreError?: 'fail' | 'warn' | undefined;
}

/** Reads what is said of the store; gives what asks it for what keeps the run, once all else has been read. */
export function readKeeping(
  checker: OptionChecker,
  blueprint: Blueprint,
  { store, resume, onStoreError }: KeepingOptions,
): ((run: Omit<RunToKeep, 'resume' | 'onStoreError'>) => RunSettings['keeping']) | undefined {
  const read = readResume(checker, blueprint, resume);
  const onError = checker.oneOf('onStoreError', onStoreError, ['fail', 'warn']) ?? 'fail';
  if (store === undefined) {
    if (resume !== undefined)
      checker.fail('resume', "absent, since there is no 'store' to resume from", resume);
    if (onStoreError !== undefined)
      checker.fail('onStoreError', "absent, since there is no 'store'", onStoreError);
    return undefined;
  }
  if (!isStore(store)) {
    checker.fail('store', 'a store, as fileStore() of millrace/store makes', store);
    return undefined;
  }
  return (run) => store[keeping].keepingOf({ ...run, resume: read, onStoreError: onError });
}

function isStore(value: unknown): value is RunStore {
  return typeof value === 'object' && value !== null && (value as Partial<RunStore>)[keeping] !== undefined;
}

function readResume(checker: OptionChecker, { graph }: Blueprint, resume: KeepingOptions['resume']): Resume {
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
    const meant = typeof id === 'string' ? nearestName(id, graph.ids) : undefined;
    const hint = meant === undefined ? '' : ` (did you mean '${meant}'?)`;
    checker.fail(`resume.from[${String(at)}]`, `the id of a step of the workflow${hint}`, id);
  }
  return { isLenient: true, from: from as readonly string[] };
}
