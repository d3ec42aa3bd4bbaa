import { fieldOf } from '../base/error-parts.ts';
import { textOf } from '../base/inspect.ts';
import { isError } from '../base/is-error.ts';

/** What the step's function has thrown, rather than what the engine has wrapped around it. */
export function rootOf(error: unknown): unknown {
  return (isError(error) ? fieldOf(error, 'cause') : undefined) ?? error;
}

/** What `error.type` says of an error: its code, or its name. */
export function typeOf(error: unknown): string {
  if (!isError(error)) return typeof error;
  const code = fieldOf(error, 'code');
  return typeof code === 'string' ? code : textOf(fieldOf(error, 'name'));
}
