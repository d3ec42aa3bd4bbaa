import type { Channel } from '../channel/channel.ts';
import { MissingOverflowError } from '../channel/stream-errors.ts';

/** Where a step's body puts what it emits, when others read it while it runs. */
export class Outlet {
  readonly #channels: readonly Channel[];
  readonly #producer: string;
  readonly #consumers: readonly string[];
  /** Whether nobody needs the output, so that there may be none. */
  readonly mayStayEmpty: boolean;

  constructor(
    producer: string,
    consumers: readonly string[],
    channels: readonly Channel[],
    mayStayEmpty: boolean,
  ) {
    this.mayStayEmpty = mayStayEmpty;
    this.#producer = producer;
    this.#consumers = consumers;
    this.#channels = channels;
  }

  /** @throws MissingOverflowError where values come by themselves, and it isn't said what happens to one too many */
  checkPolicies(): void {
    const at = this.#channels.findIndex(({ overflow, isClosed }) => overflow === undefined && !isClosed);
    if (at < 0) return;
    throw new MissingOverflowError({ producer: this.#producer, consumer: this.#consumers[at] ?? '' });
  }

  /** @throws StreamOverflowError */
  push(value: unknown): void {
    for (const channel of this.#channels) channel.push(value);
  }

  /** Nothing has come, and nothing will. */
  endEmpty(): void {
    for (const channel of this.#channels) channel.close();
  }

  /** Resolves once every reader that is waited for has room; `undefined` where they have. */
  room(): Promise<void> | undefined {
    const full = this.#channels.find(({ isFull, overflow }) => isFull && overflow === undefined);
    if (full === undefined) return undefined;
    return new Promise<void>((resolve) => {
      full.whenRoom(resolve);
    }).then(() => this.room());
  }
}
