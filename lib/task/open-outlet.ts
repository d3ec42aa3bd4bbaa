import { StreamOverflowError } from '../channel/stream-errors.ts';
import { encodeThrown } from '../wire/error-codec.ts';
import { type FinalMessage, type FromWorker, fromWorker } from '../wire/messages.ts';
import type { StreamTerms } from '../wire/stream-terms.ts';
import type { TransferItem } from '../wire/transfer.ts';
import { StreamOutlet } from './stream-outlet.ts';
import { unclonableOutput } from './unclonable-output.ts';

/** What an outlet needs of its thread. */
interface OutletThread {
  post(message: FromWorker, list?: readonly TransferItem[]): void;
  receive(): void;
}

/**
 * Where the values of a task go one by one.
 *
 * @param refuse - stops the task where a value can't be sent or there are too many, and says so in the end
 */
export function openOutlet(
  [uid, taskName, stream]: readonly [uid: number, taskName: string, stream: StreamTerms],
  thread: OutletThread,
  refuse: (message: FinalMessage) => void,
): StreamOutlet {
  return new StreamOutlet(stream, {
    post: (values, list) => {
      thread.post([fromWorker.values, uid, values], list);
    },
    receive: () => {
      thread.receive();
    },
    refused: (value, list, error) => {
      refuse(unclonableOutput(uid, value, list, error));
    },
    overflowed: () => {
      const error = new StreamOverflowError({ producer: taskName, consumer: undefined }, stream[0]);
      refuse([fromWorker.failure, uid, encodeThrown(error)]);
    },
  });
}
