import { median } from './statistics.ts';

/** One figure a contestant and round. */
type Figures<Name extends string> = ReadonlyMap<Name, readonly number[]>;

/** Measures every contestant once a round, each round beginning with another one. */
export async function interleaved<Name extends string>(
  names: readonly Name[],
  rounds: number,
  measure: (name: Name) => Promise<number>,
): Promise<Figures<Name>> {
  const figures = new Map(names.map((name) => [name, [] as number[]]));
  for (const name of names) await measure(name);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] as Name;
      figures.get(name)?.push(await measure(name));
    }
  }
  return figures;
}

/** A contestant's median. */
export function medianOf<Name extends string>(figures: Figures<Name>, name: Name): number {
  return median(figures.get(name) ?? []);
}

/** The median of a contestant's ratios to another one. */
export function ratioOf<Name extends string>(figures: Figures<Name>, name: Name, to: Name): number {
  const other = figures.get(to) ?? [];
  return median((figures.get(name) ?? []).map((figure, round) => figure / (other[round] ?? Number.NaN)));
}
