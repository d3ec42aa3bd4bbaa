import { Channel } from '../channel/channel.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { BranchingPlan } from '../definition/branching-plan.ts';
import { edge } from '../definition/join.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { Candidate } from './candidate.ts';
import { Outlet } from './outlet.ts';
import { type RunState, status } from './run-state.ts';

/** Steps that have to start together. */
export interface Gang {
  readonly members: readonly number[];
  readonly ready: Set<number>;
  /** Those that are settled, when all who need them have heard. */
  readonly gone: Set<number>;
  hasStarted: boolean;
  /** What admission knows it as, while it waits. */
  candidate: Candidate | undefined;
}

interface Link {
  readonly producer: number;
  readonly consumer: number;
  readonly name: string;
  readonly channel: Channel;
}

/**
 * The streams between the steps of a graph: who waits for whom to start, and the channels between those that run.
 *
 * 1. A gang is complete once each member is ready, or settled so that all have heard; it is offered to admission as one.
 * 2. A channel ends as its producer does: at its end, or with what it failed with or was stopped for.
 * 3. A reader that is settled, or has left, holds nobody back.
 */
export class Streams {
  readonly #plan: BranchingPlan;
  readonly #blueprint: Blueprint;
  readonly #state: RunState;
  readonly #gangOf = new Map<number, Gang>();
  readonly #to = new Map<number, Link[]>();
  readonly #from = new Map<number, Link[]>();

  /** @param left - called where a reader leaves a stream before its end */
  constructor(
    plan: BranchingPlan,
    blueprint: Blueprint,
    state: RunState,
    left: (producer: number, consumer: number, place: number) => void,
  ) {
    this.#plan = plan;
    this.#blueprint = blueprint;
    this.#state = state;
    for (const members of plan.gangs) {
      const gang: Gang = {
        members,
        ready: new Set(),
        gone: new Set(),
        hasStarted: false,
        candidate: undefined,
      };
      for (const index of members) {
        this.#gangOf.set(index, gang);
        this.#link(index, left);
      }
    }
  }

  /** Notes that a step is ready. What has to start now, where its gang is complete; `undefined` where it isn't in one. */
  ready(index: number): Gang | 'later' | undefined {
    const gang = this.#gangOf.get(index);
    if (gang === undefined) return undefined;
    gang.ready.add(index);
    return this.#complete(gang);
  }

  gangOf(index: number): Gang | undefined {
    return this.#gangOf.get(index);
  }

  /** A member is settled, and so its streams are. Gives its gang, which may be able to start without it. */
  settled(index: number, failure: unknown): Gang | undefined {
    const gang = this.#gangOf.get(index);
    if (gang === undefined) return undefined;
    gang.ready.delete(index);
    for (const { channel } of this.#from.get(index) ?? []) {
      if (this.#state.statuses[index] === status.completed) channel.end(this.#state.outputs[index]);
      else channel.fail(failure);
    }
    for (const { channel } of this.#to.get(index) ?? []) channel.leave();
    return gang;
  }

  /** Notes that all who need a settled member have heard. What has to start now, where its gang is complete without it. */
  gone(index: number): Gang | undefined {
    const gang = this.#gangOf.get(index);
    if (gang === undefined) return undefined;
    gang.gone.add(index);
    const complete = this.#complete(gang);
    return complete === 'later' ? undefined : complete;
  }

  /** In the order of starting: who reads is there before something comes. */
  startingOrder({ members }: Gang): number[] {
    const placeOf = new Map([...this.#blueprint.graph.order].map((index, place) => [index, place]));
    return members
      .filter((index) => !this.#state.isSettled(index))
      .sort((left, right) => (placeOf.get(right) ?? 0) - (placeOf.get(left) ?? 0));
  }

  /** Where a step's body puts what it emits. */
  outletOf(index: number): Outlet | undefined {
    const links = this.#from.get(index);
    if (links === undefined) return undefined;
    const nameOf = (step: number): string => this.#blueprint.graph.ids[step] ?? '';
    return new Outlet(
      nameOf(index),
      links.map(({ consumer }) => nameOf(consumer)),
      links.map(({ channel }) => channel),
      !this.#isOutputNeeded(index),
    );
  }

  #isOutputNeeded(index: number): boolean {
    const { graph, outputs } = this.#blueprint;
    const { starts } = graph.dependents;
    const kinds = this.#plan.kinds.subarray(starts[index], starts[index + 1]);
    return kinds.some((kind) => kind !== edge.stream) || [...outputs.values()].includes(index);
  }

  /** The inputs of a step with the streams among them. */
  withStreams(index: number, inputs: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const links = this.#to.get(index);
    if (links === undefined) return inputs;
    return { ...inputs, ...Object.fromEntries(links.map(({ name, channel }) => [name, channel])) };
  }

  #complete(gang: Gang): Gang | 'later' {
    if (gang.hasStarted || gang.ready.size === 0) return 'later';
    if (!gang.members.every((index) => gang.ready.has(index) || gang.gone.has(index))) return 'later';
    gang.hasStarted = true;
    return gang;
  }

  #link(consumer: number, left: (producer: number, consumer: number, place: number) => void): void {
    const { steps } = this.#blueprint;
    const { id, inputNames } = steps[consumer] as StepDefinition;
    for (const { step: producer, kind, place, terms } of this.#plan.edgesOf(consumer)) {
      if (kind !== edge.stream || terms === undefined) continue;
      const name = inputNames[place] ?? '';
      const ends = { producer: steps[producer]?.id ?? '', consumer: id };
      const channel = new Channel(ends, terms.capacity, terms.overflow, () => {
        left(producer, consumer, place);
      });
      const link = { producer, consumer, name, channel };
      this.#to.set(consumer, [...(this.#to.get(consumer) ?? []), link]);
      this.#from.set(producer, [...(this.#from.get(producer) ?? []), link]);
    }
  }
}
