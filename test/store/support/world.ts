import type { Machine } from '../../../lib/store/owner.ts';

/** Where a process is. */
interface Place {
  readonly host?: string;
  readonly boot?: string;
  readonly space?: string;
  /** To use a number again. */
  readonly pid?: number;
  readonly thread?: number;
  /** How far its machine's clocks are off, in ms. */
  readonly skew?: number;
}

/** A process of the {@link World}. */
export interface WorldProcess {
  readonly machine: Machine;
  /** From here on there is no such process. */
  readonly kill: () => void;
  /** It does nothing any more until it goes on. What falls due meanwhile is due then, once. */
  readonly stop: () => void;
  readonly goOn: () => void;
}

interface Timer {
  readonly ms: number;
  readonly work: () => void;
  dueAt: number;
}

/** Machines with processes that live, die and are stopped as a test says, and whose clocks stand still until somebody waits. */
export class World {
  #now = 1_000_000;
  readonly #alive = new Map<number, string>();
  readonly #timers = new Map<Timer, { isStopped: boolean }>();
  #pids = 0;
  #starts = 0;

  /** Starts a process. */
  process({ pid = ++this.#pids, thread = 0, skew = 0, ...where }: Place = {}): WorldProcess {
    // Threads are started with their process.
    const start = (thread === 0 ? undefined : this.#alive.get(pid)) ?? `started as ${String(++this.#starts)}`;
    this.#alive.set(pid, start);
    const state = { isStopped: false };
    return {
      machine: {
        self: { host: 'mill', boot: 'first', space: '', ...where, pid, start, thread },
        held: new Set(),
        machineMs: () => this.#now + skew,
        wallMs: () => this.#now + skew,
        startOf: (asked) => this.#alive.get(asked),
        every: (ms, work) => {
          const timer = { ms, work, dueAt: this.#now + ms };
          this.#timers.set(timer, state);
          return () => {
            this.#timers.delete(timer);
          };
        },
        pause: (ms) => this.pass(ms),
      },
      kill: () => {
        this.#alive.delete(pid);
        state.isStopped = true;
      },
      stop: () => {
        state.isStopped = true;
      },
      goOn: () => {
        state.isStopped = false;
      },
    };
  }

  /** Lets time pass, and what is due happen, as far as it goes without a real clock. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(([timer, { isStopped }]) => !isStopped && timer.dueAt <= end)
        .sort(([left], [right]) => left.dueAt - right.dueAt)[0]?.[0];
      if (due === undefined) break;
      this.#now = Math.max(this.#now, due.dueAt);
      due.dueAt = this.#now + due.ms;
      due.work();
      await turn();
    }
    this.#now = end;
    await turn();
  }
}

/** Lets what is under way on a disk in memory come to an end. */
async function turn(): Promise<void> {
  for (let turns = 0; turns < 3; turns++)
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
}
