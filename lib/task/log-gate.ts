/** So many lines may be on their way at most; those beyond are left out, and counted. */
const room = 1024;

/** After so many lines the main side says that it has heard them. */
export const heardLines = 256;

/**
 * Keeps a task that logs faster than it is heard from filling the memory: what there is no room for is left out, and
 * the next line that there is room for says how much that was.
 */
export class LogGate {
  readonly #post: (message: string, data: unknown) => void;
  readonly #receive: () => void;
  #unheard = 0;
  #leftOut = 0;

  /**
   * @param post - sends one line
   * @param receive - handles the messages that have arrived: a task that never waits leaves the event loop no room
   */
  constructor(post: (message: string, data: unknown) => void, receive: () => void) {
    this.#post = post;
    this.#receive = receive;
  }

  /** Sends a line where there is room for it. */
  tell(message: string, data: unknown): void {
    if (this.#unheard >= room) this.#receive();
    if (this.#unheard >= room) {
      this.#leftOut++;
      return;
    }
    this.flush();
    this.#send(message, data);
  }

  /** Hears that so many lines were heard. */
  heard(count: number): void {
    this.#unheard -= count;
    this.flush();
  }

  /** Says how many lines were left out, if any, room or not. */
  flush(): void {
    if (this.#leftOut === 0) return;
    const lines = this.#leftOut === 1 ? 'line was' : 'lines were';
    const message = `${String(this.#leftOut)} ${lines} left out here: the task logs faster than it is heard`;
    this.#leftOut = 0;
    this.#send(message, undefined);
  }

  #send(message: string, data: unknown): void {
    this.#unheard++;
    this.#post(message, data);
  }
}
