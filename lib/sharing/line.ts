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
 * 3. In live time the event loop gets its turn in between.
 */
import { macrotask } from '../base/host.ts';
import type { SharedClass } from './shared-class.ts';
import { isBefore, type SharedShape, type Waiter } from './shared-shape.ts';

/** How long the event loop is kept, in ms, where many wait. */
const sliceMs = 8;

const inQuestion = new Set<SharedClass<SharedShape>>();
const toLookAgain = new Set<() => void>();
let isServing = false;
let isPaused = false;

/** Something of a class may have come free: those in line are asked when they are served. */
export function question(each: SharedClass<SharedShape>): void {
  if (each.inLine === 0) return;
  each.isInQuestion = true;
  inQuestion.add(each);
}

/** What keeps somebody waiting has changed, though nothing has come free: it is woken to look. */
export function lookAgain(wake: () => void): void {
  toLookAgain.add(wake);
}

/** Whether {@link serve} has something to do. */
export function isSomebodyDue(): boolean {
  return (inQuestion.size > 0 || toLookAgain.size > 0) && !isServing && !isPaused;
}

/** Serves all whose turn has come. */
export function serve(): void {
  if (!isSomebodyDue()) return;
  isServing = true;
  try {
    // Whoever is woken to look may give something back.
    while (inQuestion.size > 0 || toLookAgain.size > 0) {
      if (!grantAll()) break;
      for (const wake of toLookAgain) {
        toLookAgain.delete(wake);
        wake();
      }
    }
  } finally {
    isServing = false;
  }
}

/** False where the rest has to wait until the event loop has turned. */
function grantAll(): boolean {
  let until: number | undefined;
  for (let next = firstInTurn(); next !== undefined; next = firstInTurn()) {
    next.grant();
    const { liveNow } = next;
    if (liveNow === undefined) continue;
    until ??= liveNow + sliceMs;
    if (liveNow < until) continue;
    pause();
    return false;
  }
  return true;
}

function pause(): void {
  isPaused = true;
  macrotask(() => {
    isPaused = false;
    serve();
  });
}

/** The first of all who fit. Where there is none, nothing is in question any more. */
function firstInTurn(): Waiter | undefined {
  let first: Waiter | undefined;
  for (const each of inQuestion) {
    for (const shape of each.waiting) {
      const waiter = shape.next;
      if (waiter === undefined || (first !== undefined && !isBefore(waiter, first))) continue;
      if (shape.fits && !shape.isBarredFor(waiter)) first = waiter;
    }
  }
  if (first !== undefined) return first;
  for (const each of inQuestion) each.isInQuestion = false;
  inQuestion.clear();
  return undefined;
}
