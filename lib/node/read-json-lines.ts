import { createReadStream } from 'node:fs';
import { messageOf } from '../base/inspect.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import {
  type EventLog,
  eventFault,
  formatVersion,
  headOf,
  isHeader,
  type LogHead,
  type LogProblem,
  parseLine,
} from './event-log.ts';
import { EventLogError } from './event-log-error.ts';
import { pathOf } from './write-json-lines.ts';

/**
 * Reads a log that `writeJsonLines` wrote: what the run was of, and its events, with errors that are Errors again.
 *
 * A line that is cut, damaged or of an event that this version doesn't know costs that line alone: `problems` says
 * which and why. The file is read as a stream; what it says stays in memory. A log that is still written may be read.
 *
 * Rejects with an `EventLogError`: `EVENT_LOG_NOT_READ` where the file can't be read, `EVENT_LOG_INVALID` where it is no
 * event log, `EVENT_LOG_LATER_VERSION` where a later version of millrace wrote it.
 *
 * @throws InvalidOptionsError where the file is neither a path nor a `file:` URL
 * @example
 * ```ts
 * const log = await readJsonLines('run.jsonl');
 * await writeFile('run.html', htmlReport(log));
 * ```
 */
export function readJsonLines(file: string | URL): Promise<EventLog> {
  const path = pathOf(file);
  if (path === undefined) {
    const checker = new OptionChecker();
    checker.fail('the file', "a path or a 'file:' URL", file);
    checker.throwIfAny('readJsonLines');
  }
  return read(path as string);
}

async function read(file: string): Promise<EventLog> {
  const reader = new LogReader(file);
  try {
    for await (const line of linesOf(file)) {
      if (!reader.add(line)) break;
    }
  } catch (error) {
    if (error instanceof EventLogError) throw error;
    const message = `the event log ${file} can't be read: ${messageOf(error)}`;
    throw new EventLogError('EVENT_LOG_NOT_READ', file, message, { cause: error });
  }
  return reader.log();
}

/** No line of a log is longer, in characters; a file that has one is something else. */
const longestLine = 2 ** 28;

/** Only a line feed ends a line: other ends, which `node:readline` knows too, may stand inside JSON. */
async function* linesOf(file: string): AsyncGenerator<string> {
  // What has come of the line so far; joined once, or a long line would be copied for every part.
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 2 ** 18 })) {
    const [rest = '', ...further] = (chunk as string).split('\n');
    parts.push(rest);
    length += rest.length;
    if (length > longestLine)
      throw new EventLogError(
        'EVENT_LOG_INVALID',
        file,
        `${file} is no event log: it has a line without end`,
      );
    for (const next of further) {
      yield parts.join('');
      parts = [next];
      length = next.length;
    }
  }
  if (length > 0) yield parts.join('');
}

class LogReader {
  readonly #file: string;
  readonly #events: ProgressEvent[] = [];
  readonly #problems: LogProblem[] = [];
  #head: LogHead | undefined;
  #line = 0;
  #seq = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Takes in a line; gives whether more may follow. */
  add(line: string): boolean {
    this.#line++;
    if (this.#head === undefined) {
      this.#head = this.#readHead(line);
      return true;
    }
    if (line.trim() === '') return true;
    try {
      const value = parseLine(line);
      if (isHeader(value)) {
        this.#note('another log begins here; only the first is read');
        return false;
      }
      this.#addEvent(value);
    } catch (error) {
      this.#note(`it is cut or damaged: ${messageOf(error)}`);
    }
    return true;
  }

  log(): EventLog {
    if (this.#head === undefined) throw this.#invalid('it is empty');
    return { ...this.#head, events: this.#events, problems: this.#problems };
  }

  #readHead(line: string): LogHead {
    let value: unknown;
    try {
      value = parseLine(line.replace(/^\uFEFF/, ''));
    } catch (error) {
      throw this.#invalid(`its first line is no header: ${messageOf(error)}`, error);
    }
    if (!isHeader(value)) throw this.#invalid('its first line is no header of one');
    if (typeof value.version === 'number' && value.version > formatVersion) {
      const message = `${this.#file} is an event log of version ${String(value.version)}, and this version of millrace reads logs up to ${String(formatVersion)}; a later one reads it`;
      throw new EventLogError('EVENT_LOG_LATER_VERSION', this.#file, message);
    }
    const head = value.version === formatVersion ? headOf(value) : undefined;
    if (head === undefined) throw this.#invalid('its header is damaged');
    return head;
  }

  #addEvent(value: unknown): void {
    const fault = eventFault(value);
    if (fault !== undefined) {
      this.#note(fault);
      return;
    }
    const event = value as ProgressEvent;
    if (event.runId !== this.#head?.runId) this.#note('it is an event of another run');
    else if (event.seq <= this.#seq) this.#note('it comes after an event that was later');
    else {
      this.#seq = event.seq;
      this.#events.push(event);
    }
  }

  #note(why: string): void {
    this.#problems.push({ line: this.#line, why });
  }

  #invalid(why: string, cause?: unknown): EventLogError {
    const message = `${this.#file} is no event log: ${why}`;
    return new EventLogError('EVENT_LOG_INVALID', this.#file, message, cause === undefined ? {} : { cause });
  }
}
