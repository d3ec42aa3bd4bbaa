import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import { CancellationToken, isSignal } from '../lib/base/cancellation.ts';
import { InvalidOptionsError } from '../lib/base/errors.ts';
import { OperatorSubscriber, subscribeTo } from '../lib/base/operator-subscriber.ts';

/**
 * Mirrors the source until a token is cancelled, then errors.
 *
 * It errors rather than completes, so that a stream that was cut short is never taken for a whole one: `toArray`,
 * `reduce` and `lastValueFrom` give nothing instead of half a result. Where half will do, `takeUntil(token.cancelled$)`
 * completes.
 *
 * On the cancel the source is unsubscribed from first and the error goes out afterwards, both before `cancel` returns.
 * A token that is already cancelled errors at once, and the source is never subscribed to. A source that has ended
 * isn't touched by a later cancel, and nothing is left listening on the token after the end or an unsubscription.
 *
 * **Errors**: a `CancelledError` with the token's (or the signal's) reason; those of the source are passed on.
 *
 * @param token - a CancellationToken, or an AbortSignal
 * @throws InvalidOptionsError at once where it is neither
 *
 * @example
 * ```ts
 * const token = new CancellationToken();
 * interval(1000)
 *   .pipe(takeUntilCancelled(token))
 *   .subscribe({ error: (error) => console.log(error.message) }); // the operation was cancelled: "enough"
 * token.cancel('enough');
 * ```
 * @see {@link CancellationToken}
 */
export function takeUntilCancelled<Value>(
  token: CancellationToken | AbortSignal,
): MonoTypeOperatorFunction<Value> {
  if (!(token instanceof CancellationToken) && !isSignal(token)) {
    throw new InvalidOptionsError('takeUntilCancelled', [
      { option: 'the token', expected: 'a CancellationToken or an AbortSignal', value: token },
    ]);
  }
  return (source) =>
    new Observable((destination) => {
      const watched = token instanceof CancellationToken ? token : CancellationToken.from(token);
      if (watched.isCancelled) {
        destination.error(watched.error());
        return;
      }
      const mirror = new OperatorSubscriber(destination);
      if (watched !== token) {
        mirror.add(() => {
          watched[Symbol.dispose]();
        });
      }
      mirror.add(
        watched.onCancel(() => {
          mirror.unsubscribe();
          destination.error(watched.error());
        }),
      );
      subscribeTo(source, mirror);
    });
}
