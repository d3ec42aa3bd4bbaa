import {
  asyncScheduler,
  type MonoTypeOperatorFunction,
  Observable,
  type SchedulerLike,
  type Subscriber,
} from 'rxjs';
import { type Clock, clockOf, isScheduler } from '../lib/base/clock.ts';
import { decidedYesOrNo } from '../lib/base/decision.ts';
import { CancelledError } from '../lib/base/errors.ts';
import { isHopeless } from '../lib/base/not-retriable.ts';
import { OperatorSubscriber, subscribeTo } from '../lib/base/operator-subscriber.ts';
import { OptionChecker } from '../lib/base/option-checker.ts';
import { backoffDelay, parseRetry, type Retry, type RetryPolicy } from '../lib/base/retry-policy.ts';

/**
 * Where {@link retryWithBackoff} takes time and chance from. `undefined` is always absent.
 *
 * @example
 * ```ts
 * path$.pipe(retryWithBackoff({ attempts: 3, delay: '1s' }, { scheduler: new VirtualTimeScheduler(), random: () => 0.5 }));
 * ```
 */
export interface RetryWithBackoffOptions {
  /** Where the waits take place. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike | undefined;
  /** Gives numbers from 0 to 1; asked once a wait that has jitter. @defaultValue the host's generator */
  readonly random?: (() => number) | undefined;
}

/**
 * Subscribes to the source again when it errors, after a wait that grows: the `retry` option of steps, for any stream.
 *
 * What the attempts emit is passed on as it comes: values of a failed attempt aren't taken back. The failed attempt's
 * teardown has run before the wait begins; a wait of 0 subscribes at once, in a loop, so that endless attempts of a
 * synchronous source don't deepen the stack. Completes with the first attempt that completes. Unsubscribing during a
 * wait ends the wait at once.
 *
 * **Errors**: the last error, once the attempts are used up or `when` refuses; a `CancelledError` at once, since
 * what was cancelled isn't to be tried again; likewise an error of a step whose input was transferred away. What
 * `when` or `random` throws is passed on in place of the error they were asked about.
 *
 * @param retry - the number of retries (n + 1 attempts), or the details
 * @throws InvalidOptionsError at once where an option can't be used
 *
 * @example
 * ```ts
 * const page$ = defer(() => fetchPage('https://example.org')).pipe(
 *   retryWithBackoff({ attempts: 5, delay: '200ms', maxDelay: '5s', jitter: 0.5 }),
 * );
 * ```
 * @see {@link RetryOptions}
 */
export function retryWithBackoff<Value>(
  retry: Retry,
  options: RetryWithBackoffOptions = {},
): MonoTypeOperatorFunction<Value> {
  const checker = new OptionChecker();
  const policy = parseRetry(checker, 'retry', retry);
  const { clock, random } = readOptions(checker, options);
  checker.throwIfAny('retryWithBackoff');
  if (policy === undefined) return (source) => source;
  return (source) =>
    new Observable((destination) => {
      new Attempts(source, destination, policy, clock, random).begin();
    });
}

function readOptions(
  checker: OptionChecker,
  options: RetryWithBackoffOptions,
  // The one place of millrace that takes chance from the host: seeded by the clock, as a run is, the streams that
  // fail together would all wait equally long, which is what jitter is there to prevent.
  hostRandom: () => number = Math.random,
): { readonly clock: Clock; readonly random: () => number } {
  const isRecord = checker.record('options', options);
  if (isRecord) checker.knownKeys('', options, ['scheduler', 'random']);
  const { scheduler, random } = isRecord ? options : {};
  const isUsable = scheduler === undefined || isScheduler(scheduler);
  if (!isUsable) checker.fail('scheduler', 'an RxJS scheduler', scheduler);
  return {
    clock: clockOf(isUsable && scheduler !== undefined ? scheduler : asyncScheduler),
    random: checker.function('random', random) ?? hostRandom,
  };
}

/**
 * The attempts of one subscription, one after the other.
 *
 * A next attempt that is due while `begin` subscribes is left to its loop.
 */
class Attempts<Value> {
  readonly #source: Observable<Value>;
  readonly #destination: Subscriber<Value>;
  readonly #policy: RetryPolicy;
  readonly #clock: Clock;
  readonly #random: () => number;
  #failed = 0;
  #isDue = false;
  #isSubscribing = false;
  #endWait: (() => void) | undefined;

  constructor(
    source: Observable<Value>,
    destination: Subscriber<Value>,
    policy: RetryPolicy,
    clock: Clock,
    random: () => number,
  ) {
    this.#source = source;
    this.#destination = destination;
    this.#policy = policy;
    this.#clock = clock;
    this.#random = random;
    destination.add(() => this.#endWait?.());
  }

  begin(): void {
    this.#isDue = true;
    if (this.#isSubscribing) return;
    this.#isSubscribing = true;
    while (this.#takeDue()) subscribeTo(this.#source, new AttemptSubscriber(this.#destination, this.#fail));
    this.#isSubscribing = false;
  }

  #takeDue(): boolean {
    const isDue = this.#isDue && !this.#destination.closed;
    this.#isDue = false;
    return isDue;
  }

  readonly #fail = (error: unknown): void => {
    this.#failed++;
    let delayMs: number | undefined;
    try {
      if (this.#mayRetry(error)) delayMs = backoffDelay(this.#policy, this.#failed, error, this.#random);
    } catch (thrown) {
      this.#destination.error(thrown);
      return;
    }
    // Whoever was asked may have unsubscribed.
    if (this.#destination.closed) return;
    if (delayMs === undefined) this.#destination.error(error);
    else if (delayMs > 0) this.#wait(delayMs);
    else this.begin();
  };

  #mayRetry(error: unknown): boolean {
    const { attempts, when } = this.#policy;
    if (this.#failed >= attempts || error instanceof CancelledError || isHopeless(error)) return false;
    return when === undefined || decidedYesOrNo(() => 'retryWithBackoff', 'what when gives', when(error));
  }

  #wait(delayMs: number): void {
    this.#endWait = this.#clock.after(delayMs, () => {
      this.#endWait = undefined;
      this.begin();
    });
  }
}

/** Passes on what an attempt emits, and tells of its error once its teardown has run. */
class AttemptSubscriber<Value> extends OperatorSubscriber<Value> {
  readonly #onError: (error: unknown) => void;

  constructor(downstream: Subscriber<Value>, onError: (error: unknown) => void) {
    super(downstream);
    this.#onError = onError;
  }

  protected override _error(error: unknown): void {
    const { self } = this;
    self.unsubscribe();
    self.#onError(error);
  }
}
