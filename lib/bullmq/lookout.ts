import { type Answers, wasGivenUpBefore } from './answers.ts';
import type { CallTable } from './call-table.ts';
import { type CoordinatorTerms, patience } from './coordinator-terms.ts';
import { type Answer, read } from './messages.ts';
import type { RemoteCall, SentJob } from './remote-call.ts';
import type { Roster } from './roster.ts';
import type { Transport } from './transport.ts';
import { WorkerLostError } from './worker-lost-error.ts';

/** What a lookout has done about what it sees. */
export interface LookoutActions {
  /** The call is told to stop, or taken back. */
  stop(call: RemoteCall): void;
  /** Nobody serves the lane of a job: it goes where somebody does. */
  takeElsewhere(job: SentJob): Promise<void>;
  sendAgain(call: RemoteCall): void;
  /** Workers are asked for the last word of a call. */
  askAgain(call: RemoteCall): void;
}

/**
 * Compares what is believed of jobs with what the queue knows of them, as messages may be lost.
 *
 * ```
 * waiting    nothing is wrong, if somebody serves its lane
 * active     somebody has taken it; they are gone if all who are there have spoken since and don't say that they have it
 * answered   the answer was lost, and is here, or with its worker
 * failed     its worker is gone
 * unknown    the queue has lost it: whoever is at it yet has stopped with the lease
 * ```
 */
export class Lookout {
  readonly #transport: Transport;
  readonly #terms: CoordinatorTerms;
  readonly #roster: Roster;
  readonly #table: CallTable;
  readonly #answers: Answers;
  readonly #actions: LookoutActions;
  #stopLooking: (() => void) | undefined;

  constructor(
    parts: {
      readonly transport: Transport;
      readonly terms: CoordinatorTerms;
      readonly roster: Roster;
      readonly table: CallTable;
      readonly answers: Answers;
    },
    actions: LookoutActions,
  ) {
    this.#transport = parts.transport;
    this.#terms = parts.terms;
    this.#roster = parts.roster;
    this.#table = parts.table;
    this.#answers = parts.answers;
    this.#actions = actions;
  }

  /** Looks again and again. */
  start(): void {
    const { clock } = this.#terms;
    this.#stopLooking = clock.after(Math.max(patience, this.#roster.leaseMs / 2), () => {
      this.lookAtAll(patience);
      this.start();
    });
  }

  stop(): void {
    this.#stopLooking?.();
  }

  /** Looks at the jobs with calls that nobody has spoken of. */
  lookAtAll(leastAge: number): void {
    const since = this.#terms.clock.now() - leastAge;
    for (const job of [...this.#table.jobs])
      if ([...job.calls].some((call) => call.sent?.worker === undefined && call.since <= since))
        void this.look(job);
  }

  async look(job: SentJob): Promise<void> {
    let state: Awaited<ReturnType<Transport['look']>>;
    try {
      await job.sending;
      state = await this.#transport.look(job.lane, job.id);
    } catch {
      return;
    }
    const calls = [...job.calls].filter((call) => this.#table.isHeard(call));
    switch (state.kind) {
      case 'waiting':
        for (const call of calls) if (call.isStopping) this.#actions.stop(call);
        if (this.#isStranded(job)) await this.#actions.takeElsewhere(job);
        return;
      case 'active':
        for (const call of calls) if (call.isStopping) this.#actions.stop(call);
        job.activeSince ??= this.#terms.clock.now();
        this.loseUnclaimed(job);
        return;
      case 'answered':
        this.#read(job, state.answer, calls);
        return;
      case 'failed':
        for (const call of calls) this.#failed(call, state.reason);
        return;
      case 'unknown':
        if (!this.#mayBeAtWork(job)) for (const call of calls) this.#forgotten(call);
    }
  }

  /** Somebody has taken it, who is gone if all who are there have spoken since and don't say that they have it. */
  loseUnclaimed(job: SentJob): void {
    const { activeSince, lane } = job;
    if (activeSince === undefined) return;
    const since = activeSince + this.#roster.leaseMs / 4;
    if (this.#terms.clock.now() <= since || !this.#roster.haveSpoken(lane, since)) return;
    for (const call of [...job.calls])
      if (call.sent?.worker === undefined && this.#table.isHeard(call)) this.#failed(call, undefined);
  }

  /** Nobody serves its lane. Who has just adopted it may not have heard of those who do. */
  #isStranded({ lane, isAdopted, calls }: SentJob): boolean {
    if (this.#roster.isServed(lane)) return false;
    const since = this.#terms.clock.now() - patience;
    return !isAdopted || [...calls].every((call) => call.since <= since);
  }

  #read(job: SentJob, text: string, calls: readonly RemoteCall[]): void {
    const answers = new Map((read<readonly Answer[]>(text) ?? []).map((answer) => [answer[1], answer]));
    for (const call of calls) {
      const answer = answers.get(call.sent?.id ?? '');
      if (answer !== undefined) this.#answers.heard(answer);
      // Only its worker knows, if that is there yet.
      else if (this.#mayBeAtWork(job)) this.#actions.askAgain(call);
      else this.#failed(call, undefined);
    }
  }

  #failed(call: RemoteCall, reason: string | undefined): void {
    const { sent } = call;
    const { taskName, stepId } = call.request;
    if (reason !== undefined) this.#table.fail(call, new Error(reason));
    else if (sent !== undefined && wasGivenUpBefore(sent) && call.isWanted) this.#actions.sendAgain(call);
    else this.#table.fail(call, new WorkerLostError(taskName, stepId, sent?.worker, 'silent'));
  }

  #forgotten(call: RemoteCall): void {
    if (call.sent?.worker !== undefined || call.isStopping) this.#failed(call, undefined);
    // Whoever emptied the queue didn't mean that nobody is to do it.
    else this.#actions.sendAgain(call);
  }

  /**
   * Whether a job that the queue doesn't know may be at work yet: it is looked for again then. Somebody may have taken it before it was
   * forgotten, and stops with the lease at the latest, if nobody has spoken of it until then.
   */
  #mayBeAtWork(job: SentJob): boolean {
    const { clock } = this.#terms;
    const wait = this.#roster.leaseMs;
    const now = clock.now();
    if (job.missedAt === undefined) {
      job.missedAt = now;
      clock.after(wait, () => void this.look(job));
    }
    return now - job.missedAt < wait;
  }
}
