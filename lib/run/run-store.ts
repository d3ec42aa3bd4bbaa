import type { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { Version } from '../definition/cache-option.ts';
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
  /** @internal Reads how the run is to be kept; what can't be used is noted with the checker. */
  readonly keepingOf: (checker: OptionChecker, blueprint: Blueprint, options: KeepingOptions) => KeepingMaker;
}

/** What is said of how a run is kept. */
export interface KeepingOptions {
  readonly resume?: 'same' | 'compatible' | { readonly from: readonly string[] } | undefined;
  readonly onStoreError?: 'fail' | 'warn' | undefined;
}

/** A run that is about to be made. */
export interface RunToKeep {
  readonly blueprint: Blueprint;
  /** That of the workflow. */
  readonly version: Version | undefined;
  readonly settings: RunSettings;
}

/** Makes what keeps a run, once all else has been read. */
export type KeepingMaker = (run: RunToKeep) => NonNullable<RunSettings['keeping']>;

/** Reads what is said of the store, which reads the rest. */
export function readKeeping(
  checker: OptionChecker,
  blueprint: Blueprint,
  { store, ...options }: KeepingOptions & { readonly store?: RunStore | undefined },
): KeepingMaker | undefined {
  if (store === undefined) {
    const { resume, onStoreError } = options;
    if (resume !== undefined)
      checker.fail('resume', "absent, since there is no 'store' to resume from", resume);
    if (onStoreError !== undefined)
      checker.fail('onStoreError', "absent, since there is no 'store'", onStoreError);
    return undefined;
  }
  if (!isStore(store)) return checker.fail('store', 'a store, as fileStore() of millrace/store makes', store);
  return store[keeping].keepingOf(checker, blueprint, options);
}

function isStore(value: unknown): value is RunStore {
  return typeof value === 'object' && value !== null && (value as Partial<RunStore>)[keeping] !== undefined;
}
