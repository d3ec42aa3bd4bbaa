import { Fifo } from '../base/fifo.ts';
import { inputOf, type UsedBlob } from './blob-uses.ts';
import type { CallTable } from './call-table.ts';
import { type CoordinatorTerms, sponsorOf } from './coordinator-terms.ts';
import type { EarlierCalls } from './earlier-calls.ts';
import { type CallBody, jobText, protocol } from './messages.ts';
import { digestOf, sizeOf, type Written } from './parcel.ts';
import type { RemoteCall, SentJob } from './remote-call.ts';
import type { Roster } from './roster.ts';
import type { ShortCalls } from './short-calls.ts';
import type { Transport } from './transport.ts';

/** Short calls of one task, for one lane. */
interface Gathering {
  readonly lane: string;
  readonly calls: Fifo<RemoteCall>;
  isComing: boolean;
}

/**
 * Sends calls as jobs, and takes them back.
 *
 * ```
 * long, or of unknown length    call ──▶ job
 * short, and workers are busy   call call call … ──▶ job, as soon as there is one less
 * ```
 *
 * 1. A call that needn't wait is sent at once. What waits does so here, where it can be gathered: in the queue are two jobs a slot at most.
 * 2. Sent again, a call has another name, by which what came of it before is told apart.
 */
export class Sender {
  readonly #transport: Transport;
  readonly #terms: CoordinatorTerms;
  readonly #roster: Roster;
  readonly #table: CallTable;
  readonly #short: ShortCalls;
  readonly #earlier: EarlierCalls;
  readonly #gatherings = new Map<string, Gathering>();
  readonly #tag: string;
  #sequence = 0;

  constructor(parts: {
    readonly transport: Transport;
    readonly terms: CoordinatorTerms;
    readonly roster: Roster;
    readonly table: CallTable;
    readonly short: ShortCalls;
    readonly earlier: EarlierCalls;
  }) {
    this.#transport = parts.transport;
    this.#terms = parts.terms;
    this.#roster = parts.roster;
    this.#table = parts.table;
    this.#short = parts.short;
    this.#earlier = parts.earlier;
    this.#tag = digestOf(parts.terms.id).slice(0, 16);
  }

  send(call: RemoteCall, lane: string): void {
    if (this.#short.together(call.request) === 1) {
      this.#sendTogether([call], lane);
      return;
    }
    const key = JSON.stringify([lane, call.request.taskName]);
    let gathering = this.#gatherings.get(key);
    if (gathering === undefined) {
      gathering = { lane, calls: new Fifo(), isComing: false };
      this.#gatherings.set(key, gathering);
    }
    gathering.calls.push(call);
    this.#comeBack(gathering);
  }

