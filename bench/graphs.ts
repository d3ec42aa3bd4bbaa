/** A graph to run: for each step the steps it needs, all of them before it. */
export interface BenchGraph {
  readonly shape: Shape;
  readonly dependencies: readonly (readonly number[])[];
}

export const shapes = ['independent', 'chain', 'layered', 'random'] as const;
export type Shape = (typeof shapes)[number];

const layerWidth = 100;
const dependenciesEach = 3;

/** `layered` is 100 wide, with 3 dependencies each in the layer before; `random` has 3 anywhere before. */
export function benchGraph(shape: Shape, size: number): BenchGraph {
  const random = generator(size);
  const pick = (from: number, to: number): number => from + Math.floor(random() * (to - from));
  const dependencies = Array.from({ length: size }, (_, index) => {
    switch (shape) {
      case 'independent':
        return [];
      case 'chain':
        return index === 0 ? [] : [index - 1];
      case 'layered': {
        const layer = Math.floor(index / layerWidth);
        return layer === 0 ? [] : several(() => pick((layer - 1) * layerWidth, layer * layerWidth));
      }
      case 'random':
        return index === 0 ? [] : several(() => pick(0, index));
    }
  });
  return { shape, dependencies };
}

function several(one: () => number): number[] {
  return [...new Set(Array.from({ length: dependenciesEach }, one))];
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
