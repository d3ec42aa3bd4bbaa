// Long because it is all that a run asks of its store, in one order: taken, recalled, written, let go of.
import { uniqueId } from '../base/unique-id.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { RunOutcome } from '../definition/step-options.ts';
import type {
  Answer,
  AskedStep,
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
import type { OpenedRun, RunWatcher, StoreBackend } from './backend.ts';
import { digestOfItem } from './digest.ts';
import { EventSink } from './event-sink.ts';
import { describeGraph, infoBytes } from './graph-description.ts';
import { type Head, type JournalRecord, journalFormat, parseRecord } from './journal-record.ts';
import { JournalState } from './journal-state.ts';
import { areThere, OutputReader } from './output-reader.ts';
import { OutputWriter } from './output-writer.ts';
import type { KeptTerms } from './read-resume.ts';
import { KeptOutputRecord, recallGraph } from './recall.ts';
import { ResultFinder } from './result-finder.ts';
import { ResumeCheck } from './resume-check.ts';
import type { RunIdentity } from './run-identity.ts';
import { putShared } from './shared-objects.ts';
import { type AncestorsOf, ancestorsAmong } from './step-paths.ts';
import { StoreError } from './store-errors.ts';
import { StoreWork } from './store-work.ts';

/** So many additions may wait for a sync before somebody has to wait. */
const longestBacklog = 10_000;

/** Keeps a run in a store: takes it, recalls it, has written what it does, and lets go of it. */
export class RunKeeper implements Keeper {
  readonly #backend: StoreBackend;
  readonly #terms: KeptTerms;
  readonly #identity: RunIdentity;
  readonly #now: () => number;
  readonly #ancestorsOf: AncestorsOf;
  readonly #state: JournalState;
  #run!: KeptRun;
  #work!: StoreWork;
  #reader!: OutputReader;
  #writer!: OutputWriter;
  #results!: ResultFinder;
  #opened: OpenedRun | undefined;
  #life = uniqueId();
  #lifeStays: Promise<void> | undefined;
  #events: EventSink | undefined;
  /** Whether the run had come to its end with all of its outputs: nothing can be undone then. */
  #hadCompleted = false;

  /** @param now - epoch time in ms, whatever the clock of the run says */
  constructor(backend: StoreBackend, terms: KeptTerms, identity: RunIdentity, now: () => number) {
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

  get life(): string {
    return this.#life;
  }

  lifeStays(): Promise<void> | undefined {
    return this.#lifeStays;
  }

  open(run: KeptRun, opened: (opening: Opening) => void): void {
    const { blueprint, settings, resume, onStoreError } = this.#terms;
    this.#run = run;
    this.#work = new StoreWork(this.#backend, run, onStoreError);
    this.#reader = new OutputReader(this.#work);
    this.#results = new ResultFinder(this.#work, this.#reader, {
      workflow: blueprint.name,
      again: new Set(resume.from),
      ancestorsOf: this.#ancestorsOf,
      now: this.#now,
    });
    this.#writer = new OutputWriter(this.#work, this.#results);
    this.#work.ask(
      () => this.#backend.openRun(settings.runId, this.#watcher()),
      (held) => {
        this.#opened = held;
        this.#read(held, opened);
      },
      (error) => {
        if (!(error instanceof StoreError) || onStoreError === 'fail') {
          opened({ refused: error });
          return;
        }
        opened({ isResumed: false });
        this.#work.goWithout(error);
      },
    );
  }

  #watcher(): RunWatcher {
    const run = this.#run;
    return {
      cancelRequested: (reason) => {
        run.cancel(reason);
      },
      displaced: (by) => {
        const why = `${by} has taken it, as this process had given no sign for too long`;
        run.fail(new StoreError(this.#backend.name, `go on with run '${this.#terms.settings.runId}'`, why));
      },
    };
  }

  #read(held: OpenedRun, opened: (opening: Opening) => void): void {
    this.#work.take(held);
    const problems = [...held.problems, ...this.#applyLines(held.takeLines())];
    const before = this.#state.head;
    const isNamed = before?.life !== undefined;
    if (isNamed) this.#life = before.life;
    this.#hadCompleted = this.#state.outcome === 'completed';
    const goOn = (): void => {
      this.#noteHead(held.epoch, isNamed);
      this.#events = new EventSink(this.#run, held);
      this.#events.begin(infoBytes(this.#terms.blueprint.info).digest, this.#now());
      opened({ isResumed: before !== undefined });
      for (const problem of problems) this.#run.warn('', `in ${this.#backend.name}: ${problem}`);
    };
    if (before === undefined) {
      goOn();
      return;
    }
    const check = new ResumeCheck(this.#work, this.#terms, this.#identity, this.#state, this.#ancestorsOf);
    check.check(before, (checked) => {
      if ('renewed' in checked) {
        for (const record of checked.renewed) this.#note(record);
        goOn();
        return;
      }
      this.#work.journal.giveUp();
      this.#release(held, () => {
        opened(checked);
      });
    });
  }

  /** Gives what is wrong with them. */
  #applyLines(lines: Iterable<string>): string[] {
    const problems: string[] = [];
    let at = 0;
    for (const line of lines) {
      at++;
      const record = parseRecord(line);
      if (record === undefined)
        problems.push(`line ${String(at)} says nothing that is known, and is passed over`);
      else this.#state.apply(record);
    }
    return problems;
  }

  #noteHead(epoch: number, isNamed: boolean): void {
    const { blueprint, version, settings } = this.#terms;
    const graph = describeGraph(blueprint);
    const info = infoBytes(blueprint.info);
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
      life: this.#life,
    };
    for (const { digest, bytes } of [graph, info])
      this.#work.beside(
        () => putShared(this.#backend, digest, bytes, head.startedAt),
        () => undefined,
        (error) => {
          this.#work.failed(error);
        },
      );
    if (isNamed) this.#work.note(['run', head]);
    else this.#lifeStays = this.#noted(['run', head]);
    this.#state.head = head;
  }

  #noted(record: JournalRecord): Promise<void> {
    return new Promise((resolve) => {
      this.#work.noteAll([record], () => {
        this.#lifeStays = undefined;
        resolve();
      });
    });
  }

  /** Writes down what counts for this run too. */
  #note(record: JournalRecord): void {
    this.#state.apply(record);
    this.#work.note(record);
  }

  // Recalled.

  recall(graph: RecalledGraph, recalled: (recalled: Recalled) => void): void {
    if (this.#state.size === 0) {
      recalled({ kept: new Map(), again: new Set() });
      return;
    }
    const { kept, again, renewed } = recallGraph(this.#state, graph, this.#hadCompleted);
    for (const record of renewed) this.#work.note(record);
    const withFiles = [...kept].filter(([, { record }]) => record.output.f !== undefined);
    if (withFiles.length === 0) {
      recalled({ kept, again });
      return;
    }
    const look = async ([step, { record }]: (typeof withFiles)[number]) =>
      [step, await areThere(record.output)] as const;
    this.#work.ask(
      () => Promise.all(withFiles.map(look)),
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
    this.#reader.load(kept, loaded);
  }

  recallChild(path: string, item: unknown): Kept | undefined {
    const record = this.#state.outputOf(path);
    if (record?.output.i === undefined || this.#state.isUndone(path)) return undefined;
    if (record.output.u === 1 && !this.#hadCompleted) return undefined;
    if (record.output.f !== undefined || record.output.i !== digestOrNothing(item)) return undefined;
    // What it holds is asked for once.
    this.#state.drop(path);
    return new KeptOutputRecord(path, record);
  }

  choiceOf(path: string): Choice | undefined {
    return this.#state.choiceOf(path);
  }

  // Written.

  keep(output: KeptOutput): void {
    this.#writer.write(output, true);
  }

  keepLater(output: KeptOutput): boolean {
    if (this.#work.isBusy || this.#work.journal.backlog >= longestBacklog) return false;
    this.#writer.write(output, false);
    return true;
  }

  noteChoice(path: string, choice: Choice): void {
    this.#work.note(['choice', path, choice]);
  }

  noteFailure(path: string): void {
    this.#work.note(['failed', path]);
  }

  blockOpened(path: string, blueprint: Blueprint): void {
    const { digest } = describeGraph(blueprint);
    if (this.#state.blockOf(path) !== digest) this.#note(['block', path, digest]);
  }

  forgetWithin(path: string): void {
    this.#note(['again-within', path]);
  }

  forgetClosed(paths: readonly string[], forgotten: () => void): void {
    this.#forget('closed', paths, forgotten);
  }

  forgetUndone(paths: readonly string[], forgotten: () => void): void {
    this.#forget('undone', paths, forgotten);
  }

  #forget(kind: 'closed' | 'undone', paths: readonly string[], forgotten: () => void): void {
    this.#results.withdraw(paths);
    this.#work.noteAll(
      paths.map((path) => [kind, path]),
      forgotten,
    );
  }

  // Cached.

  lookUp(asked: AskedStep, answer: (answer: Answer) => void): void {
    this.#results.lookUp(asked, answer);
  }

  // Let go of.

  flush(): void {
    this.#work.journal.flush();
    this.#events?.flush();
  }

  end(outcome: 'completed' | RunOutcome, result: unknown, ended: () => void): void {
    const held = this.#opened;
    if (held === undefined) {
      ended();
      return;
    }
    if (outcome === 'completed') this.#results.hand();
    this.#work.whenAllDone(() => {
      this.#work.note(['end', outcome, this.#now()]);
      this.#work.journal.end(() => {
        if (this.#events === undefined) {
          this.#release(held, ended);
          return;
        }
        this.#events.event(this.#lastEvent(outcome, result));
        this.#events.end(() => {
          this.#release(held, ended);
        });
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
    this.#work.ask(() => held.close(), released, released);
  }
}

function digestOrNothing(item: unknown): string | undefined {
  try {
    return digestOfItem(item);
  } catch {
    return undefined;
  }
}
