import { clockOf } from '../base/clock.ts';
import { InvalidOptionsError, type OptionProblem } from '../base/errors.ts';
import type { Keeper } from '../engine/keeper.ts';
import { keeping, type RunStore, type RunToKeep } from '../run/run-store.ts';
import type { StoreBackend } from './backend.ts';
import { digestOf, digestOrUndefined } from './digest.ts';
import { runIdFault } from './run-id.ts';
import { RunKeeper } from './run-keeper.ts';
import { runsIn, type StoredRunInfo } from './stored-runs.ts';
import { Unstorable } from './unstorable.ts';

/**
 * Where runs are kept, so that they can go on, and results, so that they needn't be found again. Made by `fileStore`, `sqliteStore` or
 * `memoryStore`; `new Store(backend)` is for backends of your own.
 *
 * One store serves any number of runs, at once and one after the other.
 *
 * @example
 * ```ts
 * const store = fileStore('.millrace');
 * const { report } = await flights.run({ inputs: { path }, store, runId: 'nightly' }).result();
 * ```
 */
export class Store implements RunStore, AsyncDisposable {
  /** @internal */
  readonly backend: StoreBackend;

  constructor(backend: StoreBackend) {
    this.backend = backend;
  }

  /** What messages call it, as in `fileStore('.millrace')`. */
  get name(): string {
    return this.backend.name;
  }

  /** @internal */
  [keeping](terms: RunToKeep): Keeper {
    const { settings, blueprint } = terms;
    const problems: OptionProblem[] = [];
    const expected = runIdFault(settings.runId);
    if (expected !== undefined) problems.push({ option: 'runId', expected, value: settings.runId });
    const inputs: Record<string, string> = {};
    for (const [at, { name }] of blueprint.inputs.entries()) {
      const value = settings.inputs[at];
      try {
        inputs[name] = digestOf(value);
      } catch (error) {
        if (!(error instanceof Unstorable)) throw error;
        problems.push({
          option: `inputs.${name}`,
          expected: `a value that can be stored, so that the run can be known again (${error.path === '' ? 'this is' : `at '${error.path}' is`} ${error.part})`,
          value,
        });
      }
    }
    if (problems.length > 0) throw new InvalidOptionsError(`run of workflow '${blueprint.name}'`, problems);
    const given: Record<string, string | null> = {};
    for (const [path, output] of settings.given) given[path] = digestOrUndefined(output) ?? null;
    return new RunKeeper(this.backend, terms, { inputs, given }, () => clockOf(undefined).now());
  }

  /** What runs there are, the one that changed last first. */
  runs(): Promise<readonly StoredRunInfo[]> {
    return runsIn(this.backend);
  }

  /**
   * Removes a run, so that one of the same id begins anew. Nothing happens where there is none. What its outputs were may stay
   * until `gc`.
   *
   * Rejects with a `RunHeldError` where a process is at it.
   */
  async remove(runId: string): Promise<void> {
    await this.backend.removeRun(runId);
  }

  /** Lets go of what the store has open. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend.close();
  }
}
