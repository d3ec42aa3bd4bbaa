import type { BranchingPlan } from './connections.ts';
import { edge } from './edge.ts';

/** The groups that streams connect. */
export function gangsOf(size: number, edgesOf: BranchingPlan['edgesOf']): number[][] {
  const gangOf = new Map<number, Set<number>>();
  for (let index = 0; index < size; index++) {
    for (const { step, kind } of edgesOf(index)) {
      if (kind !== edge.stream) continue;
      const merged = new Set([...(gangOf.get(index) ?? [index]), ...(gangOf.get(step) ?? [step])]);
      for (const member of merged) gangOf.set(member, merged);
    }
  }
  return [...new Set(gangOf.values())].map((gang) => [...gang].sort((left, right) => left - right));
}
