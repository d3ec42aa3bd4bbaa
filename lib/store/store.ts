import { clockOf } from '../base/clock.ts';
import { InvalidOptionsError, type OptionProblem } from '../base/errors.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import { Keeping } from '../engine/keeping.ts';
import type { EventLog } from '../node/event-log.ts';
import {
  type KeepingMaker,
  type KeepingOptions,
  type KeepingSource,
  keeping,
  type RunStore,
} from '../run/run-store.ts';
import type { StoreBackend } from './backend.ts';
import { diffIn, type RunDifference } from './diff.ts';
import { digestOf, digestOrUndefined } from './digest.ts';
import { type GcOptions, type GcReport, gcOf } from './gc.ts';
import { type KeptTerms, readResume } from './read-resume.ts';
import { runIdFault } from './run-id.ts';
import { RunKeeper } from './run-keeper.ts';
import { eventsIn, noEvents } from './stored-events.ts';
import { journalOf, lastGo } from './stored-journal.ts';
import { knownRun, type StoredRunDetails } from './stored-run-details.ts';
import { runsIn, type StoredRunInfo } from './stored-runs.ts';
import { Unstorable } from './unstorable.ts';
import { type StepExplanation, whyIn } from './why.ts';

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

  /** @hidden */
  readonly [keeping]: KeepingSource = {
    keepingOf: (checker, blueprint, options) => this.#keepingOf(checker, blueprint, options),
  };

  /** What runs there are, the one that changed last first. */
  runs(): Promise<readonly StoredRunInfo[]> {
    return runsIn(this.backend);
  }

  /**
   * How a run stands, and each of its steps: status, attempts, durations, where outputs came from and how large they are.
   *
   * Reads its journal and its events, without taking it; a run that goes on may be looked at. Rejects with an `UnknownRunError`.
   *
   * @example
   * ```ts
   * const { status, steps } = await store.show('nightly');
   * console.log(status, steps.filter(({ status }) => status === 'failed'));
   * ```
   */
  async show(runId: string): Promise<StoredRunDetails> {
    return (await knownRun(this.backend, runId)).details;
  }

  /**
   * Why a step ran, was restored or was found in the cache when its run was last gone on with: which of the things differ that its result is
   * found by, and from which run; or what the run had come to when it stopped.
   *
   * Reads the journals of all runs of the workflow. Rejects with an `UnknownRunError` or an `UnknownStepError`.
   *
   * @example
   * ```ts
   * const { reasons } = await store.why('nightly', 'table');
   * for (const { message } of reasons) console.log(message);
   * ```
   */
  why(runId: string, stepId: string): Promise<StepExplanation> {
    return whyIn(this.backend, runId, stepId);
  }

  /**
   * What has happened in a run since a process took it last: a log as `readJsonLines` gives it, for `htmlReport`, `replay` and all pictures.
   *
   * Rejects with an `UnknownRunError`, and with an `EventLogError` where nothing is kept of what happened.
   *
   * @see {@link Store.goes} for what happened before
   * @example
   * ```ts
   * await writeFile('nightly.html', htmlReport(await store.events('nightly')));
   * ```
   */
  async events(runId: string): Promise<EventLog> {
    const last = (await this.goes(runId)).at(-1);
    if (last === undefined) throw noEvents(this.backend, runId);
    return last;
  }

  /**
   * What has happened in a run, a log for each process that was at it, in order; empty where nothing is kept of it.
   *
   * Each counts its events anew. Rejects with an `UnknownRunError`.
   */
  async goes(runId: string): Promise<readonly EventLog[]> {
    const { workflow } = lastGo(await journalOf(this.backend, runId)).head;
    return eventsIn(this.backend, runId, workflow);
  }

  /**
   * How two runs differ: workflow, versions and inputs, and of each step how it fared and whether its output is the same.
   *
   * Rejects with an `UnknownRunError`.
   */
  diff(leftId: string, rightId: string): Promise<RunDifference> {
    return diffIn(this.backend, leftId, rightId);
  }

  /**
   * Asks the process that is at a run to cancel it, which it does at its next heartbeat; false where nobody is at it.
   *
   * Rejects with an `UnknownRunError`.
   *
   * @param reason - what the run is told as the reason
   */
  async cancel(runId: string, reason = 'cancelled on request'): Promise<boolean> {
    if (await this.backend.requestCancel(runId, reason)) return true;
    await journalOf(this.backend, runId);
    return false;
  }

  /**
   * Removes what is too old or too much: runs, then cached results, then large values that nothing names any more. With no options only those
   * last.
   *
   * A run that somebody holds stays, and so does what was put or used within ten minutes. Reads all journals.
   *
   * @throws InvalidOptionsError where an option can't be used
   * @example
   * ```ts
   * const { runs, bytes } = await store.gc({ olderThan: '30d', maxBytes: '2GiB', keep: 10 });
   * ```
   */
  async gc(options: GcOptions = {}): Promise<GcReport> {
    return gcOf(this.backend, options, clockOf(undefined).now());
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

  #keepingOf(checker: OptionChecker, blueprint: Blueprint, options: KeepingOptions): KeepingMaker {
    const resume = readResume(checker, blueprint, options.resume);
    const onStoreError = checker.oneOf('onStoreError', options.onStoreError, ['fail', 'warn']) ?? 'fail';
    return (terms) => {
      const keeper = this.#keeperOf({ ...terms, resume, onStoreError });
      return (run) => new Keeping(keeper, run);
    };
  }

  #keeperOf(terms: KeptTerms): RunKeeper {
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
}
