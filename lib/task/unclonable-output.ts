import { messageOf } from '../base/inspect.ts';
import { type FinalMessage, fromWorker } from '../wire/messages.ts';
import type { TransferItem } from '../wire/transfer.ts';
import { unclonablePart } from '../wire/unclonable-part.ts';

/** The final message of a task whose output can't be sent: what of it, and why. */
export function unclonableOutput(
  uid: number,
  output: unknown,
  list: readonly TransferItem[] | undefined,
  error: unknown,
): FinalMessage {
  const { path, what } = unclonablePart(output, 'output', list);
  return [fromWorker.unclonable, uid, path, `${what} (${messageOf(error)})`];
}
