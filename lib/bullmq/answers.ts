import { EmptyStepError } from '../base/empty-step-error.ts';
import { CancelledError } from '../base/errors.ts';
import { decodeThrown, type Encoded } from '../wire/error-codec.ts';
import type { CallTable } from './call-table.ts';
import type { Answer } from './messages.ts';
import { OutdatedRunError } from './outdated-run-error.ts';
import { fetchValue, isBlob, type Parcel, valueIn } from './parcel.ts';
import type { RemoteCall, Sent } from './remote-call.ts';
import type { ShortCalls } from './short-calls.ts';
import type { Transport } from './transport.ts';
import { WorkerLostError } from './worker-lost-error.ts';

/** What calls come to, however that was heard of. */
export class Answers {
  readonly #transport: Transport;
  readonly #table: CallTable;
  readonly #short: ShortCalls;
  readonly #sendAgain: (call: RemoteCall) => void;

  constructor(parts: {
    readonly transport: Transport;
    readonly table: CallTable;
    readonly short: ShortCalls;
    readonly sendAgain: (call: RemoteCall) => void;
  }) {
    this.#transport = parts.transport;
    this.#table = parts.table;
    this.#short = parts.short;
    this.#sendAgain = parts.sendAgain;
  }

  heard(answer: Answer): void {
    const call = this.#table.byId(answer[1]);
    if (call?.sent === undefined) {
      this.#table.dropped++;
      return;
    }
    if (answer[0] === 'result') {
      this.#short.note(call.request.taskName, answer[3]);
      call.began(answer[4]);
      this.#delivered(call, call.sent, answer[2]);
    } else if (call.isStopping) {
      this.#table.end(call);
    } else if (answer[0] === 'returned' || (wasGivenUpBefore(call.sent) && isGivenUp(answer, call))) {
      this.#sendAgain(call);
    } else {
      this.#table.fail(call, errorOf(call, answer));
    }
  }

  #delivered(call: RemoteCall, { job }: Sent, parcel: Parcel): void {
    if (!isBlob(parcel)) {
      this.#table.finish(call, () => {
        call.complete(valueIn(parcel));
      });
      return;
    }
    // Whatever comes now comes too late.
    this.#table.hearNoMore(call);
    const blobs = this.#transport.blobsOf(job.lane);
    const value = call.isStopping ? Promise.resolve(undefined) : fetchValue(parcel, blobs);
    value
      .then(
        (output) => {
          this.#table.finish(call, () => {
            call.complete(output);
          });
        },
        (error: unknown) => {
          this.#table.fail(call, error);
        },
      )
      .finally(() => {
        // What isn't dropped is gone a day later.
        blobs.drop(parcel.blob).catch(() => undefined);
      });
  }
}

/** Whether it was sent by a process before this one, and nobody has said since that it is at it. */
export function wasGivenUpBefore({ job, worker }: Sent): boolean {
  return job.isAdopted && worker === undefined;
}

function isGivenUp(answer: Answer, { request }: RemoteCall): boolean {
  if (answer[0] === 'outdated') return answer[2] <= request.epoch;
  return answer[0] === 'given-up' || answer[0] === 'stopped';
}

function errorOf(
  { request, sent }: RemoteCall,
  answer: Exclude<Answer, readonly ['result' | 'returned', ...unknown[]]>,
): unknown {
  const { taskName, stepId, runId, epoch } = request;
  switch (answer[0]) {
    case 'failure':
      return decodeThrown(valueIn(answer[2]) as Encoded);
    case 'empty':
      return new EmptyStepError(stepId ?? taskName);
    case 'stopped':
      // Nobody here asked for it: the task has cancelled its own token.
      return new CancelledError(undefined, `the task '${taskName}'`);
    case 'given-up':
      return new WorkerLostError(taskName, stepId, sent?.worker, answer[2]);
    case 'outdated':
      return new OutdatedRunError(runId, epoch, answer[2]);
  }
}
