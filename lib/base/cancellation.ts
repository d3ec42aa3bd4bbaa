// Long because all of it is one object's: what tokens are made from reaches what they keep to themselves.
import type { Observable, SchedulerLike } from 'rxjs';
import { clockOf, isScheduler } from './clock.ts';
import { type Duration, durationExpected, parseDuration } from './durations.ts';
import { CancelledError, InvalidOptionsError, type OptionProblem } from './errors.ts';
import { withoutListenerLimit } from './host.ts';
import { reportError } from './report-error.ts';
import { Observable as RxObservable } from './rxjs-parts.ts';
import { uniqueId } from './unique-id.ts';

/** Who hears of a cancel: a listener, or a token that follows. */
type Heir = (() => void) | CancellationToken;

/**
 * A single-use signal that work should stop.
 *
 * 1. `cancel` is idempotent: the first reason stays, and there is no way back.
 * 2. A parent cancels its children; a child never cancels its parent.
 * 3. The AbortSignal and the identity are made when first asked for: a token nobody looks at costs one small object.
 * 4. A cancel reaches a tree of any depth before it returns, each token's listeners in the order they came, and
 *    leaves the stack alone.
 * 5. Its errors say whose cancel they tell of: the token's on which `cancel` was called, however far down it was heard.
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
  #id: string | undefined;
  #origin: string | undefined;
  #heirs: Set<Heir> | undefined;
  #unheard: (() => void) | undefined;
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
      withoutListenerLimit(controller.signal);
      this.#controller = controller;
      if (this.#cancelled) controller.abort(this.error());
    }
    return this.#controller.signal;
  }

  /** Cancels this token and its children. Only the first call has an effect. */
  cancel(reason?: unknown): void {
    this.#cancel(reason, cancelIn(reason)?.tokenId ?? this.id);
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
    return this.#admit(() => {
      listener();
    });
  }

  /**
   * A token that is cancelled with this one, and can be cancelled alone.
   *
   * The parent knows its children until they are cancelled or disposed of (`using`).
   */
  child(): CancellationToken {
    const child = new CancellationToken();
    child.follow(this);
    return child;
  }

  /** Lets go of the parents: their cancel no longer reaches this token. */
  [Symbol.dispose](): void {
    this.#detach?.();
    this.#detach = undefined;
  }

  /**
   * A token that is cancelled when the AbortSignal aborts, with its reason.
   *
   * All tokens of a signal share one listener on it, which goes with the last of them.
   *
   * @throws InvalidOptionsError where it is no AbortSignal
   */
  static from(signal: AbortSignal): CancellationToken {
    if (!isSignal(signal)) {
      refuse('from', [{ option: 'the signal', expected: 'an AbortSignal', value: signal }]);
    }
    return CancellationToken.#rootOf(signal).child();
  }

  /**
   * A token that cancels itself after a while. Disposing of it, or cancelling it, stops the timer.
   *
   * @param scheduler - where the time comes from; the host's by default
   * @throws InvalidOptionsError where the duration isn't one
   */
  static timeout(duration: Duration, scheduler?: SchedulerLike): CancellationToken {
    const ms = parseDuration(duration);
    const problems: OptionProblem[] = [];
    if (ms === undefined) problems.push({ option: 'duration', expected: durationExpected, value: duration });
    if (scheduler !== undefined && !isScheduler(scheduler)) {
      problems.push({ option: 'scheduler', expected: 'an RxJS scheduler', value: scheduler });
    }
    if (ms === undefined || problems.length > 0) refuse('timeout', problems);
    const token = new CancellationToken();
    token.#detach = clockOf(scheduler).after(ms, () => {
      token.cancel(`timed out after ${String(ms)} ms`);
    });
    return token;
  }

  /**
   * A token that is cancelled as soon as one of the given ones is, with its reason.
   *
   * @throws InvalidOptionsError where they are no tokens
   */
  static any(tokens: Iterable<CancellationToken>): CancellationToken {
    const parents = tokensIn(tokens);
    const token = new CancellationToken();
    for (const parent of parents) token.follow(parent);
    return token;
  }

  /** @internal What its errors say whose they are: one of a kind in this process, and as good as that in any other. */
  get id(): string {
    this.#id ??= uniqueId();
    return this.#id;
  }

  /** @internal The id of the token that was cancelled, this one or one that it follows; `undefined` before it. */
  get origin(): string | undefined {
    return this.#origin;
  }

  /** @internal Goes by an identity that is known elsewhere: a thread's token is the one that its caller has. */
  identify(id: string): this {
    this.#id = id;
    return this;
  }

  /** @internal Is cancelled with another token, now or later, in its name. May follow several. */
  follow(parent: CancellationToken): void {
    if (parent.isCancelled) {
      this.cancelLike(parent);
      return;
    }
    if (this.#cancelled) return;
    const before = this.#detach;
    const leave = parent.#admit(this);
    this.#detach =
      before === undefined
        ? leave
        : () => {
            before();
            leave();
          };
  }

  /** @internal Cancels this token as another one was: with its reason, and in its name. */
  cancelLike(other: CancellationToken): void {
    this.#cancel(other.#reason, other.#origin ?? other.id);
  }

  /** @internal The error that says so; a reason that is one already stays what it is. */
  error(what?: string): CancelledError {
    const reason = this.#reason;
    return cancelIn(reason) ?? new CancelledError(reason, what, this.#origin ?? this.id);
  }

  /**
   * @internal Whether an error tells of the cancel that this token has heard: its own, or that of one it follows. What a
   * child cancelled by itself throws isn't its parent's.
   */
  owns(error: CancelledError): boolean {
    if (!this.isCancelled) return false;
    return error === this.#reason || (error.tokenId !== undefined && error.tokenId === this.#origin);
  }

  /** @internal Called once as the token becomes cancelled, before anybody hears of it. */
  protected onCancelled(): void {
    // For those who keep more than this class does.
  }

  /** The token that hears of a signal for all that are made from it. */
  static #rootOf(signal: AbortSignal): CancellationToken {
    const known = roots.get(signal);
    if (known !== undefined) return known;
    const root = new CancellationToken();
    roots.set(signal, root);
    if (signal.aborted) {
      root.cancel(signal.reason);
      return root;
    }
    const listener = (): void => {
      root.cancel(signal.reason);
    };
    signal.addEventListener('abort', listener, { once: true });
    root.#unheard = () => {
      signal.removeEventListener('abort', listener);
      if (!root.#cancelled) roots.delete(signal);
    };
    return root;
  }

  #admit(heir: Heir): () => void {
    this.#heirs ??= new Set();
    const heirs = this.#heirs;
    heirs.add(heir);
    // From the set itself: whoever leaves while the others are being called isn't called.
    return () => {
      heirs.delete(heir);
      if (heirs.size === 0) this.#unheard?.();
    };
  }

  #cancel(reason: unknown, origin: string): void {
    if (this.#cancelled) return;
    // A stack of our own: a tree may be deeper than the engine's.
    const open = [this.#enter(reason, origin)];
    for (let heirs = open.at(-1); heirs !== undefined; heirs = open.at(-1)) {
      const { done, value: heir } = heirs.next();
      if (done === true) open.pop();
      else if (typeof heir === 'function') callSafely(heir);
      else if (!heir.#cancelled) open.push(heir.#enter(reason, origin));
    }
  }

  /** Becomes cancelled itself; who is still to hear of it is for the caller. */
  #enter(reason: unknown, origin: string): Iterator<Heir, undefined> {
    this.#cancelled = true;
    this.#reason = reason;
    this.#origin = origin;
    this.onCancelled();
    this.#detach?.();
    this.#detach = undefined;
    const heirs = this.#heirs ?? nobody;
    this.#heirs = undefined;
    this.#controller?.abort(this.error());
    return heirs.values();
  }
}

