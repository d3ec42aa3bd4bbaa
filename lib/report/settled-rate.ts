import type { ProgressEvent } from '../observe/progress-event.ts';

/** Over how long it is measured, in s. */
const seconds = 30;

/** How many steps end in a second, lately: those that an attempt was made of, whatever came of it, children of fan-outs included. */
export class SettledRate {
  readonly #counts = new Array<number>(seconds).fill(0);
  /** The second of the latest count. */
  #latest = -Infinity;
  #firstAt: number | undefined;

  add(event: ProgressEvent): void {
    this.#firstAt ??= event.at;
    if (event.type !== 'step-completed' && event.type !== 'step-failed') return;
    if (event.attempt === 0) return;
    this.#forget(event.at);
    const place = placeOf(this.#latest);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  /** How many in a second. */
  at(now: number): number {
    if (this.#firstAt === undefined) return 0;
    this.#forget(now);
    const sum = this.#counts.reduce((all, count) => all + count, 0);
    return sum / Math.min(seconds, Math.max(1, (now - this.#firstAt) / 1_000));
  }

  /** Begins the seconds up to a time anew. */
  #forget(at: number): void {
    const second = Math.max(this.#latest, Math.floor(at / 1_000));
    const from = Math.max(this.#latest + 1, second - seconds + 1);
    for (let each = from; each <= second; each++) this.#counts[placeOf(each)] = 0;
    this.#latest = second;
  }
}

function placeOf(second: number): number {
  return ((second % seconds) + seconds) % seconds;
}
