import type { Awaitable } from './backend.ts';

/** Control comes back to the run by this. */
export type Wake = (work: () => void) => void;

/**
 * Calls something that may answer at once or later, and goes on with what it gives or throws: before this returns where it was at once.
 */
export function ask<Value>(
  call: () => Awaitable<Value>,
  wake: Wake,
  then: (value: Value) => void,
  fail: (error: unknown) => void,
): void {
  let answer: Awaitable<Value>;
  try {
    answer = call();
  } catch (error) {
    fail(error);
    return;
  }
  if (!isPromiseLike(answer)) {
    then(answer);
    return;
  }
  answer.then(
    (value) => {
      wake(() => {
        then(value);
      });
    },
    (error: unknown) => {
      wake(() => {
        fail(error);
      });
    },
  );
}

function isPromiseLike<Value>(value: Awaitable<Value>): value is PromiseLike<Value> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { readonly then?: unknown }).then === 'function'
  );
}
