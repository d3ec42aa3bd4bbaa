import { InvalidOptionsError } from './errors.ts';

/**
 * What a function that decides something has given; a Promise of it comes too late, and is no decision.
 *
 * @param owner - whose function it is
 * @param option - what it gave, as in `what its when gives`
 * @throws InvalidOptionsError where it is a Promise, whose rejection is then nobody's concern
 */
export function decided<Value>(owner: () => string, option: string, expected: string, value: Value): Value {
  if (!isThenable(value)) return value;
  Promise.resolve(value).catch(() => undefined);
  throw new InvalidOptionsError(owner(), [
    { option, expected: `${expected}, at once and no Promise`, value },
  ]);
}

/** As {@link decided}, where it has to be yes or no. */
export function decidedYesOrNo(owner: () => string, option: string, value: unknown): boolean {
  const decision = decided(owner, option, 'true or false', value);
  if (typeof decision === 'boolean') return decision;
  throw new InvalidOptionsError(owner(), [{ option, expected: 'true or false', value }]);
}

function isThenable(value: unknown): boolean {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  );
}
