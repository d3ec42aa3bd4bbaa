// Long because it is all that a run asks of its store, in one order: taken, recalled, written, let go of.
import { messageOf } from '../base/inspect.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { RunOutcome } from '../definition/step-options.ts';
import type {
  Answer,
  AskedStep,
  CacheKey,
  Choice,
  Keeper,
  Kept,
  KeptOutput,
  KeptRun,
  Loaded,
  Opening,
  Recalled,
  RecalledGraph,
} from '../engine/keeper.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RunToKeep } from '../run/run-store.ts';
import { ask } from './ask.ts';
import type { OpenedRun, StoreBackend } from './backend.ts';
import { type Encoded, encodeValue } from './codec.ts';
import { digestOfValue, digestOrUndefined } from './digest.ts';
import { EventSink } from './event-sink.ts';
import { contentsOf } from './file-contents.ts';
import { describeGraph, differencesOf, infoText, type StepDescription } from './graph-description.ts';
import { Journal } from './journal.ts';
import {
  doneLine,
  type Head,
  type JournalRecord,
  journalFormat,
  type OutputRecord,
  parseRecord,
  recordLine,
} from './journal-record.ts';
import { JournalState } from './journal-state.ts';
import { inlineOutput, inlineRecord, isShort, objectRecord, outputOfObject } from './outputs.ts';
import { KeptOutputRecord, recallGraph, renewalOf } from './recall.ts';
import { isStill, keyOf, type ResultKey, readResult, resultBytes } from './result-cache.ts';
import { ofSteps, type ResumeDifference, ResumeMismatchError } from './resume-mismatch-error.ts';
import { putShared } from './shared-objects.ts';
import { type AncestorsOf, ancestorsAmong } from './step-paths.ts';
import { StoreError, StoreFormatError } from './store-errors.ts';
import { Unstorable } from './unstorable.ts';

/** What is known of a run before it is taken. */
export interface RunIdentity {
  readonly inputs: Readonly<Record<string, string>>;
  readonly given: Readonly<Record<string, string | null>>;
}

/** So many objects may be on their way to the store before somebody has to wait. */
const mostPending = 256;
/** So many lines may wait for a sync before somebody has to wait. */
const longestBacklog = 10_000;

/** Keeps a run in a store: the journal, what is too long for it, cached results, and what happens. */
export class RunKeeper implements Keeper {
  readonly #backend: StoreBackend;
  readonly #terms: RunToKeep;
  readonly #identity: RunIdentity;
  readonly #now: () => number;
  readonly #ancestorsOf: AncestorsOf;
  readonly #state: JournalState;
  #run!: KeptRun;
  #opened: OpenedRun | undefined;
  #journal!: Journal;
  #events: EventSink | undefined;
  /** Whether the run had come to its end with all of its outputs: nothing can be undone then. */
  #hadCompleted = false;
  /** Results for others, by the path of their step, that are theirs once the run has completed. */
  readonly #offered = new Map<string, { readonly key: ResultKey; readonly output: OutputRecord }>();
  /** What is under way beside the journal, and what waits for that. */
  #pending = 0;
  #whenDone: (() => void) | undefined;
  #hasFailed = false;
  /** What was told once need not be told again. */
  readonly #told = new Set<string>();
  readonly #problems: string[] = [];

  /** @param now - epoch time in ms, whatever the clock of the run says */
  constructor(backend: StoreBackend, terms: RunToKeep, identity: RunIdentity, now: () => number) {
    this.#backend = backend;
    this.#terms = terms;
    this.#identity = identity;
    this.#now = now;
    this.#ancestorsOf = ancestorsAmong(terms.blueprint.graph.ids);
    this.#state = new JournalState(this.#ancestorsOf);
  }

  // Taken.

  get epoch(): number {
    return this.#opened?.epoch ?? 1;
  }

