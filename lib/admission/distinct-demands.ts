import type { Demand } from './demand.ts';

/** The demands of many steps, each distinct one once. */
export interface Demands {
  readonly distinct: readonly Demand[];
  /** For each step the place of its demand in `distinct`. */
  readonly places: Uint32Array;
}

/** Finds equal demands; most steps share one object, so that few are compared by content. */
export function distinctDemands(demands: readonly Demand[]): Demands {
  const distinct: Demand[] = [];
  const byObject = new Map<Demand, number>();
  const byContent = new Map<string, number>();
  const placeOf = (demand: Demand): number => {
    const content = JSON.stringify(demand);
    let place = byContent.get(content);
    if (place === undefined) {
      place = distinct.push(demand) - 1;
      byContent.set(content, place);
    }
    byObject.set(demand, place);
    return place;
  };
  const places = new Uint32Array(demands.length);
  let previous: Demand | undefined;
  let previousPlace = 0;
  for (let index = 0; index < demands.length; index++) {
    const demand = demands[index] as Demand;
    if (demand !== previous) {
      previous = demand;
      previousPlace = byObject.get(demand) ?? placeOf(demand);
    }
    places[index] = previousPlace;
  }
  return { distinct, places };
}
