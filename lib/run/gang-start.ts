import type { Scope } from './candidate.ts';
import type { Gang } from './streams.ts';

/** Who starts the members of a gang once there is room for all of them. */
interface GangOwner {
  startGang(gang: Gang, members: readonly number[]): void;
  failHopeless(index: number, place: number): void;
}

/** Stands in admission for several steps that start together. */
export class GangStart implements Scope {
  readonly members: readonly number[];
  readonly #owner: GangOwner;

  readonly #gang: Gang;

  constructor(owner: GangOwner, gang: Gang, members: readonly number[]) {
    this.#owner = owner;
    this.#gang = gang;
    this.members = members;
  }

  start(): void {
    this.#owner.startGang(this.#gang, this.members);
  }

  ended(): void {
    // Its members end one by one.
  }

  failHopeless(_: number, place: number): void {
    for (const index of this.members) this.#owner.failHopeless(index, place);
  }
}
