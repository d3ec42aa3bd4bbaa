import type { CallTable } from './call-table.ts';
import { type CoordinatorTerms, patience } from './coordinator-terms.ts';
import { NoRemoteWorkerError, noWorkerMessage } from './no-remote-worker-error.ts';
import type { RemoteCall } from './remote-call.ts';
import type { Roster } from './roster.ts';

/** Calls that nobody is there for: they are told so after a second, and fail after `workerWait`. */
export class WaitingRoom {
  readonly #terms: CoordinatorTerms;
  readonly #roster: Roster;
  readonly #table: CallTable;
  readonly #waiting = new Set<RemoteCall>();

  constructor(terms: CoordinatorTerms, roster: Roster, table: CallTable) {
    this.#terms = terms;
    this.#roster = roster;
    this.#table = table;
  }

  get calls(): readonly RemoteCall[] {
    return [...this.#waiting];
  }

  leave(call: RemoteCall): void {
    call.leaveWaiting?.();
    call.leaveWaiting = undefined;
  }

  enter(call: RemoteCall): void {
    if (this.#waiting.has(call)) return;
    this.#waiting.add(call);
    const { clock, workerWait, queue } = this.#terms;
    const { taskName } = call.request;
    const stopWarning = clock.after(Math.min(patience, workerWait), () => {
      call.waits(
        `${noWorkerMessage(taskName, queue, this.#roster.unfit())}; it is waited for, up to ${String(workerWait)} ms`,
      );
    });
    const stopWaiting = clock.after(workerWait, () => {
      this.#table.fail(call, new NoRemoteWorkerError(taskName, queue, workerWait, this.#roster.unfit()));
    });
    call.leaveWaiting = () => {
      this.#waiting.delete(call);
      stopWarning();
      stopWaiting();
    };
  }
}
