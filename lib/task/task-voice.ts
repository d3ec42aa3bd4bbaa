import { inspectValue } from '../base/inspect.ts';
import { type FromWorker, fromWorker } from '../wire/messages.ts';
import { LogGate } from './log-gate.ts';
import { ProgressGate } from './progress-gate.ts';

/** The way to those who listen. */
interface VoiceHost {
  /** Sends a message to the main side; throws where a part of it can't be cloned. */
  post(message: FromWorker): void;
  /** Handles the messages that have arrived. */
  receive(): void;
}

/** What a task tells of itself while it runs: progress and log lines, no more of them than are heard. */
export class TaskVoice {
  readonly #uid: number;
  readonly #host: VoiceHost;
  #progress: ProgressGate | undefined;
  #lines: LogGate | undefined;
  #isSilent: boolean;

  /** @param isHeard - whether anyone listens */
  constructor(uid: number, isHeard: boolean, host: VoiceHost) {
    this.#uid = uid;
    this.#host = host;
    this.#isSilent = !isHeard;
  }

  progress(amount: unknown, message: string | undefined): void {
    if (this.#isSilent) return;
    this.#progress ??= new ProgressGate((...said) => {
      this.#tell([fromWorker.progress, this.#uid, ...said]);
    }, this.#receive);
    this.#progress.tell(amount, message);
  }

  log(message: string, data: unknown): void {
    if (this.#isSilent) return;
    // What was said before comes before.
    this.#progress?.flush();
    this.#lines ??= new LogGate((...said) => {
      this.#tell([fromWorker.log, this.#uid, ...said]);
    }, this.#receive);
    this.#lines.tell(message, data);
  }

  /** Hears that so much progress and so many lines were heard. */
  heard(progress: number, lines: number): void {
    if (progress > 0) this.#progress?.heard(progress);
    if (lines > 0) this.#lines?.heard(lines);
  }

  /** Says what is kept, and nothing after it. */
  end(): void {
    this.#progress?.flush();
    this.#lines?.flush();
    this.silence();
  }

  /** Says nothing from now on. */
  silence(): void {
    this.#isSilent = true;
  }

  readonly #receive = (): void => {
    this.#host.receive();
  };

  #tell(message: FromWorker & { readonly length: 4 }): void {
    if (this.#isSilent) return;
    try {
      this.#host.post(message);
    } catch {
      const [kind, uid, first, second] = message;
      this.#host.post([kind, uid, clonable(first), clonable(second)] as FromWorker);
    }
  }
}

/** A part of a message that is sure to be clonable. */
function clonable(part: unknown): unknown {
  return typeof part === 'object' || typeof part === 'function' || typeof part === 'symbol'
    ? inspectValue(part)
    : part;
}
