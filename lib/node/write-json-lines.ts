import { closeSync, fsync, openSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Subscription } from 'rxjs';
import { clockOf } from '../base/clock.ts';
import { messageOf } from '../base/inspect.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { isWatchable } from '../base/watchable.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { Run } from '../run/run.ts';
import { eventLine, headerLine } from './event-log.ts';
import { EventLogError } from './event-log-error.ts';

/** What a log is written of. */
export type LoggedRun = Pick<Run, 'runId' | 'workflow' | 'progress$' | 'snapshot'>;

/** A log that is being written. */
export interface EventLogWriter extends AsyncDisposable {
  /** The path of the file. */
  readonly file: string;
  /**
   * Done when the run is over and the log complete on disk. Rejects with an `EventLogError` where it couldn't be written;
   * who doesn't await it hears nothing of that, and the run goes on either way.
   */
  readonly done: Promise<void>;
  /** Ends the log here, whether the run is over or not. Gives `done`. */
  close(): Promise<void>;
}

/**
 * Writes what happens in a run to a file, a JSON object a line: first what the run is of, then every event. An existing
 * file is replaced. Call it before the run starts: a log that is begun later has only what happens from then on.
 *
 * Errors keep name, message, stack, code, cause and own fields; what JSON can't hold is kept as well as it can be. Events
 * that happen at once, without the event loop in between, are one write, and nothing is held back after that: a process that
 * is killed leaves all lines but those of that moment, and at worst a last one that is cut. Writing is synchronous: a
 * log belongs on a disk, not on a slow network drive.
 *
 * Where the log can't be written (no such folder, no permission, no space), `done` rejects with an `EventLogError`, nothing
 * more is written, and the run goes on.
 *
 * @throws InvalidOptionsError where the run is over, or the file is neither a path nor a `file:` URL
 * @example
 * ```ts
 * const log = writeJsonLines(run, 'run.jsonl');
 * await run.result();
 * await log.done;
 * ```
 */
export function writeJsonLines(run: LoggedRun, file: string | URL): EventLogWriter {
  const checker = new OptionChecker();
  const path = pathOf(file);
  if (path === undefined) checker.fail('the file', "a path or a 'file:' URL", file);
  if (!isWatchable(run)) checker.fail('the run', 'a run', run);
  checker.throwIfAny('writeJsonLines');
  const snapshot = run.snapshot();
  if (snapshot.endedAt !== null) checker.fail('the run', 'one that is not over', run.runId);
  checker.throwIfAny('writeJsonLines');
  const log = new JsonLinesFile(path as string);
  const { runId, workflow, progress$ } = run;
  const limits = Object.fromEntries(
    Object.entries(snapshot.resources).map(([name, { limit }]) => [name, limit]),
  );
  log.begin(headerLine({ runId, workflow, limits, loggedAt: clockOf(undefined).now(), snapshot }));
  log.follow(
    progress$.subscribe({
      next: (event) => {
        log.add(event);
      },
      error: (error: unknown) => {
        log.fail(error);
      },
      complete: () => {
        log.end();
      },
    }),
  );
  return log;
}

/** The path that a file is given by; `undefined` where it isn't one. */
export function pathOf(file: unknown): string | undefined {
  if (typeof file === 'string') return file === '' || file.includes('\0') ? undefined : file;
  try {
    return file instanceof URL ? fileURLToPath(file) : undefined;
  } catch {
    return undefined;
  }
}

/** Beyond this what is to be written waits no longer, in characters. */
const mostPending = 65_536;

class JsonLinesFile implements EventLogWriter {
  readonly file: string;
  readonly done: Promise<void>;
  #settle: (error?: EventLogError) => void = () => undefined;
  #descriptor: number | undefined;
  #pending = '';
  #isDue = false;
  #subscription: Subscription | undefined;

  constructor(file: string) {
    this.file = file;
    this.done = new Promise((resolve, reject) => {
      this.#settle = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
    });
    // Whoever awaits it later hears of it then.
    this.done.catch(() => undefined);
  }

  close(): Promise<void> {
    this.end();
    return this.done;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  begin(header: string): void {
    try {
      this.#descriptor = openSync(this.file, 'w');
    } catch (error) {
      this.fail(error);
      return;
    }
    flushAtExit(this.#flush);
    this.#pending = header;
    this.#flush();
  }

  follow(subscription: Subscription): void {
    if (this.#descriptor === undefined) subscription.unsubscribe();
    else this.#subscription = subscription;
  }

  add(event: ProgressEvent): void {
    if (this.#descriptor === undefined) return;
    try {
      this.#pending += eventLine(event);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.#pending.length >= mostPending) {
      this.#flush();
    } else if (!this.#isDue) {
      this.#isDue = true;
      // When what happens just now has happened, and before anything else can.
      void Promise.resolve().then(this.#flush);
    }
  }

  end(): void {
    this.#flush();
    const descriptor = this.#release();
    if (descriptor === undefined) return;
    fsync(descriptor, (error) => {
      this.#close(descriptor, error !== null && !unsynced.has(error.code) ? error : undefined);
    });
  }

  fail(error: unknown): void {
    const descriptor = this.#release();
    if (descriptor === undefined) this.#settle(this.#errorOf(error));
    else this.#close(descriptor, error);
  }

  readonly #flush = (): void => {
    this.#isDue = false;
    if (this.#descriptor === undefined || this.#pending === '') return;
    const bytes = new TextEncoder().encode(this.#pending);
    this.#pending = '';
    try {
      for (let written = 0; written < bytes.length; )
        written += writeSync(this.#descriptor, bytes, written, bytes.length - written);
    } catch (error) {
      this.fail(error);
    }
  };

  /** From here on nothing is written. Gives what has to be closed, once. */
  #release(): number | undefined {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    this.#pending = '';
    this.#subscription?.unsubscribe();
    flushes.delete(this.#flush);
    if (flushes.size === 0) process.off('exit', flushAll);
    return descriptor;
  }

  #close(descriptor: number, error: unknown): void {
    let fault = error;
    try {
      closeSync(descriptor);
    } catch (closing) {
      fault ??= closing;
    }
    this.#settle(fault === undefined ? undefined : this.#errorOf(fault));
  }

  #errorOf(cause: unknown): EventLogError {
    const message = `the event log ${this.file} can't be written: ${messageOf(cause)}. The run goes on without it`;
    return new EventLogError('EVENT_LOG_NOT_WRITTEN', this.file, message, { cause });
  }
}

/** What devices and pipes answer: they have nothing to bring to a disk. */
const unsynced = new Set<string | undefined>(['EINVAL', 'ENOTSUP', 'EROFS']);

/** What open logs have still to write when the process exits: one listener for all, since Node warns of many. */
const flushes = new Set<() => void>();

function flushAtExit(flush: () => void): void {
  if (flushes.size === 0) process.on('exit', flushAll);
  flushes.add(flush);
}

function flushAll(): void {
  for (const flush of flushes) flush();
}
