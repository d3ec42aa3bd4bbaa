import type { Observable, Subscription } from 'rxjs';
import type { Clock } from '../base/clock.ts';
import { EmptyStepError } from '../base/empty-step-error.ts';
import { textOf } from '../base/inspect.ts';
import type { ProgressAmount, StepContext } from '../definition/step-context.ts';
import { encodeThrown } from '../wire/error-codec.ts';
import { JobContext, type JobListener } from './job-context.ts';
import type { AnswerToTell, CallBody, OfCallToTell, WhoWaits } from './messages.ts';
import {
  fetchValue,
  isBlob,
  type Parcel,
  type ParcelText,
  parcelOf,
  parcelOfValue,
  putAway,
  sizeOf,
  valueIn,
  write,
} from './parcel.ts';
import type { BlobStore } from './transport.ts';

/** Who wanted a call to stop: its coordinator, or this worker itself, and why. */
export type StoppedAs = 'stopped' | 'closed' | 'connection' | 'returned';

/** A task as the body of a step. */
export type ServedBody = (input: unknown, ctx: StepContext) => Observable<unknown>;

/** What calls need of the worker that does them. */
export interface CallSite {
  /** Which worker it is. */
  readonly worker: string;
  readonly clock: Clock;
  readonly blobs: BlobStore;
  tell(waiting: WhoWaits, message: OfCallToTell): void;
  /** Tells something that nobody waits for. */
  tellLater(waiting: WhoWaits, message: OfCallToTell, name: string): void;
}

/** A call that came in a job. */
export interface TakenCall {
  readonly body: CallBody;
  readonly taskName: string;
  readonly input: Parcel;
  /** How many bytes of output may be in the answer itself. */
  readonly inline: number;
}

/** Hears the last word of a call, and what it has failed with where it has. */
export type ServedCallOver = (call: ServedCall, answer: AnswerToTell, failure?: string) => void;

/**
 * A call that is being done.
 *
 * Where nothing of it has to be waited for, it is over when `start` returns: nothing is left of one when the next one of its job begins.
 */
export class ServedCall implements JobListener {
  readonly taken: TakenCall;
  readonly since: number;
  /** Who hears of it: whoever has adopted it last. */
  waiting: WhoWaits;
  readonly #site: CallSite;
  readonly #ctx: JobContext;
  readonly #over: ServedCallOver;
  #beganAt: number | undefined;
  #thread: string;
  #subscription: Subscription | undefined;
  #state: 'reading' | 'running' | 'stopping' | 'over' = 'reading';
  /** What it was told before it had begun. */
  #stoppedAs: StoppedAs | undefined;

  /** @param over - hears its last word, once */
  constructor(taken: TakenCall, waiting: WhoWaits, site: CallSite, over: ServedCallOver) {
    this.taken = taken;
    this.waiting = waiting;
    this.since = site.clock.now();
    this.#site = site;
    this.#over = over;
    this.#thread = site.worker;
    this.#ctx = new JobContext(taken.body, taken.taskName, site.clock, this);
  }

  get body(): CallBody {
    return this.taken.body;
  }

  get hasBegun(): boolean {
    return this.#beganAt !== undefined;
  }

  /** How long the task has taken so far, in ms. */
  get ms(): number {
    return this.#beganAt === undefined ? 0 : this.#site.clock.now() - this.#beganAt;
  }

  /** Does it. */
  start(task: ServedBody): void {
    const { input } = this.taken;
    if (isBlob(input)) {
      fetchValue(input, this.#site.blobs).then(
        (value) => {
          this.#run(task, value);
        },
        (error: unknown) => {
          this.#fail(error);
        },
      );
      return;
    }
    let value: unknown;
    try {
      value = valueIn(input);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#run(task, value);
  }

  stop(as: StoppedAs): void {
    if (this.#state === 'reading') this.#stoppedAs ??= as;
    if (this.#state !== 'running') return;
    this.#state = 'stopping';
    this.#ctx.token.cancel();
    this.#subscription?.unsubscribe();
    void this.#ctx.finished().then(() => {
      this.#end(stoppedAnswer(this.body.id, as));
    });
  }

  // What the task says of itself.

  began(thread: string): void {
    const { worker, clock } = this.#site;
    this.#beganAt ??= clock.now();
    this.#thread = `${worker}/${thread}`;
    const { id } = this.body;
    this.#site.tellLater(this.waiting, ['began', id, worker, this.#thread], id);
  }

  progress(amount: ProgressAmount, text: string | undefined): void {
    const { id, isHeard } = this.body;
    if (!isHeard) return;
    const parcel = parcelOfValue(amount);
    this.#site.tell(
      this.waiting,
      text === undefined ? ['progress', id, parcel] : ['progress', id, parcel, text],
    );
  }

  log(text: string, data: unknown): void {
    const { id, isHeard } = this.body;
    if (isHeard) this.#site.tell(this.waiting, ['log', id, text, parcelOfValue(data)]);
  }

  #run(task: ServedBody, input: unknown): void {
    if (this.#stoppedAs !== undefined) {
      this.#end(stoppedAnswer(this.body.id, this.#stoppedAs));
      return;
    }
    this.#state = 'running';
    let output: unknown;
    const subscription = task(input, this.#ctx).subscribe({
      next: (value) => {
        output = value;
      },
      error: (error: unknown) => {
        if (this.#state === 'running') this.#fail(error);
      },
      complete: () => {
        if (this.#state === 'running') this.#succeed(output);
      },
    });
    this.#subscription = subscription;
  }

  #succeed(output: unknown): void {
    const { ms } = this;
    const { id } = this.body;
    const { taskName, inline } = this.taken;
    const say = (parcel: ParcelText): void => {
      this.#end(['result', id, parcel, ms, this.#thread]);
    };
    // It has ended, so that it isn't stopped any more.
    this.#state = 'stopping';
    try {
      const value = write(output, taskName, 'output');
      if (sizeOf(value) <= inline) say(parcelOf(value));
      else
        putAway(value, id, this.#site.blobs).then(say, (error: unknown) => {
          this.#fail(error);
        });
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const { id } = this.body;
    if (error instanceof EmptyStepError) this.#end(['empty', id]);
    else this.#end(['failure', id, parcelOfValue(encodeThrown(error))], textOf(error));
  }

  #end(answer: AnswerToTell, failure?: string): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#over(this, answer, failure);
  }
}

export function stoppedAnswer(id: string, as: StoppedAs): AnswerToTell {
  return as === 'stopped' || as === 'returned' ? [as, id] : ['given-up', id, as];
}
