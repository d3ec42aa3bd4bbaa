import { messageOf } from '../base/inspect.ts';
import type { Answer, AskedStep, CacheKey, KeptOutput } from '../engine/keeper.ts';
import { shortDigest } from './digest.ts';
import type { OutputRecord } from './journal-record.ts';
import { areThere, type OutputReader } from './output-reader.ts';
import { isStill, keyOf, type ResultKey, readResult, resultBytes } from './result-cache.ts';
import type { AncestorsOf } from './step-paths.ts';
import { cacheUnreadable, identityOf, type StoreWork } from './store-work.ts';
import { Unstorable } from './unstorable.ts';

/** What of a run the finder works by. */
interface FinderTerms {
  /** The name of the workflow. */
  readonly workflow: string;
  /** The steps that are done again in any case. */
  readonly again: ReadonlySet<string>;
  readonly ancestorsOf: AncestorsOf;
  /** Epoch time in ms, whatever the clock of the run says. */
  readonly now: () => number;
}

/** Finds results of earlier runs, and offers those of this one to later ones. */
export class ResultFinder {
  readonly #work: StoreWork;
  readonly #reader: OutputReader;
  readonly #terms: FinderTerms;
  /** Results for others, by the path of their step, that are theirs once the run has completed. */
  readonly #offered = new Map<string, { readonly key: ResultKey; readonly output: OutputRecord }>();

  constructor(work: StoreWork, reader: OutputReader, terms: FinderTerms) {
    this.#work = work;
    this.#reader = reader;
    this.#terms = terms;
  }

  lookUp(asked: AskedStep, answer: (answer: Answer) => void): void {
    const { path } = asked;
    this.#work.beside(
      () => keyOf(asked, this.#terms.workflow),
      (key) => {
        if (this.#isDoneAgain(path)) this.#unknown(path, key, answer);
        else this.#find(asked, key, answer);
      },
      (error) => {
        if (!(error instanceof Unstorable)) {
          answer({ kind: 'refused', error });
          return;
        }
        const why = error.told('what it gets');
        this.#work.warnOnce(
          `inputs of ${identityOf(path)}`,
          path,
          `step '${path}' has no result in the cache: ${why}`,
        );
        answer({ kind: 'unknown', key: undefined });
      },
    );
  }

  #isDoneAgain(path: string): boolean {
    const { again, ancestorsOf } = this.#terms;
    return again.size > 0 && (again.has(path) || ancestorsOf(path).some((above) => again.has(above)));
  }

  #unknown(path: string, key: ResultKey, answer: (answer: Answer) => void): void {
    this.#noteKey(path, key, false);
    answer({ kind: 'unknown', key: new KeptKey(key) });
  }

  #find({ path, terms }: AskedStep, key: ResultKey, answer: (answer: Answer) => void): void {
    const unknown = (): void => {
      this.#unknown(path, key, answer);
    };
    const { backend, run } = this.#work;
    this.#work.beside(
      () => backend.getObject('cached', key.digest),
      (bytes) => {
        const result = bytes === undefined ? undefined : readResult(bytes);
        if (bytes !== undefined && result === undefined)
          run.warn(path, `the result of step '${path}' in the cache is damaged; the step runs`);
        if (result === undefined || this.#terms.now() - result.at > terms.ttl) unknown();
        else this.#take(path, key, result.output, answer);
      },
      (error) => {
        const what = `the cache can't be read, so that step '${path}' runs`;
        this.#work.warnOnce(cacheUnreadable, path, `${what}: ${messageOf(error)}`, error);
        answer({ kind: 'unknown', key: undefined });
      },
    );
  }

  #take(path: string, key: ResultKey, output: OutputRecord, answer: (answer: Answer) => void): void {
    const fetch = (): void => {
      this.#reader.fetch(path, output, (loaded) => {
        if (loaded === undefined) {
          this.#unknown(path, key, answer);
          return;
        }
        this.#noteKey(path, key, true);
        answer({ kind: 'found', output: loaded.output, key: new KeptKey(key) });
      });
    };
    if (output.f === undefined) {
      fetch();
      return;
    }
    this.#work.beside(
      () => areThere(output),
      (isThere) => {
        if (isThere) fetch();
        else this.#unknown(path, key, answer);
      },
      () => {
        this.#unknown(path, key, answer);
      },
    );
  }

  #noteKey(path: string, { digest, parts }: ResultKey, isFound: boolean): void {
    const shortParts = Object.fromEntries(
      Object.entries(parts).map(([name, part]) => [name, shortDigest(part)]),
    );
    this.#work.journal.addKey(path, { digest: shortDigest(digest), isFound, parts: shortParts });
  }

  /** A result that may still be undone or closed isn't for others before the run has come to its end. */
  offer({ path, definition, hasUndoing }: KeptOutput, key: ResultKey, output: OutputRecord): void {
    const { cleanup, release } = definition.settings;
    if (hasUndoing || cleanup !== undefined || release !== undefined)
      this.#offered.set(path, { key, output });
    else this.#cache(key, output);
  }

  /** What these have come to isn't for others any more, nor is what they are part of. */
  withdraw(paths: readonly string[]): void {
    if (this.#offered.size === 0) return;
    for (const path of paths)
      for (const each of [path, ...this.#terms.ancestorsOf(path)]) this.#offered.delete(each);
  }

  /** The run has completed: nothing is undone any more. */
  hand(): void {
    for (const { key, output } of this.#offered.values()) this.#cache(key, output);
  }

  #cache(key: ResultKey, output: OutputRecord): void {
    const put = (): void => {
      if (this.#work.hasFailed) return;
      const bytes = resultBytes(key, { output, at: this.#terms.now() });
      const { backend } = this.#work;
      this.#work.beside(
        () => backend.putObject('cached', key.digest, bytes),
        doNothing,
        (error) => {
          this.#work.failed(error);
        },
      );
    };
    if (key.stamps.size === 0) {
      put();
      return;
    }
    this.#work.beside(
      () => isStill(key),
      (isSame) => {
        if (isSame) put();
      },
      doNothing,
    );
  }
}

/** A key, as the engine carries it. */
export class KeptKey implements CacheKey {
  readonly key: ResultKey;

  constructor(key: ResultKey) {
    this.key = key;
  }

  get digest(): string {
    return this.key.digest;
  }
}

function doNothing(): void {
  // Nobody waits for it.
}
