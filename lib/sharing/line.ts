/**
 * The line of all runs that wait for something that is shared: whose turn it is when something comes free.
 *
 * ```
 *  a demand comes back ─▶ its classes are in question ─▶ serve ─▶ first who fits ─▶ takes it, and wakes ─▶ starts a step
 *                                                          ▲                                               │
 *                                                          └───────────── until nobody fits ◀──────────────┘
 * ```
 *
 * 1. As long as a class is in question, nobody takes of it but those in line, in their order; at rest, nobody waits who fits.
 * 2. There is one for the process, since a run may wait for several shared limits at once. A run that is served is woken within the
 *    serving, and what it gives back is served after it, so that the stack is never deeper than that of two runs.
 * 3. In live time the event loop gets its turn in between. Runs in other times are a line of their own, which never waits for that.
 */
import { macrotask } from '../base/host.ts';
import type { SharedClass } from './shared-class.ts';
import { isBefore, type SharedShape, type Waiter } from './shared-shape.ts';

/** How long the event loop is kept, in ms, where many wait. */
const sliceMs = 8;

/** A run that is to look at what it waits for. */
interface Looking {
  served(): void;
}

class Line {
  readonly #inQuestion: SharedClass<SharedShape>[] = [];
  readonly #toLookAgain = new Set<Looking>();
  #isServing = false;
  #isPaused = false;

  /** Whether {@link serve} has something to do. */
  get isDue(): boolean {
    return (this.#inQuestion.length > 0 || this.#toLookAgain.size > 0) && !this.#isServing && !this.#isPaused;
  }

  question(each: SharedClass<SharedShape>): void {
    if (each.isInQuestion) return;
    each.isInQuestion = true;
    this.#inQuestion.push(each);
  }

  lookAgain(run: Looking): void {
    this.#toLookAgain.add(run);
  }

  serve(): void {
    if (!this.isDue) return;
    this.#isServing = true;
    try {
      // Whoever is woken to look may give something back.
      while (this.#grantAll() && this.#toLookAgain.size > 0) {
        for (const run of this.#toLookAgain) {
          this.#toLookAgain.delete(run);
          run.served();
        }
      }
    } finally {
      this.#isServing = false;
    }
  }

  /** False where the rest has to wait until the event loop has turned. */
  #grantAll(): boolean {
    let until: number | undefined;
    for (let next = this.#firstInTurn(); next !== undefined; next = this.#firstInTurn()) {
      next.grant();
      const { liveNow } = next;
      if (liveNow === undefined) continue;
      until ??= liveNow + sliceMs;
      if (liveNow < until) continue;
      this.#pause();
      return false;
    }
    return true;
  }

  #pause(): void {
    this.#isPaused = true;
    macrotask(() => {
      this.#isPaused = false;
      this.serve();
    });
  }

  /** The first of all who fit. Where there is none, nothing is in question any more. */
  #firstInTurn(): Waiter | undefined {
    let first: Waiter | undefined;
    for (const each of this.#inQuestion) {
      for (const shape of each.waiting) {
        // As a rule the least is free.
        if (!shape.fits) continue;
        const waiter = shape.next;
        if (waiter === undefined || (first !== undefined && !isBefore(waiter, first))) continue;
        if (!shape.isBarredFor(waiter)) first = waiter;
      }
    }
    if (first !== undefined) return first;
    for (const each of this.#inQuestion) each.isInQuestion = false;
    this.#inQuestion.length = 0;
    return undefined;
  }
}

const live = /* @__PURE__ */ new Line();
const other = /* @__PURE__ */ new Line();

/** Something of a class may have come free: those in line are asked when they are served. */
export function question(each: SharedClass<SharedShape>): void {
  if (each.inLine > 0) lineOf(each).question(each);
}

/** What keeps somebody waiting for a class has changed, though nothing has come free: it is woken to look. */
export function lookAgain(each: SharedClass<SharedShape>, run: Looking): void {
  lineOf(each).lookAgain(run);
}

/** Whether {@link serve} has something to do. */
export function isSomebodyDue(): boolean {
  return live.isDue || other.isDue;
}

/** Serves all whose turn has come. */
export function serve(): void {
  live.serve();
  other.serve();
}

function lineOf({ owner }: SharedClass<SharedShape>): Line {
  return owner.clock.live ? live : other;
}
