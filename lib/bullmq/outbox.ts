import type { Clock } from '../base/clock.ts';
import { messagesText } from './messages.ts';
import type { Transport } from './transport.ts';

/** How long, in ms, that may take which nobody waits for: most of it then goes along with what somebody does. */
const longest = 5;

/**
 * What is told, several messages of one moment as one: each costs Redis, and both sides, as much as a call that takes no time.
 *
 * 1. Messages of one channel are told in order.
 * 2. What matters is told with the end of this turn of the event loop, the rest within some ms.
 */
export class Outbox {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #soon: (work: () => void) => void;
  readonly #waiting = new Map<string, string[]>();
  readonly #later = new Map<string, { readonly channel: string; readonly message: string }>();
  #isSoon = false;
  #stopTimer: (() => void) | undefined;

  /** @param soon - does something at the end of this turn */
  constructor(transport: Transport, clock: Clock, soon: (work: () => void) => void) {
    this.#transport = transport;
    this.#clock = clock;
    this.#soon = soon;
  }

  add(channel: string, message: string): void {
    const messages = this.#waiting.get(channel);
    if (messages === undefined) this.#waiting.set(channel, [message]);
    else messages.push(message);
    if (this.#isSoon) return;
    this.#isSoon = true;
    this.#soon(() => {
      this.#isSoon = false;
      this.flush();
    });
  }

  /** Tells something that nobody waits for, before what is told after it. Under its name it can be taken back. */
  addLater(channel: string, message: string, name: string): void {
    this.#later.set(name, { channel, message });
    if (this.#stopTimer !== undefined) return;
    this.#stopTimer = this.#clock.after(longest, () => {
      this.flush();
    });
  }

  /** What was told under that name is told now, as more follows that says nothing without it. */
  hasten(name: string): void {
    const later = this.#later.get(name);
    if (later === undefined) return;
    this.#later.delete(name);
    this.add(later.channel, later.message);
  }

  /** What was told under that name says nothing any more. */
  takeBack(name: string): void {
    this.#later.delete(name);
  }

  flush(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    for (const { channel, message } of this.#later.values()) {
      const messages = this.#waiting.get(channel);
      if (messages === undefined) this.#waiting.set(channel, [message]);
      else messages.unshift(message);
    }
    this.#later.clear();
    for (const [channel, messages] of this.#waiting) {
      // What matters is said again, or looked up.
      this.#transport.tell(channel, messagesText(messages)).catch(() => undefined);
    }
    this.#waiting.clear();
  }
}