  /** There is one job less in a lane. */
  jobOver(lane: string): void {
    for (const gathering of this.#gatherings.values())
      if (gathering.lane === lane && gathering.calls.size > 0) this.#comeBack(gathering);
  }

  /** What was to go to a lane that nobody serves any more. */
  takeGathered(lane: string): RemoteCall[] {
    const calls: RemoteCall[] = [];
    for (const gathering of this.#gatherings.values()) {
      if (gathering.lane !== lane) continue;
      while (gathering.calls.size > 0) calls.push(gathering.calls.shift() as RemoteCall);
    }
    return calls;
  }

  /** Takes a job back that nobody has taken; false where somebody has. Others who wait for calls in it find it gone, and send them again. */
  takeBack(job: SentJob): Promise<boolean> {
    job.takingBack ??= this.#withdraw(job).finally(() => {
      job.takingBack = undefined;
    });
    return job.takingBack;
  }

  async #withdraw(job: SentJob): Promise<boolean> {
    await job.sending;
    return this.#transport.withdraw(job.lane, job.id);
  }

  /** Once all that comes at this moment is there. */
  #comeBack(gathering: Gathering): void {
    if (gathering.isComing) return;
    gathering.isComing = true;
    this.#terms.soon(() => {
      gathering.isComing = false;
      this.#sendGathered(gathering);
    });
  }

  #sendGathered({ lane, calls }: Gathering): void {
    const slots = this.#roster.slotsIn(lane);
    while (calls.size > 0 && this.#table.jobsIn(lane) < Math.max(1, 2 * slots)) {
      // Fair shares, so that no slot is idle while another has all of it.
      let room = Math.max(1, Math.ceil(calls.size / Math.max(1, slots)));
      let bytes = 0;
      const together: RemoteCall[] = [];
      while (room > 0 && calls.size > 0 && bytes < mostBytes) {
        const call = calls.shift() as RemoteCall;
        if (call.isOver || call.sent !== undefined) continue;
        if (together.length === 0) room = Math.min(room, this.#short.together(call.request));
        together.push(call);
        bytes += sizeOf(call.input as Written);
        room--;
      }
      if (together.length > 0) this.#sendTogether(together, lane);
    }
  }

  #sendTogether(calls: readonly RemoteCall[], lane: string): void {
    const blobs = this.#transport.blobsOf(lane);
    const ids = calls.map((call) => this.#name(call));
    const job: SentJob = {
      lane,
      id: ids.length === 1 ? (ids[0] as string) : `b${this.#tag}-${String(++this.#sequence)}`,
      calls: new Set(),
      isAdopted: false,
      activeSince: undefined,
      missedAt: undefined,
      sending: undefined,
      takingBack: undefined,
    };
    const parts = calls.map((call, at) => {
      const input = call.input as Written;
      const blob = this.#table.blobs.take(blobs, input);
      this.#table.sentAs(call, ids[at] as string, job, blob);
      return { call, input, blob };
    });
    job.sending = this.#post(job, parts).catch((error: unknown) => {
      for (const call of [...job.calls]) this.#table.fail(call, error);
    });
  }

  async #post(job: SentJob, parts: readonly Part[]): Promise<void> {
    // Nothing is awaited where nothing has to be: what was sent first is to be there first.
    const puts = parts.flatMap(({ blob }) => (blob === undefined ? [] : [blob.put]));
    if (puts.length > 0) await Promise.all(puts);
    const inputs = parts.map(({ blob, input }) => inputOf(blob, input));
    const noted = parts.map(({ call }) => this.#earlier.note(call, job));
    const [{ call: first }] = parts as readonly [Part];
    const { runId, stepId, attempt, taskName } = first.request;
    const shown =
      parts.length === 1
        ? { run: runId, step: stepId ?? '', attempt, dispatch: first.dispatches }
        : { run: runId, calls: parts.length };
    const sent = this.#transport.send(job.lane, {
      id: job.id,
      name: taskName,
      shown,
      body: jobText(
        { protocol, ...sponsorOf(this.#terms), task: taskName },
        parts.map(({ call }) => bodyOf(call)),
        inputs,
      ),
    });
    await Promise.all([...noted.filter((each) => each !== undefined), sent]);
  }

  /** What a call is called from now on. */
  #name(call: RemoteCall): string {
    call.dispatches++;
    // Of the clock, as a run may be started anew under its name.
    call.dispatchNumber = Math.max(call.dispatchNumber + 1, Math.floor(this.#terms.clock.now()));
    const { runId, stepId, attempt } = call.request;
    return call.isKept
      ? `k${digestOf(JSON.stringify([runId, stepId, attempt, call.dispatchNumber])).slice(0, 32)}`
      : `c${this.#tag}-${String(++this.#sequence)}`;
  }
}

function bodyOf(call: RemoteCall): CallBody {
  const { runId, epoch, life, stepId, attempt, gracePeriod, idempotencyKey, isolation, carrier } =
    call.request;
  const { isHeard } = call;
  return {
    id: call.sent?.id ?? '',
    runId,
    epoch,
    life,
    stepId,
    attempt,
    gracePeriod,
    idempotencyKey,
    carrier,
    isolation,
    isHeard,
  };
}

interface Part {
  readonly call: RemoteCall;
  readonly input: Written;
  readonly blob: UsedBlob | undefined;
}

/** How many bytes of inputs a job has at most, but for its last one. */
const mostBytes = 256 * 1024;
