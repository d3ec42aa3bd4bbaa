import { macrotask } from '../base/host.ts';
import { inspectValue } from '../base/inspect.ts';
import type { BodyListener, RunningBody } from './body-listener.ts';
import { refuseHandle } from './returned-work.ts';

/** After so many values of an iterable the event loop turns once. */
const valuesATurn = 256;

/** Reads an iterable to its end, no faster than its readers do, and keeps the last value. */
export class IteratedBody implements RunningBody {
  readonly #listener: BodyListener;
  #iterator: AsyncIterator<unknown> | undefined;
  /** Settles when the iterator has done its own clean-up; there only once told to stop. */
  #returned: Promise<unknown> | undefined;
  /** Ends the wait for a reader. */
  #wake: (() => void) | undefined;

  constructor(listener: BodyListener) {
    this.#listener = listener;
  }

  stop(): void {
    if (this.#returned !== undefined) return;
    this.#wake?.();
    this.#returned = this.#return();
    // Where `next` never settles, nobody comes to see that this rejects.
    this.#returned.catch(() => undefined);
  }

  async #return(): Promise<unknown> {
    // A generator heeds its `return` when the `next` under way has settled.
    return this.#inside(() => this.#iterator?.return?.());
  }

  /** Calls what is somebody else's. */
  #inside<Result>(work: () => Result): Result {
    const { enterBody } = this.#listener;
    return enterBody === undefined ? work() : enterBody(work);
  }

  // A call, since the compiler takes a field for unchanged across calls and waits that change it.
  #isStopped(): boolean {
    return this.#returned !== undefined;
  }

  async #waitFor(room: Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      void room.then(resolve);
    });
  }

  async follow(iterable: AsyncIterable<unknown>): Promise<void> {
    const listener = this.#listener;
    const { outlet } = listener;
    listener.running?.(this);
    if (this.#isStopped()) {
      listener.stopped();
      return;
    }
    let hasValue = false;
    let last: unknown;
    let values = 0;
    try {
      const iterator = this.#inside(() => iterable[Symbol.asyncIterator]());
      this.#iterator = iterator;
      const next = (): Promise<IteratorResult<unknown>> => iterator.next();
      for (;;) {
        const result = await this.#inside(next);
        if (this.#isStopped()) break;
        // As `for await` does: what has no `done` would never end.
        if (typeof result !== 'object' || (result as unknown) === null)
          throw new TypeError(
            `the iterator's next() gave ${inspectValue(result)}, which is no iterator result`,
          );
        if (result.done === true) {
          if (!hasValue) listener.empty();
          else {
            refuseHandle(last);
            listener.completed(last);
          }
          return;
        }
        hasValue = true;
        last = result.value;
        if (outlet !== undefined) {
          outlet.push(last);
          const room = outlet.room();
          if (room !== undefined) await this.#waitFor(room);
          if (this.#isStopped()) break;
        }
        if (++values % valuesATurn !== 0) continue;
        // One that never waits would keep timers and I/O, a timeout among them, from ever coming through.
        await new Promise<void>(macrotask);
        if (this.#isStopped()) break;
      }
    } catch (error) {
      if (!this.#isStopped()) {
        listener.failed(error);
        return;
      }
    }
    try {
      await this.#returned;
    } catch (error) {
      listener.tornDown?.(error);
    }
    listener.stopped();
  }
}
