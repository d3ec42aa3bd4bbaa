import type { Demand } from '../admission/demand.ts';
import type { ProgressEvent } from './progress-event.ts';

/**
 * Who holds what of a run's resources, folded from its events, which say it: nothing here knows why anybody holds something.
 *
 * An event's `holds` is what an attempt holds from then on. An end that says nothing gives everything back.
 */
export class Holdings {
  /** How much of each resource class is taken. */
  readonly taken = new Map<string, number>();
  readonly #held = new Map<string, Demand>();
  /** What is held by attempts that were given up: a step that is brought again has attempts of the same numbers again. */
  readonly #givenUp = new Map<string, Demand[]>();

  /** Takes in one event; gives whether it may have changed what is taken. */
  add(event: ProgressEvent): boolean {
    switch (event.type) {
      case 'step-started':
        this.#set(event.stepId, event.holds);
        return true;
      case 'holds-changed':
        if (event.abandoned === true) this.#recover(event.stepId);
        else this.#set(event.stepId, event.holds);
        return true;
      case 'step-retrying':
      case 'step-completed':
      case 'step-failed':
      case 'step-cancelled':
        this.#end(event);
        return true;
      default:
        return false;
    }
  }

  /** The steps that hold something. */
  get holders(): string[] {
    return [...new Set([...this.#held.keys(), ...this.#givenUp.keys()])];
  }

  #end({ stepId, holds }: EndOfAttempt): void {
    this.#set(stepId, nothing);
    if (holds === undefined) return;
    this.#take(holds, 1);
    const givenUp = this.#givenUp.get(stepId);
    if (givenUp === undefined) this.#givenUp.set(stepId, [holds]);
    else givenUp.push(holds);
  }

  #recover(stepId: string): void {
    const givenUp = this.#givenUp.get(stepId) ?? [];
    this.#take(givenUp.pop() ?? nothing, -1);
    if (givenUp.length === 0) this.#givenUp.delete(stepId);
  }

  #set(stepId: string, holds: Demand): void {
    this.#take(this.#held.get(stepId) ?? nothing, -1);
    this.#take(holds, 1);
    if (Object.keys(holds).length > 0) this.#held.set(stepId, holds);
    else this.#held.delete(stepId);
  }

  #take(demand: Demand, sign: 1 | -1): void {
    for (const [name, amount] of Object.entries(demand))
      this.taken.set(name, (this.taken.get(name) ?? 0) + sign * amount);
  }
}

type EndOfAttempt = Extract<
  ProgressEvent,
  { readonly type: 'step-retrying' | 'step-completed' | 'step-failed' | 'step-cancelled' }
>;

const nothing: Demand = Object.freeze({});
