import type { Blueprint } from '../definition/blueprint.ts';
import type { StepDefinition } from '../definition/step.ts';
import { Candidate, type Scope } from './candidate.ts';
import type { Host } from './host.ts';
import { shapeWithin } from './shape-within.ts';

/** The steps of a nested graph as the rest of the run knows them: each a candidate from when it first may start. */
export class Guests {
  readonly #scope: Scope;
  readonly #blueprint: Blueprint;
  readonly #host: Host;
  readonly #candidates: Candidate[] = [];
  readonly #held: (() => void)[] = [];
  #isAnnouncing = false;

  constructor(scope: Scope, blueprint: Blueprint, host: Host) {
    this.#scope = scope;
    this.#blueprint = blueprint;
    this.#host = host;
  }

  /** Whether those who listen are being told of the steps, none of which may end before all have been. */
  get isAnnouncing(): boolean {
    return this.#isAnnouncing;
  }

  /** Does something once all steps have been told of. */
  whenAnnounced(work: () => void): void {
    this.#held.push(work);
  }

  announce(): void {
    const { attempt, tally, scope } = this.#host;
    const { steps, graph } = this.#blueprint;
    const { progress, report } = scope.executor;
    tally.add(steps.length);
    if (!progress.observed) return;
    this.#isAnnouncing = true;
    for (const definition of steps)
      report.stepAdded(definition, attempt.definition.id, graph.dependenciesOf(definition.id));
    this.#isAnnouncing = false;
    for (const work of this.#held) work();
  }

  /**
   * What admission knows a step as.
   *
   * @throws InvalidOptionsError, ResourceLimitError where it demands what the run can't give
   */
  candidateOf(index: number): Candidate {
    return this.#candidates[index] ?? this.#enter(index);
  }

  started(index: number, now: number): void {
    this.#host.tally.started();
    this.#host.scope.executor.guests.started(this.candidateOf(index), now);
  }

  /** An attempt is over; one that was given up holds what it has taken. */
  ended(index: number, isAbandoned: boolean, now: number): void {
    this.#host.tally.ended();
    if (!isAbandoned) this.gaveBack(index, now);
  }

  /** Its demand has come back. */
  gaveBack(index: number, now: number): void {
    this.#host.scope.executor.guests.ended(this.candidateOf(index), now);
  }

  /** Takes those out of admission that wait there. */
  withdraw(waits: (index: number) => boolean): void {
    for (const [index, candidate] of this.#candidates.entries())
      if (waits(index)) this.#host.scope.executor.withdraw(candidate);
  }

  #enter(index: number): Candidate {
    const { steps, ranks } = this.#blueprint;
    const { id, settings } = steps[index] as StepDefinition;
    const shape = shapeWithin(this.#host, settings.demand, id);
    const path = [...this.#host.path, ranks.rankOf[index] as number];
    const candidate = new Candidate(this.#scope, index, shape, path);
    this.#candidates[index] = candidate;
    return candidate;
  }
}
