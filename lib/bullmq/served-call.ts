import type { Observable } from 'rxjs';
import type { Clock } from '../base/clock.ts';
import { EmptyStepError } from '../base/empty-step-error.ts';
import type { ProgressAmount, StepContext } from '../definition/step-context.ts';
import { encodeThrown } from '../wire/error-codec.ts';
import { JobContext } from './job-context.ts';
import type { AnswerToTell, CallBody, OfCallToTell, WhoWaits } from './messages.ts';
import {
  fetchValue,
  isBlob,
  type Parcel,
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

/** What a call needs of the worker that does it. */
export interface CallSite {
  /** Which worker it is. */
  readonly worker: string;
  readonly clock: Clock;
  readonly blobs: BlobStore;
  /** How many bytes of output may be in the answer itself. */
  readonly inline: number;
  tell(waiting: WhoWaits, message: OfCallToTell): void;
  /** Tells something that nobody waits for. */
  tellLater(waiting: WhoWaits, message: OfCallToTell, name: string): void;
}

/** A call that is being done. */
export class ServedCall {
  readonly body: CallBody;
  readonly taskName: string;
  readonly since: number;
  /** Who hears of it: whoever has adopted it last. */
  waiting: WhoWaits;
  readonly #site: CallSite;
  readonly #input: Parcel;
  readonly #ctx: JobContext;
  #beganAt: number | undefined;
  #thread: string;
  #stop: ((as: StoppedAs) => void) | undefined;
  /** What it was told before it had begun. */
  #stoppedAs: StoppedAs | undefined;

  constructor(body: CallBody, input: Parcel, taskName: string, waiting: WhoWaits, site: CallSite) {
    this.body = body;
    this.#input = input;
    this.taskName = taskName;
    this.waiting = waiting;
    this.since = site.clock.now();
    this.#site = site;
    this.#thread = site.worker;
    const { id, isHeard } = body;
    this.#ctx = new JobContext(body, taskName, site.clock, {
      began: (thread) => {
        this.#beganAt ??= site.clock.now();
        const { worker } = site;
        this.#thread = `${worker}/${thread}`;
        site.tellLater(this.waiting, ['began', id, worker, this.#thread], id);
      },
      progress: (amount, text) => {
        if (isHeard) site.tell(this.waiting, progressOf(id, amount, text));
      },
      log: (text, data) => {
        if (isHeard) site.tell(this.waiting, ['log', id, text, parcelOfValue(data)]);
      },
    });
  }

  get hasBegun(): boolean {
    return this.#beganAt !== undefined;
  }

  /** How long the task has taken so far, in ms. */
  get ms(): number {
    return this.#beganAt === undefined ? 0 : this.#site.clock.now() - this.#beganAt;
  }

  stop(as: StoppedAs): void {
    if (this.#stop === undefined) this.#stoppedAs ??= as;
    else this.#stop(as);
  }

  /** Does it. Never rejects. */
  async answer(task: ServedBody): Promise<AnswerToTell> {
    const { id } = this.body;
    const parcel = this.#input;
    const { blobs, inline } = this.#site;
    try {
      const input = isBlob(parcel) ? await fetchValue(parcel, blobs) : valueIn(parcel);
      if (this.#stoppedAs !== undefined) return stoppedAnswer(id, this.#stoppedAs);
      const output = await this.#run(task, input);
      if (output instanceof Stopped) return stoppedAnswer(id, output.as);
      const { ms } = this;
      const value = write(output, this.taskName, 'output');
      const sent = sizeOf(value) <= inline ? parcelOf(value) : await putAway(value, id, blobs);
      return ['result', id, sent, ms, this.#thread];
    } catch (error) {
      if (error instanceof EmptyStepError) return ['empty', id];
      return ['failure', id, parcelOfValue(encodeThrown(error))];
    }
  }

  /** Its output, or `Stopped` once it has stopped. */
  #run(task: ServedBody, input: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let output: unknown;
      let isStopped = false;
      const subscription = task(input, this.#ctx).subscribe({
        next: (value) => {
          output = value;
        },
        error: (error: unknown) => {
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever the task has thrown
          if (!isStopped) reject(error);
        },
        complete: () => {
          if (!isStopped) resolve(output);
        },
      });
      this.#stop = (as) => {
        if (isStopped) return;
        isStopped = true;
        this.#ctx.token.cancel();
        subscription.unsubscribe();
        void this.#ctx.finished().then(() => {
          resolve(new Stopped(as));
        });
      };
    });
  }
}

function progressOf(id: string, amount: ProgressAmount, text: string | undefined): OfCallToTell {
  const parcel = parcelOfValue(amount);
  return text === undefined ? ['progress', id, parcel] : ['progress', id, parcel, text];
}

/** What a call comes to that was told to stop, and has. */
class Stopped {
  readonly as: StoppedAs;

  constructor(as: StoppedAs) {
    this.as = as;
  }
}

export function stoppedAnswer(id: string, as: StoppedAs): AnswerToTell {
  return as === 'stopped' || as === 'returned' ? [as, id] : ['given-up', id, as];
}
