import { isNotRetriable } from './not-retriable.ts';

/**
 * What was thrown, as it is; or an Error that stands for it where it can't even be looked at (a revoked Proxy, say),
 * since that would make whoever handles it throw.
 */
export function thrownValue(thrown: unknown): unknown {
  if ((typeof thrown !== 'object' && typeof thrown !== 'function') || thrown === null) return thrown;
  try {
    // What `instanceof` and the engine's own questions come down to.
    Object.getPrototypeOf(thrown);
    isNotRetriable(thrown);
    return thrown;
  } catch (error) {
    return new Error('something was thrown that throws when it is looked at', { cause: error });
  }
}
