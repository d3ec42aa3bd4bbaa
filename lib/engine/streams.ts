import { Outlet } from '../attempt/outlet.ts';
import { Channel } from '../channel/channel.ts';
import type { BranchingPlan } from '../definition/connections.ts';
import { edge } from '../definition/join.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { StreamsScope } from './streams-scope.ts';
import { status } from './transitions.ts';

/** A channel between two steps. */
export interface Link {
  readonly producer: number;
  readonly consumer: number;
  /** The name by which the consumer knows it. */
  readonly name: string;
  readonly channel: Channel;
}

/**
 * The channels between the steps of a graph.
 *
 * 1. A channel ends as its producer does: at its end, or with what it failed with or was stopped for.
 * 2. A reader that is settled, or has left, holds nobody back.
 */
export class Streams {
  readonly #scope: StreamsScope;
  readonly #plan: BranchingPlan;
  readonly #to = new Map<number, Link[]>();
  readonly #from = new Map<number, Link[]>();

  /** @param blocked - called where somebody begins to wait at a channel */
  constructor(plan: BranchingPlan, scope: StreamsScope, blocked: (step: number) => void) {
    this.#plan = plan;
    this.#scope = scope;
    for (const step of plan.gangs.flat()) this.#link(step, blocked);
  }

  /** A step is settled, and so its streams are. */
  settled(step: number, failure: () => unknown): void {
    const { table } = this.#scope.run;
    const row = this.#scope.first + step;
    for (const { channel } of this.#from.get(step) ?? []) {
      if (table.status[row] === status.completed) channel.end(table.outputs[row]);
      else channel.fail(failure());
    }
    for (const { channel } of this.#to.get(step) ?? []) channel.leave();
  }

  /** Whether a step has neither emitted nor read anything, so that it may begin anew. */
  isUntouched(step: number): boolean {
    return (
      (this.#from.get(step) ?? []).every(({ channel }) => !channel.isUsed) &&
      (this.#to.get(step) ?? []).every(({ channel }) => channel.passed === 0)
    );
  }

  /** A step reads anew. */
  reopen(step: number): void {
    for (const { channel } of this.#to.get(step) ?? []) channel.reopen();
  }

  /** Whether a step waits at a channel: to be read, or for something to read. */
  isBlocked(step: number): boolean {
    return (
      (this.#from.get(step) ?? []).some(({ channel }) => channel.holdsBack) ||
      (this.#to.get(step) ?? []).some(({ channel }) => channel.isAwaited)
    );
  }

  /** The channels by which their producers are held back. */
  full(steps: readonly number[]): Link[] {
    return steps.flatMap((step) => this.#from.get(step) ?? []).filter(({ channel }) => channel.holdsBack);
  }

  /** Where a step's body puts what it emits. */
  outletOf(step: number): Outlet | undefined {
    const links = this.#from.get(step);
    if (links === undefined) return undefined;
    return new Outlet(
      this.#scope.idOf(step),
      links.map(({ consumer }) => this.#scope.idOf(consumer)),
      links.map(({ channel }) => channel),
      !this.#isOutputNeeded(step),
    );
  }

  /** The inputs of a step with the streams among them. */
  withStreams(step: number, inputs: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const links = this.#to.get(step);
    if (links === undefined) return inputs;
    return { ...inputs, ...Object.fromEntries(links.map(({ name, channel }) => [name, channel])) };
  }

  #isOutputNeeded(step: number): boolean {
    const { graph, outputs } = this.#scope.blueprint;
    const { starts } = graph.dependents;
    const kinds = this.#plan.kinds.subarray(starts[step], starts[step + 1]);
    return kinds.some((kind) => kind !== edge.stream) || [...outputs.values()].includes(step);
  }

  #link(consumer: number, blocked: (step: number) => void): void {
    const { steps } = this.#scope.blueprint;
    const { inputNames, settings } = steps[consumer] as StepDefinition;
    for (const { step: producer, kind, place, terms } of this.#plan.edgesOf(consumer)) {
      if (kind !== edge.stream || terms === undefined) continue;
      const ends = { producer: this.#scope.idOf(producer), consumer: this.#scope.idOf(consumer) };
      const channel = new Channel(ends, terms.capacity, terms.overflow, {
        mayReopen: settings.retry !== undefined,
        left: () => {
          this.#scope.left(consumer, place, producer);
        },
        blocked: () => {
          blocked(consumer);
        },
      });
      const link = { producer, consumer, name: inputNames[place] ?? '', channel };
      this.#to.set(consumer, [...(this.#to.get(consumer) ?? []), link]);
      this.#from.set(producer, [...(this.#from.get(producer) ?? []), link]);
    }
  }
}
