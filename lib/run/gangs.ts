import { type Demand, sumOfDemands } from '../admission/demand.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { StepDefinition } from '../definition/step.ts';
import { Candidate, type Item, type Scope } from './candidate.ts';
import type { Executor } from './executor.ts';
import { type RunState, status } from './run-state.ts';
import type { Gang, Streams } from './streams.ts';

/** The graph whose steps are members of gangs. */
export interface GangScope extends Scope {
  readonly executor: Executor;
  readonly blueprint: Blueprint;
  readonly state: RunState;
  itemOf(index: number): Item;
  /** Its rank among what may start, from the outermost host's. */
  rankPathOf(index: number): readonly number[];
  /** A step waits for admission. */
  noteReady(index: number): void;
  fail(index: number, cause: unknown): void;
}

/** Admits those together that streams connect: all of them start, or none. */
export class Gangs {
  readonly #streams: Streams;
  readonly #scope: GangScope;

  constructor(streams: Streams, scope: GangScope) {
    this.#streams = streams;
    this.#scope = scope;
  }

  /** Notes that a step is ready, and offers its gang where it was the last; false where it starts by itself. */
  ready(index: number): boolean {
    const gang = this.#streams.ready(index);
    if (gang !== undefined && gang !== 'later') this.#offer(gang);
    return gang !== undefined;
  }

  /**
   * A member is settled, and so are its streams.
   *
   * @param isOut - whether what waited has been taken out of admission already
   */
  settled(index: number, failure: unknown, isOut: boolean): void {
    const gang = this.#streams.settled(index, failure);
    if (gang?.candidate === undefined) return;
    if (!gang.members.every((member) => this.#scope.state.isSettled(member))) return;
    if (!isOut) this.#scope.executor.withdraw(gang.candidate);
    gang.candidate = undefined;
  }

  /** All who need a settled member have heard: its gang may be able to start without it. */
  goOnWithout(index: number): void {
    const gang = this.#streams.gone(index);
    if (gang !== undefined) this.#offer(gang);
  }

  /** What those take that have to run as long as a step reads from them. */
  demandOfMates(index: number): Demand {
    const mates = this.#streams.gangOf(index)?.members ?? [];
    const others = mates.filter((mate) => mate !== index && !this.#scope.state.isSettled(mate));
    return sumOfDemands(others.map((mate) => this.#demandOf(mate)));
  }

  #demandOf(index: number): Demand {
    return (this.#scope.blueprint.steps[index] as StepDefinition).settings.demand;
  }

  #offer(gang: Gang): void {
    const { blueprint, executor } = this.#scope;
    const members = this.#streams.startingOrder(gang);
    const first = members[members.length - 1] as number;
    const demands = members.map((index) => this.#demandOf(index));
    try {
      const shape = executor.budget.shapeForAll(demands, blueprint.nameOfGang(gang.members));
      const path = this.#scope.rankPathOf(first);
      gang.candidate = new Candidate(this.#stands(gang, members), first, shape, path);
      for (const member of members) this.#scope.noteReady(member);
      executor.offer(gang.candidate);
    } catch (error) {
      this.#scope.fail(first, error);
    }
  }

  /** What stands in admission for all of them. */
  #stands(gang: Gang, members: readonly number[]): Scope {
    return {
      start: () => {
        this.#start(gang, members);
      },
      ended: () => {
        // Its members end one by one.
      },
      failHopeless: (_, place) => {
        for (const index of members) this.#scope.failHopeless(index, place);
      },
    };
  }

  /** They have been admitted: each goes on by itself. */
  #start(gang: Gang, members: readonly number[]): void {
    const { executor, state } = this.#scope;
    const items = members.map((index) => this.#scope.itemOf(index));
    executor.split(gang.candidate as Candidate, items);
    gang.candidate = undefined;
    for (const [at, index] of members.entries()) {
      // One that has just started may have stopped the others.
      if (state.statuses[index] === status.ready) this.#scope.start(index);
      else executor.neverStarted(items[at] as Item);
    }
  }
}
