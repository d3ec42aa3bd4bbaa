import type { Candidate } from './candidate.ts';
import type { RunAdmission } from './run-admission.ts';

/** What the attempts of steps that came while the run was under way have held, summed up: there may be a million of them. */
export class GuestUse {
  /** Attempts × ms, those of hosts apart: they only wait for their own. */
  #busyMs = 0;
  /** Amount × ms of each class, by place. */
  readonly #taken: number[] = [];
  readonly #running = new Map<Candidate, number>();
  readonly #budget: RunAdmission;

  constructor(budget: RunAdmission) {
    this.#budget = budget;
  }

  started(candidate: Candidate, now: number): void {
    this.#running.set(candidate, now);
  }

  /** Its demand has come back. */
  ended(candidate: Candidate, now: number): void {
    const startedAt = this.#running.get(candidate);
    if (startedAt === undefined) return;
    this.#running.delete(candidate);
    this.#busyMs += now - startedAt;
    addUse(this.#taken, candidate, now - startedAt);
  }

  busyMs(now: number): number {
    let busyMs = this.#busyMs;
    for (const startedAt of this.#running.values()) busyMs += now - startedAt;
    return busyMs;
  }

  /** Amount × ms of each class of the run, by place, up to now. */
  taken(now: number): number[] {
    const taken = this.#budget.resources.map((_, place) => this.#taken[place] ?? 0);
    for (const [candidate, startedAt] of this.#running) addUse(taken, candidate, now - startedAt);
    return taken;
  }
}

function addUse(taken: number[], { shape: { classes, amounts } }: Candidate, ms: number): void {
  for (const [at, place] of classes.entries())
    taken[place] = (taken[place] ?? 0) + (amounts[at] as number) * ms;
}
