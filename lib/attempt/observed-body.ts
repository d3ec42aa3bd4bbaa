import type { Observable } from 'rxjs';
import { OperatorSubscriber, subscribeTo } from '../base/operator-subscriber.ts';
import type { BodyListener, RunningBody } from './body-listener.ts';
import type { Outlet } from './outlet.ts';
import { refuseHandle } from './returned-work.ts';

/** How a stream ended. */
type Ending =
  | { readonly kind: 'completed' | 'empty' | 'stopped' }
  | { readonly kind: 'failed'; readonly error: unknown };

const completed: Ending = { kind: 'completed' };
const empty: Ending = { kind: 'empty' };
const stopped: Ending = { kind: 'stopped' };

/**
 * Keeps the last value of a stream.
 *
 * Its end is told after its teardown, which a synchronous stream hands over only as `subscribe` returns: a body that
 * still holds something has not stopped.
 */
export class ObservedBody implements RunningBody {
  readonly #listener: BodyListener;
  readonly #outlet: Outlet | undefined;
  readonly #subscriber: BodySubscriber;
  #isSubscribing = false;
  #ending: Ending | undefined;
  #hasValue = false;
  #last: unknown;

  constructor(listener: BodyListener) {
    this.#listener = listener;
    this.#outlet = listener.outlet;
    this.#subscriber = new BodySubscriber(this);
  }

  follow(source: Observable<unknown>): void {
    this.#listener.running?.(this);
    if (this.#hasEnded()) return;
    try {
      this.#outlet?.checkPolicies();
    } catch (error) {
      this.failed(error);
      return;
    }
    this.#isSubscribing = true;
    try {
      this.#subscribe(source);
    } catch (error) {
      // From a teardown, or from a source that has no other way to say so.
      if (this.#ending === undefined) this.failed(error);
      else this.#listener.tornDown?.(error);
    }
    this.#isSubscribing = false;
    if (this.#ending !== undefined) this.#tell(this.#ending);
  }

  #subscribe(source: Observable<unknown>): void {
    const { enterBody } = this.#listener;
    if (enterBody === undefined) subscribeTo(source, this.#subscriber);
    else
      enterBody(() => {
        subscribeTo(source, this.#subscriber);
      });
  }

  // A call, since the compiler takes a field for unchanged across calls that change it.
  #hasEnded(): boolean {
    return this.#ending !== undefined;
  }

  stop(): void {
    if (this.#ending === undefined) this.#end(stopped);
  }

  // What comes of the stream.

  emitted(value: unknown): void {
    if (this.#ending !== undefined) return;
    this.#hasValue = true;
    this.#last = value;
    const outlet = this.#outlet;
    if (outlet === undefined) return;
    try {
      this.#within(() => {
        outlet.push(value);
      });
    } catch (error) {
      this.failed(error);
    }
  }

  failed(error: unknown): void {
    if (this.#ending === undefined) this.#end({ kind: 'failed', error });
  }

  completed(): void {
    if (this.#ending === undefined) this.#end(this.#hasValue ? completed : empty);
  }

  #end(ending: Ending): void {
    this.#ending = ending;
    try {
      this.#subscriber.unsubscribe();
    } catch (error) {
      this.#listener.tornDown?.(error);
    }
    if (this.#isSubscribing) return;
    this.#within(() => {
      this.#tell(ending);
    });
  }

  /** Whoever emits does so in a context of its own. */
  #within(work: () => void): void {
    if (this.#listener.within === undefined) work();
    else this.#listener.within(work);
  }

  #tell(ending: Ending): void {
    if (ending.kind === 'failed') this.#listener.failed(ending.error);
    else if (ending.kind === 'completed') this.#tellLast();
    else this.#listener[ending.kind]();
  }

  #tellLast(): void {
    try {
      refuseHandle(this.#last);
    } catch (error) {
      this.#listener.failed(error);
      return;
    }
    this.#listener.completed(this.#last);
  }
}

/** Can be unsubscribed while `subscribe` still runs, by whatever library. */
class BodySubscriber extends OperatorSubscriber<unknown> {
  readonly body: ObservedBody;

  constructor(body: ObservedBody) {
    super();
    this.body = body;
  }

  protected override _next(value: unknown): void {
    this.body.emitted(value);
  }

  protected override _error(error: unknown): void {
    this.body.failed(error);
  }

  protected override _complete(): void {
    this.body.completed();
  }
}
