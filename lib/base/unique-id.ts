import { randomTag } from './host.ts';

let prefix: string | undefined;
let count = 0;

/** An id that no other call gives, in this thread or, but for an unbelievable chance, in any other. */
export function uniqueId(): string {
  prefix ??= randomTag();
  count++;
  return `${prefix}-${String(count)}`;
}
