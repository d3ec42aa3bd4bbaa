import type { Limits } from '../admission/limits.ts';
import { parseBytes } from '../base/bytes.ts';

/** The capacity of each class, as numbers: what has none, as it is only rated or without a limit, isn't there. */
export function capacitiesOf(limits: Limits): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(limits).flatMap(([name, given]): [string, number][] => {
      const capacity = parseBytes(typeof given === 'object' ? given.limit : given);
      return capacity !== undefined && capacity < Infinity ? [[name, capacity]] : [];
    }),
  );
}