  open(run: KeptRun, opened: (opening: Opening) => void): void {
    this.#run = run;
    const { runId } = this.#terms.settings;
    this.#ask(
      () =>
        this.#backend.openRun(runId, {
          cancelRequested: (reason) => {
            run.cancel(reason);
          },
          displaced: (by) => {
            const why = `${by} has taken it, as this process had given no sign for too long`;
            run.fail(new StoreError(this.#backend.name, `go on with run '${runId}'`, why));
          },
        }),
      (held) => {
        this.#opened = held;
        this.#read(held, opened);
      },
      (error) => {
        this.#journal = new Journal(nowhere, run.wake.bind(run), () => undefined);
        this.#journal.giveUp();
        if (!(error instanceof StoreError) || this.#terms.onStoreError === 'fail') {
          opened({ refused: error });
          return;
        }
        this.#hasFailed = true;
        this.#told.add(cacheUnreadable);
        opened({ isResumed: false });
        run.warn('', `the run isn't kept: ${error.message}`, error);
      },
    );
  }

  #read(held: OpenedRun, opened: (opening: Opening) => void): void {
    const run = this.#run;
    this.#journal = new Journal(held, run.wake.bind(run), (error) => {
      this.#failed(error);
    });
    this.#problems.push(...held.problems);
    for (const [at, line] of held.lines.entries()) {
      const record = parseRecord(line);
      if (record === undefined)
        this.#problems.push(`line ${String(at + 1)} says nothing that is known, and is passed over`);
      else this.#state.apply(record);
    }
    const before = this.#state.head;
    this.#hadCompleted = this.#state.outcome === 'completed';
    const goOn = (): void => {
      this.#noteHead(held.epoch);
      this.#events = new EventSink(run, held);
      this.#events.begin(infoText(this.#terms.blueprint.info).digest, this.#now());
      opened({ isResumed: before !== undefined });
      for (const problem of this.#problems) run.warn('', `in ${this.#backend.name}: ${problem}`);
    };
    if (before === undefined) {
      goOn();
      return;
    }
    this.#compare(before, (refused) => {
      if (refused === undefined) {
        goOn();
        return;
      }
      this.#journal.giveUp();
      this.#release(held, () => {
        opened({ refused });
      });
    });
  }

  #noteHead(epoch: number): void {
    const { blueprint, version, settings } = this.#terms;
    const graph = describeGraph(blueprint);
    const info = infoText(blueprint.info);
    const head: Head = {
      format: journalFormat,
      runId: settings.runId,
      workflow: blueprint.name,
      workflowVersion: version,
      graph: graph.digest,
      info: info.digest,
      inputs: this.#identity.inputs,
      given: this.#identity.given,
      startedAt: this.#now(),
      epoch,
    };
    for (const { digest, text } of [graph, info])
      this.#beside(
        () => putShared(this.#backend, digest, () => new TextEncoder().encode(text), head.startedAt),
        () => undefined,
        (error) => {
          this.#failed(error);
        },
      );
    this.#journal.add(recordLine(['run', head]));
    this.#state.head = head;
  }

  /** How the run has changed since it was taken last, and what of it has to be done again for that. */
  #compare(before: Head, compared: (refused: Error | undefined) => void): void {
    const { blueprint, version, settings, resume } = this.#terms;
    const { runId } = settings;
    if (before.format > journalFormat) {
      compared(new StoreFormatError(this.#backend.name, `run '${runId}'`, before.format, journalFormat));
      return;
    }
    const others = this.#differencesOfInputs(before);
    if (before.workflow !== blueprint.name)
      others.unshift({ subject: 'workflow', what: `was '${before.workflow}' and is '${blueprint.name}'` });
    if (others.length > 0) {
      const remedy =
        'A runId stands for one workflow with its inputs: take another one, or give it what it was given before';
      compared(new ResumeMismatchError(runId, others, remedy));
      return;
    }
    const isOtherVersion = before.workflowVersion !== version;
    const now = describeGraph(blueprint);
    const decide = (steps: readonly StepDescription[] | undefined): void => {
      const differences = steps === undefined || steps === now.steps ? [] : differencesOf(steps, now.steps);
      const told = ofSteps(differences);
      if (isOtherVersion)
        told.unshift({
          subject: 'workflow',
          what: `had version ${shown(before.workflowVersion)} and has ${shown(version)}`,
        });
      if (steps === undefined)
        told.push({ subject: 'workflow', what: 'has changed, and what it was is no longer known' });
      if (told.length > 0 && !resume.isLenient) {
        const remedy =
          "With resume: 'compatible' what has changed, and what depends on it, is done again; with another runId everything is";
        compared(new ResumeMismatchError(runId, told, remedy));
        return;
      }
      const all =
        isOtherVersion || steps === undefined ? blueprint.graph.ids : differences.map(({ stepId }) => stepId);
      const given = this.#givenAnew(before);
      const aroundGiven = new Set([...given].flatMap((path) => this.#ancestorsOf(path)));
      this.#renew(renewalOf(blueprint, { changed: new Set([...all, ...resume.from]), given, aroundGiven }));
      compared(undefined);
    };
    if (before.graph === now.digest) {
      decide(now.steps);
      return;
    }
    this.#ask(
      () => this.#backend.getObject('blob', before.graph),
      (bytes) => {
        decide(bytes === undefined ? undefined : stepsIn(bytes));
      },
      (error) => {
        compared(error as Error);
      },
    );
  }

  #differencesOfInputs(before: Head): ResumeDifference[] {
    const names = new Set([...Object.keys(before.inputs), ...Object.keys(this.#identity.inputs)]);
    return [...names]
      .filter((name) => before.inputs[name] !== this.#identity.inputs[name])
      .map((name) => ({ subject: `inputs.${name}`, what: 'is another value than before' }));
  }

  /** The steps whose output is given and isn't what it was, or was given and no longer is. */
  #givenAnew(before: Head): Set<string> {
    const { given } = this.#identity;
    const changed = new Set<string>();
    for (const path of new Set([...Object.keys(before.given), ...Object.keys(given)])) {
      const was = Object.hasOwn(before.given, path) ? before.given[path] : this.#digestOfKept(path);
      // What has no digest may be anything.
      if (typeof was !== 'string' || was !== given[path]) changed.add(path);
    }
    return changed;
  }

  #renew(records: readonly JournalRecord[]): void {
    for (const record of records) {
      this.#state.apply(record);
      this.#journal.add(recordLine(record));
    }
  }

  #digestOfKept(path: string): string | undefined {
    const output = this.#state.outputOf(path)?.output;
    if (output === undefined || output.o !== undefined) return undefined;
    try {
      return digestOfValue(inlineOutput(output));
    } catch {
      return undefined;
    }
  }

  // Recalled.

  recall(graph: RecalledGraph, recalled: (recalled: Recalled) => void): void {
    if (this.#state.size === 0) {
      recalled({ kept: new Map(), again: new Set() });
      return;
    }
    const { kept, again, renewed } = recallGraph(this.#state, graph, this.#hadCompleted);
    for (const record of renewed) this.#journal.add(recordLine(record));
    const withFiles = [...kept].filter(([, { record }]) => record.output.f !== undefined);
    if (withFiles.length === 0) {
      recalled({ kept, again });
      return;
    }
    this.#ask(
      () =>
        Promise.all(
          withFiles.map(async ([step, { record }]) => [step, await areThere(record.output)] as const),
        ),
      (all) => {
        for (const [step, isThere] of all) if (!isThere) kept.delete(step);
        recalled({ kept, again });
      },
      () => {
        recalled({ kept, again });
      },
    );
  }

  load(kept: readonly Kept[], loaded: (outputs: readonly (Loaded | undefined)[]) => void): void {
    const outputs = new Array<Loaded | undefined>(kept.length).fill(undefined);
    let open = 1;
    const oneDone = (): void => {
      if (--open === 0) loaded(outputs);
    };
    for (const [at, one] of kept.entries()) {
      if (!(one instanceof KeptOutputRecord)) continue;
      open++;
      this.#fetch(one.path, one.record.output, (output) => {
        outputs[at] = output;
        oneDone();
      });
    }
    oneDone();
  }

  #fetch(path: string, record: OutputRecord, fetched: (output: Loaded | undefined) => void): void {
    const lost = (error: unknown): void => {
      this.#run.warn(
        path,
        `what step '${path}' had come to can't be read, and is made again: ${messageOf(error)}`,
        error,
      );
      fetched(undefined);
    };
    if (record.o === undefined) {
      let output: unknown;
      try {
        output = inlineOutput(record);
      } catch (error) {
        lost(error);
        return;
      }
      fetched({ output });
      return;
    }
    const name = record.o;
    this.#ask(
      () => this.#backend.getObject('blob', name),
      (bytes) => {
        let output: unknown;
        try {
          if (bytes === undefined) throw new Error(`'${name}' isn't in ${this.#backend.name}`);
          output = outputOfObject(name, bytes);
        } catch (error) {
          lost(error);
          return;
        }
        fetched({ output });
      },
      lost,
    );
  }

  recallChild(path: string, item: unknown): Kept | undefined {
    const record = this.#state.outputOf(path);
    if (record?.output.i === undefined || this.#state.isUndone(path)) return undefined;
    if (record.output.u === 1 && !this.#hadCompleted) return undefined;
    if (record.output.f !== undefined || record.output.i !== digestOrUndefined(item)) return undefined;
    // What it holds is asked for once.
    this.#state.drop(path);
    return new KeptOutputRecord(path, record);
  }

  choiceOf(path: string): Choice | undefined {
    return this.#state.choiceOf(path);
  }

  // Written.

  keep(kept: KeptOutput, done: () => void): void {
    this.#write(kept, done);
  }

  keepLater(kept: KeptOutput): boolean {
    if (this.#pending >= mostPending || this.#journal.backlog >= longestBacklog) return false;
    this.#write(kept, undefined);
    return true;
  }

  #write(kept: KeptOutput, done: (() => void) | undefined): void {
    if (this.#journal.isGivenUp) {
      done?.();
      return;
    }
    const { path, definition, output, item, hasUndoing, isCached } = kept;
    const madeOf = item === undefined ? undefined : this.#digestOfNewItem(kept, item.value);
    const rest =
      madeOf === undefined && !hasUndoing && !isCached ? nothing : restOf(madeOf, hasUndoing, isCached);
    const encoded = definition.settings.checkpoint ? this.#encode(path, output) : undefined;
    if (encoded === undefined) {
      this.#done(path, rest, done);
      return;
    }
    const key = isCached ? undefined : (kept.key as KeptKey | undefined)?.key;
    if (encoded.files.length === 0 && isShort(encoded)) {
      if (encoded.json === undefined) this.#done(path, { ...inlineRecord(encoded), ...rest }, done);
      else
        this.#journal.add(
          doneLine(path, this.#run.now, encoded.json, rest === nothing ? undefined : rest),
          done,
        );
      if (key !== undefined) this.#offer(kept, key, inlineRecord(encoded));
      return;
    }
    this.#writeLong(kept, encoded, rest, key, done);
  }

  /** Beside the line: the object comes first, so that no line tells of what isn't there. */
  #writeLong(
    kept: KeptOutput,
    encoded: Encoded,
    rest: OutputRecord,
    key: ResultKey | undefined,
    done: (() => void) | undefined,
  ): void {
    const { path } = kept;
    const finish = (record: OutputRecord): void => {
      this.#done(path, { ...record, ...rest }, done);
      if (key !== undefined) this.#offer(kept, key, record);
    };
    const withFiles = (record: OutputRecord): void => {
      if (encoded.files.length === 0) {
        finish(record);
        return;
      }
      this.#beside(
        () =>
          Promise.all(
            encoded.files.map(async (named) => [named.path, (await contentsOf(named.path)).digest] as const),
          ),
        (f) => {
          finish({ ...record, f });
        },
        (error) => {
          this.#run.warn(
            path,
            `the output of step '${path}' isn't kept, as a file that it names can't be read: ${messageOf(error)}`,
            error,
          );
          this.#done(path, rest, done);
        },
      );
    };
    if (isShort(encoded)) {
      withFiles(inlineRecord(encoded));
      return;
    }
    const { name, bytes, record } = objectRecord(encoded);
    this.#beside(
      () => this.#backend.putObject('blob', name, bytes),
      () => {
        withFiles(record);
      },
      (error) => {
        this.#failed(error);
        done?.();
      },
    );
  }

  #done(path: string, output: OutputRecord, done: (() => void) | undefined): void {
    this.#journal.add(recordLine(['done', path, this.#run.now, output]), done);
  }

  #encode(path: string, output: unknown): Encoded | undefined {
    try {
      return encodeValue(output);
    } catch (error) {
      const why = error instanceof Unstorable ? error.told(`the output of step '${path}'`) : messageOf(error);
      const remedy =
        "the step runs again where the run is resumed and somebody needs it. 'checkpoint: false' says that this is meant";
      this.#warnOnce(`output of ${identityOf(path)}`, path, `${why}; ${remedy}`);
      return undefined;
    }
  }

  /** Without one, a child can't be known again. */
  #digestOfNewItem({ path, definition }: KeptOutput, item: unknown): string | undefined {
    try {
      return digestOfValue(item);
    } catch (error) {
      const subject = `items of ${identityOf(path)}`;
      if (definition.settings.checkpoint && !this.#told.has(subject)) {
        const why = error instanceof Unstorable ? error.told(`the item of '${path}'`) : messageOf(error);
        const parent = path.slice(0, path.lastIndexOf('['));
        this.#warnOnce(
          subject,
          path,
          `children of step '${parent}' can't be known again, and run again where the run is resumed: ${why}`,
        );
      }
      return undefined;
    }
  }

  noteChoice(path: string, choice: Choice): void {
    this.#journal.add(recordLine(['choice', path, choice]));
  }

  noteFailure(path: string): void {
    this.#journal.add(recordLine(['failed', path]));
  }

  blockOpened(path: string, blueprint: Blueprint): void {
    const { digest } = describeGraph(blueprint);
    if (this.#state.blockOf(path) === digest) return;
    this.#state.apply(['block', path, digest]);
    this.#journal.add(recordLine(['block', path, digest]));
  }

  forgetWithin(path: string): void {
    this.#state.apply(['again-within', path]);
    this.#journal.add(recordLine(['again-within', path]));
  }

  forgetClosed(paths: readonly string[], forgotten: () => void): void {
    this.#forget('closed', paths, forgotten);
  }

  forgetUndone(paths: readonly string[], forgotten: () => void): void {
    this.#forget('undone', paths, forgotten);
  }

  #forget(kind: 'closed' | 'undone', paths: readonly string[], forgotten: () => void): void {
    this.#withdraw(paths);
    for (const path of paths.slice(0, -1)) this.#journal.add(recordLine([kind, path]));
    this.#journal.add(recordLine([kind, paths[paths.length - 1] as string]), forgotten);
  }

  // Cached.

  lookUp(asked: AskedStep, answer: (answer: Answer) => void): void {
    const { path } = asked;
    this.#beside(
      () => keyOf(asked, this.#terms.blueprint.name),
      (key) => {
        this.#find(asked, key, answer);
      },
      (error) => {
        if (!(error instanceof Unstorable)) {
          answer({ kind: 'refused', error });
          return;
        }
        this.#warnOnce(
          `inputs of ${identityOf(path)}`,
          path,
          `step '${path}' has no result in the cache: ${error.told('what it gets')}`,
        );
        answer({ kind: 'unknown', key: undefined });
      },
    );
  }

  #find({ path, terms }: AskedStep, key: ResultKey, answer: (answer: Answer) => void): void {
    const unknown = (): void => {
      this.#noteKey(path, key, false);
      answer({ kind: 'unknown', key: new KeptKey(key) });
    };
    this.#beside(
      () => this.#backend.getObject('cached', key.digest),
      (bytes) => {
        const result = bytes === undefined ? undefined : readResult(bytes);
        if (bytes !== undefined && result === undefined)
          this.#run.warn(path, `the result of step '${path}' in the cache is damaged; the step runs`);
        if (result === undefined || this.#now() - result.at > terms.ttl) {
          unknown();
          return;
        }
        this.#beside(
          () => areThere(result.output),
          (isThere) => {
            if (!isThere) {
              unknown();
              return;
            }
            this.#fetch(path, result.output, (loaded) => {
              if (loaded === undefined) {
                unknown();
                return;
              }
              this.#noteKey(path, key, true);
              answer({ kind: 'found', output: loaded.output, key: new KeptKey(key) });
            });
          },
          unknown,
        );
      },
      (error) => {
        this.#warnOnce(
          cacheUnreadable,
          path,
          `the cache can't be read, so that step '${path}' runs: ${messageOf(error)}`,
          error,
        );
        answer({ kind: 'unknown', key: undefined });
      },
    );
  }

  #noteKey(path: string, { digest, parts }: ResultKey, isFound: boolean): void {
    this.#journal.add(recordLine(['key', path, { digest, isFound, parts }]));
  }

  /** A result that may still be undone or closed isn't for others before the run has come to its end. */
  #offer({ path, definition, hasUndoing }: KeptOutput, key: ResultKey, output: OutputRecord): void {
    const { cleanup, release } = definition.settings;
    if (hasUndoing || cleanup !== undefined || release !== undefined)
      this.#offered.set(path, { key, output });
    else this.#cache(key, output);
  }

  #withdraw(paths: readonly string[]): void {
    if (this.#offered.size === 0) return;
    for (const path of paths)
      for (const each of [path, ...this.#ancestorsOf(path)]) this.#offered.delete(each);
  }

  #cache(key: ResultKey, output: OutputRecord): void {
    this.#beside(
      () => isStill(key),
      (isSame) => {
        if (isSame) this.#put('cached', key.digest, resultBytes(key, { output, at: this.#now() }));
      },
      () => undefined,
    );
  }

  #put(kind: 'blob' | 'cached', name: string, bytes: Uint8Array): void {
    if (this.#hasFailed) return;
    this.#beside(
      () => this.#backend.putObject(kind, name, bytes),
      () => undefined,
      (error) => {
        this.#failed(error);
      },
    );
  }

  // Let go of.

  flush(): void {
    this.#journal.flush();
    this.#events?.flush();
  }

  end(outcome: 'completed' | RunOutcome, result: unknown, ended: () => void): void {
    const held = this.#opened;
    if (held === undefined) {
      ended();
      return;
    }
    if (outcome === 'completed')
      for (const { key, output } of this.#offered.values()) this.#cache(key, output);
    this.#whenAllDone(() => {
      this.#journal.add(recordLine(['end', outcome, this.#now()]));
      this.#journal.end(() => {
        this.#events?.add(this.#lastEvent(outcome, result));
        this.#events?.end(() => {
          this.#release(held, ended);
        });
        if (this.#events === undefined) this.#release(held, ended);
      });
    });
  }

  /** The run tells of it when all is closed. */
  #lastEvent(outcome: 'completed' | RunOutcome, result: unknown): ProgressEvent {
    const { view, now, progress } = this.#run;
    const common = { seq: progress.nextSeq, at: now, runId: view.runId, durationMs: now - view.startedAt };
    if (outcome === 'completed') return { type: 'run-completed', ...common };
    if (outcome === 'failed') return { type: 'run-failed', ...common, error: result };
    return { type: 'run-cancelled', ...common, reason: (result as { readonly reason?: unknown }).reason };
  }

  #release(held: OpenedRun, released: () => void): void {
    this.#opened = undefined;
    this.#ask(() => held.close(), released, released);
  }

  /** Something that goes on beside the journal, and that the end of the run waits for. */
  #beside<Value>(
    call: () => Value | PromiseLike<Value>,
    then: (value: Value) => void,
    fail: (error: unknown) => void,
  ): void {
    this.#pending++;
    const over = (): void => {
      if (--this.#pending > 0 || this.#whenDone === undefined) return;
      const whenDone = this.#whenDone;
      this.#whenDone = undefined;
      whenDone();
    };
    this.#ask(
      call,
      (value) => {
        then(value);
        over();
      },
      (error) => {
        fail(error);
        over();
      },
    );
  }

  #whenAllDone(work: () => void): void {
    if (this.#pending === 0) work();
    else this.#whenDone = work;
  }

  #ask<Value>(
    call: () => Value | PromiseLike<Value>,
    then: (value: Value) => void,
    fail: (error: unknown) => void,
  ): void {
    ask(
      call,
      (work) => {
        this.#run.wake(work);
      },
      then,
      fail,
    );
  }

  #failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#journal.giveUp();
    if (this.#terms.onStoreError === 'fail') this.#run.fail(error);
    else this.#run.warn('', `the run isn't kept any more: ${messageOf(error)}`, error);
  }

  #warnOnce(subject: string, path: string, message: string, error?: unknown): void {
    if (this.#told.has(subject)) return;
    this.#told.add(subject);
    this.#run.warn(path, message, error);
  }
}

