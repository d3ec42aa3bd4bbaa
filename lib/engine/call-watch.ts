/**
 * How long a step's function kept the event loop by work of its own.
 *
 * ```
 *      mark (at most 1 ms before)                    reading
 *        │  call                                return │
 *  CPU ──┴───┴─────────── ran ┄┄ others ran ┄┄ ran ─┴──┴─▶
 * ```
 *
 * The time between call and return says too much: on a busy machine the thread stands still in it, and nobody is to blame. What the
 * thread itself has worked, only the CPU's clock tells, and that costs as much as several steps. So it is read once a call has
 * taken suspiciously long, and compared with a reading from before the call: one that is made at most once a ms, whatever starts in that,
 * and is then at most that old; less often where a reading takes long, so that readings take a hundredth of the time. With nobody to be warned neither clock is read.
 */
import type { Clock } from '../base/clock.ts';
import { type CpuTime, cpuTime } from '../base/host.ts';

/** A call that keeps the event loop for longer than this, in ms, is worth a warning. */
const longestBlock = 50;
/** How old a reading of the CPU's clock may be where a call begins, in ms: at least, and at most. */
const shortestRest = 1;
const longestRest = 10;
/** How much longer than a reading takes it is until the next one. */
const restFor = 100;

interface Mark {
  readonly at: number;
  readonly cpu: CpuTime | undefined;
}

/** The latest reading of this thread, whichever run has made it. */
let latest: Mark = { at: -Infinity, cpu: undefined };
let rest = shortestRest;

/** How long a call kept the event loop. */
export interface BlockedTime {
  /** In ms. */
  readonly ms: number;
  /** Whether the thread worked for so long; else it may have stood still for some of it, or other threads have worked. */
  readonly isCertain: boolean;
}

/** Watches the calls of one run, one after the other. All times are of the host's clock. */
export class CallWatch {
  #calledAt = Number.NaN;
  #mark = latest;

  /** A function is about to be called. */
  begin({ now: readClock }: Pick<Clock, 'now'>): void {
    const now = readClock();
    if (now - latest.at >= rest) {
      latest = { at: now, cpu: cpuTime() };
      rest = Math.min(longestRest, Math.max(shortestRest, restFor * (readClock() - now)));
    }
    this.#calledAt = now;
    this.#mark = latest;
  }

  /** One is called that nobody is to be warned of. */
  skip(): void {
    this.#calledAt = Number.NaN;
  }

  /** It has returned; gives how long it kept the event loop, where that is too long. */
  end(now: number): BlockedTime | undefined {
    const wallMs = now - this.#calledAt;
    this.#calledAt = Number.NaN;
    if (!(wallMs > longestBlock)) return undefined;
    const { at, cpu: before } = this.#mark;
    const began = now - wallMs;
    latest = { at: now, cpu: cpuTime() };
    const { cpu: after } = latest;
    if (before === undefined || after === undefined) return { ms: wallMs, isCertain: false };
    const usedMs = after.ms - before.ms;
    // Of this thread it is known what was used at least; of a process, with whatever else it has to do, at most.
    const isCertain = after.isOfThread;
    const ms = Math.min(wallMs, isCertain ? usedMs - (began - at) : usedMs);
    return ms > longestBlock ? { ms, isCertain } : undefined;
  }
}