/** A reason that is an error of a cancel itself. */
function cancelIn(reason: unknown): CancelledError | undefined {
  try {
    return reason instanceof CancelledError ? reason : undefined;
  } catch {
    // It can't be looked at, as a revoked Proxy can't.
    return undefined;
  }
}

const nobody: ReadonlySet<Heir> = new Set();

const roots = new WeakMap<AbortSignal, CancellationToken>();

/** A listener that throws is reported and can't silence the others, nor whoever cancels. */
function callSafely(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    reportError(error);
  }
}

function refuse(method: string, problems: readonly OptionProblem[]): never {
  throw new InvalidOptionsError(`CancellationToken.${method}`, problems);
}

function tokensIn(value: unknown): readonly CancellationToken[] {
  const isList = typeof value === 'object' && value !== null && Symbol.iterator in value;
  const items: readonly unknown[] = isList
    ? [...(value as Iterable<unknown>)]
    : refuse('any', [{ option: 'the tokens', expected: 'an iterable of CancellationTokens', value }]);
  const problems = items.flatMap((item, index) =>
    item instanceof CancellationToken
      ? []
      : [{ option: `tokens[${String(index)}]`, expected: 'a CancellationToken', value: item }],
  );
  if (problems.length > 0) refuse('any', problems);
  return items as readonly CancellationToken[];
}

/** Whether a value can be used as an AbortSignal. */
export function isSignal(value: unknown): value is AbortSignal {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}
