import { messageOf } from '../base/inspect.ts';
import type { KeptOutput } from '../engine/keeper.ts';
import { type Encoded, encodeValue, exactJson, lengthOf, textOf } from './codec.ts';
import { digestOfItem } from './digest.ts';
import { contentsOf } from './file-contents.ts';
import { type OutputRecord, recordLine } from './journal-record.ts';
import { inlineRecord, isShort, longestInline, objectRecord } from './outputs.ts';
import type { ResultKey } from './result-cache.ts';
import type { KeptKey, ResultFinder } from './result-finder.ts';
import { identityOf, type StoreWork } from './store-work.ts';
import { Unstorable } from './unstorable.ts';

/** A step that has completed, once more is known of it than that it has. */
interface Completed {
  readonly kept: KeptOutput;
  readonly path: string;
  /** Whether somebody waits until it is sure to stay. */
  readonly isAwaited: boolean;
  /** What is written beside the output itself. */
  readonly rest: OutputRecord;
  /** What others may find it by. */
  readonly key: ResultKey | undefined;
}

/** Writes down what steps have come to. */
export class OutputWriter {
  readonly #work: StoreWork;
  readonly #results: ResultFinder;

  constructor(work: StoreWork, results: ResultFinder) {
    this.#work = work;
    this.#results = results;
  }

  /** @param isAwaited - whether somebody waits until it is sure to stay */
  write(kept: KeptOutput, isAwaited: boolean): void {
    const { journal } = this.#work;
    if (journal.isGivenUp) {
      if (isAwaited) kept.stays();
      return;
    }
    const { path, item, hasUndoing } = kept;
    const { checkpoint } = kept.definition.settings;
    const madeOf = item === undefined ? undefined : this.#digestOf(path, item.value, checkpoint);
    const key = kept.isCached ? undefined : (kept.key as KeptKey | undefined)?.key;
    const isOthers = kept.isCached && kept.definition.settings.cleanup !== undefined;
    // As it is with most.
    if (checkpoint && !hasUndoing && !isOthers && (item === undefined || madeOf !== undefined)) {
      const json = exactJson(kept.output);
      if (json !== undefined && lengthOf(json) <= longestInline) {
        journal.addOutput(path, json, madeOf, isAwaited ? kept : undefined);
        if (key !== undefined) this.#results.offer(kept, key, { j: JSON.parse(textOf(json)) as unknown });
        return;
      }
    }
    const rest = {
      ...(madeOf === undefined ? {} : { i: madeOf }),
      ...(hasUndoing ? { u: 1 as const } : {}),
      ...(isOthers ? { c: 1 as const } : {}),
    };
    const completed = { kept, path, isAwaited, rest, key };
    const encoded = checkpoint ? this.#encode(path, kept.output) : undefined;
    if (encoded === undefined) this.#done(completed, rest);
    else if (isShort(encoded)) this.#withFiles(completed, encoded, inlineRecord(encoded));
    else this.#beside(completed, encoded);
  }

  /** The object comes first, so that no line tells of what isn't there. */
  #beside(completed: Completed, encoded: Encoded): void {
    const { name, bytes, record } = objectRecord(encoded);
    const { backend } = this.#work;
    this.#work.beside(
      () => backend.putObject('blob', name, bytes),
      () => {
        this.#withFiles(completed, encoded, record);
      },
      (error) => {
        this.#work.failed(error);
        if (completed.isAwaited) completed.kept.stays();
      },
    );
  }

  #withFiles(completed: Completed, { files }: Encoded, record: OutputRecord): void {
    if (files.length === 0) {
      this.#finish(completed, record);
      return;
    }
    const { path, rest } = completed;
    this.#work.beside(
      () =>
        Promise.all(files.map(async (file) => [file.path, (await contentsOf(file.path)).digest] as const)),
      (f) => {
        this.#finish(completed, { ...record, f });
      },
      (error) => {
        const what = `the output of step '${path}' isn't kept, as a file that it names can't be read`;
        this.#work.run.warn(path, `${what}: ${messageOf(error)}`, error);
        this.#done(completed, rest);
      },
    );
  }

  #finish(completed: Completed, record: OutputRecord): void {
    this.#done(completed, { ...record, ...completed.rest });
    if (completed.key !== undefined) this.#results.offer(completed.kept, completed.key, record);
  }

  #done({ kept, path, isAwaited }: Completed, output: OutputRecord): void {
    this.#work.journal.add(recordLine(['done', path, output]), isAwaited ? kept : undefined);
  }

  #encode(path: string, output: unknown): Encoded | undefined {
    try {
      return encodeValue(output);
    } catch (error) {
      const why = error instanceof Unstorable ? error.told(`the output of step '${path}'`) : messageOf(error);
      const remedy =
        "the step runs again where the run is resumed and somebody needs it. 'checkpoint: false' says that this is meant";
      this.#work.warnOnce(`output of ${identityOf(path)}`, path, `${why}; ${remedy}`);
      return undefined;
    }
  }

  /** Without one, a child can't be known again. */
  #digestOf(path: string, item: unknown, isMeantToStay: boolean): string | undefined {
    try {
      return digestOfItem(item);
    } catch (error) {
      const subject = `items of ${identityOf(path)}`;
      if (isMeantToStay && !this.#work.hasTold(subject)) {
        const why = error instanceof Unstorable ? error.told(`the item of '${path}'`) : messageOf(error);
        const parent = path.slice(0, path.lastIndexOf('['));
        const what = `children of step '${parent}' can't be known again, and run again where the run is resumed`;
        this.#work.warnOnce(subject, path, `${what}: ${why}`);
      }
      return undefined;
    }
  }
}
