import { seededRandom } from '../lib/base/seeded-random.ts';

/** Draws of the standard normal distribution: numbers spread as evenly as they can be, in a shuffled order, the same ones each time. */
export class NormalDraws {
  #next = 0;

  draw(): number {
    this.#next = (this.#next + 1) % normals.length;
    return normals[this.#next] as number;
  }
}

/** The number below which that share of the standard normal distribution lies (Tukey's lambda approximation). */
export function quantileOfNormal(share: number): number {
  return (share ** 0.135 - (1 - share) ** 0.135) / 0.1975;
}

const normals = shuffled(
  Float64Array.from({ length: 1021 }, (_, place) => quantileOfNormal((place + 0.5) / 1021)),
);

function shuffled(values: Float64Array): Float64Array {
  const random = seededRandom(1);
  for (let last = values.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [values[last], values[other]] = [values[other] as number, values[last] as number];
  }
  return values;
}
