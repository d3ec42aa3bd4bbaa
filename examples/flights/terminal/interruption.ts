import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** From here on another signal means that the user is tired of waiting. A first one may well come twice: from the terminal and from npm. */
const patience = 1500;

/**
 * Turns the signals that end a process into an AbortSignal, so that work can be cancelled instead of cut off.
 *
 * Repeated signals are swallowed for a moment; after that they end the process at once. It listens for as long as
 * the process lives: a signal that comes while the last threads are ending is a repeated one as well.
 */
export class Interruption {
  readonly #controller = new AbortController();
  #exitCode: number | undefined;
  #since = Infinity;

  constructor() {
    for (const signal of signals) process.on(signal, this.#interrupt);
  }

  /** Aborts on the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 128 + the signal's number, as shells have it; `undefined` where there was none. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  readonly #interrupt = (signal: NodeJS.Signals): void => {
    const code = 128 + constants.signals[signal];
    if (this.#exitCode === undefined) {
      this.#exitCode = code;
      this.#since = performance.now();
      this.#controller.abort(new Error(signal));
    } else if (performance.now() - this.#since > patience) {
      process.exit(code);
    }
  };
}
