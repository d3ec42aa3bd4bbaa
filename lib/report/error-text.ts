import { textOf as messageText } from '../base/inspect.ts';
import { isError } from '../base/is-error.ts';
import { plainValue } from './plain-event.ts';

/** The message of an error, or of what is left of one in JSON; whatever was thrown. Never throws. */
export function textOf(error: unknown): string {
  if (isError(error)) return messageText(error);
  const plain = plainValue(error);
  if (plain === undefined || typeof error === 'function' || typeof error === 'symbol')
    return 'nothing that can be told';
  const { message } = Object(plain) as { readonly message?: unknown };
  if (typeof message === 'string') return message;
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}