/** What is told once of it. */
const cacheUnreadable = 'the cache';

/** A key, as the engine carries it. */
class KeptKey implements CacheKey {
  readonly key: ResultKey;

  constructor(key: ResultKey) {
    this.key = key;
  }

  get digest(): string {
    return this.key.digest;
  }
}

/** Whether the files that an output names are there, with the same in them. */
async function areThere({ f }: OutputRecord): Promise<boolean> {
  for (const [path, digest] of f ?? []) {
    try {
      if ((await contentsOf(path)).digest !== digest) return false;
    } catch {
      return false;
    }
  }
  return true;
}

function stepsIn(bytes: Uint8Array): readonly StepDescription[] | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as readonly StepDescription[];
  } catch {
    return undefined;
  }
}

/** Of all children of a fan-out, what is wrong with one is told once. */
function identityOf(path: string): string {
  return path.replaceAll(/\[[^\]]*\]/g, '[]');
}

/** What is written of an output beside itself. */
function restOf(madeOf: string | undefined, hasUndoing: boolean, isCached: boolean): Omit<OutputRecord, 'j'> {
  return {
    ...(madeOf === undefined ? {} : { i: madeOf }),
    ...(hasUndoing ? { u: 1 as const } : {}),
    ...(isCached ? { c: 1 as const } : {}),
  };
}

/** As with most steps. */
const nothing: Omit<OutputRecord, 'j'> = Object.freeze({});

function shown(version: string | number | undefined): string {
  return version === undefined ? 'none' : JSON.stringify(version);
}

/** Where a run writes that couldn't be taken. */
const nowhere: OpenedRun = {
  epoch: 0,
  lines: [],
  problems: [],
  append: () => undefined,
  appendEvents: () => undefined,
  close: () => undefined,
};
