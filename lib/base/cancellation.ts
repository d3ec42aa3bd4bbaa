import type { Observable, SchedulerLike } from 'rxjs';
import { clockOf } from './clock.ts';
import { type Duration, durationExpected, parseDuration } from './durations.ts';
import { CancelledError, InvalidOptionsError } from './errors.ts';
import { reportError } from './report-error.ts';
import { Observable as RxObservable } from './rxjs-parts.ts';

/**
 * A single-use signal that work should stop.
 *
 * 1. `cancel` is idempotent: the first reason stays, and there is no way back.
 * 2. A parent cancels its children; a child never cancels its parent.
 * 3. The AbortSignal is made when first asked for: a token nobody looks at costs one small object.
 *
 * `isCancelled` and `throwIfCancelled()` are plain property reads, cheap enough for a hot loop.
 *
 * @example
 * ```ts
 * const token = new CancellationToken();
 * const response = fetch('https://example.org', { signal: token.signal });
 * token.cancel('no longer needed');
 * ```
 */
export class CancellationToken implements Disposable {
  #cancelled = false;
  #reason: unknown;
  #listeners: Set<() => void> | undefined;
  #controller: AbortController | undefined;
  #detach: (() => void) | undefined;

  /** Whether `cancel` has been called, here or on a parent. */
  get isCancelled(): boolean {
    return this.#cancelled;
  }

  /** What was given to the first `cancel`; `undefined` before it. */
  get reason(): unknown {
    return this.#reason;
  }

  /**
   * Emits the reason once and completes, at once where the token is already cancelled. Made for `takeUntil`.
   *
   * Never errors; without a cancel it never ends.
   */
  get cancelled$(): Observable<unknown> {
    return new RxObservable((subscriber) =>
      this.onCancel(() => {
        subscriber.next(this.#reason);
        subscriber.complete();
      }),
    );
  }

  /** The token as an AbortSignal, for `fetch`, `fs` and child processes. Its reason is a {@link CancelledError}. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.#cancelled) controller.abort(this.error());
    }
    return this.#controller.signal;
  }

  /** Cancels this token and its children. Only the first call has an effect. */
  cancel(reason?: unknown): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#reason = reason;
    this.#detach?.();
    this.#detach = undefined;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    this.#controller?.abort(this.error());
    if (listeners !== undefined) callEach(listeners);
  }

  /**
   * Throws a {@link CancelledError} with the reason once the token is cancelled.
   *
   * @throws CancelledError
   */
  throwIfCancelled(): void {
    if (this.#cancelled) throw this.error();
  }

  /**
   * Calls `listener` once when the token is cancelled, at once where it already is.
   *
   * @returns a function that takes the listener back
   */
  onCancel(listener: () => void): () => void {
    if (this.#cancelled) {
      listener();
      return () => undefined;
    }
    // A wrapper of its own, so that one function may listen twice and leave once.
    const entry = (): void => {
      listener();
    };
    this.#listeners ??= new Set();
    const listeners = this.#listeners;
    listeners.add(entry);
    // From the set itself: whoever leaves while the others are being called isn't called.
    return () => {
      listeners.delete(entry);
    };
  }

  /**
   * A token that is cancelled with this one, and can be cancelled alone.
   *
   * The parent knows its children until they are cancelled or disposed of (`using`).
   */
  child(): CancellationToken {
    const child = new CancellationToken();
    child.#follow(this);
    return child;
  }

  /** Lets go of the parents: their cancel no longer reaches this token. */
  [Symbol.dispose](): void {
    this.#detach?.();
    this.#detach = undefined;
  }

  /** A token that is cancelled when the AbortSignal aborts, with its reason. */
  static from(signal: AbortSignal): CancellationToken {
    const token = new CancellationToken();
    if (signal.aborted) {
      token.cancel(signal.reason);
      return token;
    }
    const listener = (): void => {
      token.cancel(signal.reason);
    };
    signal.addEventListener('abort', listener, { once: true });
    token.#detach = () => {
      signal.removeEventListener('abort', listener);
    };
    return token;
  }

  /**
   * A token that cancels itself after a while. Disposing of it, or cancelling it, stops the timer.
   *
   * @param scheduler - where the time comes from; the host's by default
   * @throws InvalidOptionsError where the duration isn't one
   */
  static timeout(duration: Duration, scheduler?: SchedulerLike): CancellationToken {
    const ms = parseDuration(duration);
    if (ms === undefined) {
      throw new InvalidOptionsError('CancellationToken.timeout', [
        { option: 'duration', expected: durationExpected, value: duration },
      ]);
    }
    const token = new CancellationToken();
    token.#detach = clockOf(scheduler).after(ms, () => {
      token.cancel(`timed out after ${String(ms)} ms`);
    });
    return token;
  }

  /** A token that is cancelled as soon as one of the given ones is, with its reason. */
  static any(tokens: Iterable<CancellationToken>): CancellationToken {
    const token = new CancellationToken();
    const detachments: (() => void)[] = [];
    token.#detach = () => {
      for (const detach of detachments) detach();
    };
    for (const parent of tokens) {
      if (token.#cancelled) break;
      detachments.push(
        parent.onCancel(() => {
          token.cancel(parent.#reason);
        }),
      );
    }
    return token;
  }

  /** @internal The error that says so. */
  error(): CancelledError {
    return this.#reason instanceof CancelledError ? this.#reason : new CancelledError(this.#reason);
  }

  #follow(parent: CancellationToken): void {
    if (parent.#cancelled) {
      this.cancel(parent.#reason);
      return;
    }
    this.#detach = parent.onCancel(() => {
      this.cancel(parent.#reason);
    });
  }
}

/** Calls every listener; one that throws is reported and can't silence the others, nor whoever cancels. */
function callEach(listeners: Iterable<() => void>): void {
  for (const listener of listeners) {
    try {
      listener();
    } catch (error) {
      reportError(error);
    }
  }
}

/** Whether a value can be used as an AbortSignal. */
export function isSignal(value: unknown): value is AbortSignal {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}
