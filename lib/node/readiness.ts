import type { PicturedStep } from '../report/pictured-workflow.ts';

/** A step of the workflow: its place, and what it waits for. */
interface Place {
  readonly index: number;
  readonly dependents: Place[];
  /** How many dependencies have not completed; without an end where events don't tell when it is ready. */
  waitingFor: number;
}

/** Which steps have nothing left to wait for, as far as events tell. */
export class Readiness {
  readonly #places = new Map<string, Place>();

  /** @param isCompleted - which steps have completed before the first event */
  constructor(steps: readonly PicturedStep[], isCompleted: ReadonlyMap<string, boolean>) {
    for (const [index, { id }] of steps.entries())
      this.#places.set(id, { index, dependents: [], waitingFor: 0 });
    for (const { id, dependsOn, specialNeeds, isConditional } of steps) {
      const place = this.#places.get(id) as Place;
      if (specialNeeds !== undefined || isConditional === true) {
        place.waitingFor = Infinity;
        continue;
      }
      const open = dependsOn.filter((dependency) => isCompleted.get(dependency) === false);
      place.waitingFor = open.length;
      for (const dependency of open) this.#places.get(dependency)?.dependents.push(place);
    }
  }

  /** The place of a step of the workflow. */
  placeOf(id: string): number | undefined {
    return this.#places.get(id)?.index;
  }

  /** The places of all that wait for nothing. */
  get ready(): number[] {
    return readyAmong(this.#places.values());
  }

  /** A step has completed; gives the places of those that waited for it and for nothing else. */
  completed(id: string): number[] {
    const dependents = this.#places.get(id)?.dependents ?? [];
    for (const dependent of dependents) dependent.waitingFor--;
    return readyAmong(dependents);
  }
}

function readyAmong(places: Iterable<Place>): number[] {
  return Array.from(places).flatMap(({ waitingFor, index }) => (waitingFor === 0 ? [index] : []));
}
