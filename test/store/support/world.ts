import type { Machine } from '../../../lib/store/owner.ts';

/** Machines with processes that live and die as a test says, and whose clocks stand still until it moves them. */
export class World {
  /** What all clocks show, in ms. */
  now = 1_000_000;
  readonly #alive = new Map<number, string>();
  #pids = 0;

  /** Starts a process. */
  process(where: { readonly host?: string; readonly boot?: string; readonly space?: string } = {}): {
    readonly machine: Machine;
    readonly kill: () => void;
  } {
    const pid = ++this.#pids;
    const start = `started ${String(pid)}`;
    this.#alive.set(pid, start);
    return {
      machine: {
        self: { host: 'mill', boot: 'first', space: '', ...where, pid, start, thread: 0 },
        held: new Set(),
        machineMs: () => this.now,
        wallMs: () => this.now,
        startOf: (asked) => this.#alive.get(asked),
      },
      kill: () => {
        this.#alive.delete(pid);
      },
    };
  }
}
