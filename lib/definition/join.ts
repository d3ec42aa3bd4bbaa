import { edge } from './edge.ts';
import type { Machinery } from './machinery.ts';

export { edge };

/** What makes a step that calls no function of its own start: the outcome of those it joins. Places are those of its inputs. */
export type Join = {
  /** What decides which of them it takes. */
  readonly Joins: Machinery;
} & (
  | {
      /** Its selector says which of the branches runs. */
      readonly kind: 'choose';
      /** How many of its inputs come before the branches'. */
      readonly dependencies: number;
      readonly selector: (inputs: Readonly<Record<string, unknown>>) => unknown;
      /** Where each branch's steps stand among the inputs: one, or by name those of a record. */
      readonly branches: ReadonlyMap<string, number | ReadonlyMap<string, number>>;
    }
  | {
      /** The first one to complete will do. */
      readonly kind: 'first-of';
    }
  | {
      /** The second one, where the first one fails. */
      readonly kind: 'fallback';
    }
);

/** How an input of a join is needed, by its place. */
export function joinEdge(join: Join, place: number): number {
  if (join.kind === 'first-of') return edge.candidate;
  if (join.kind === 'fallback') return place === 0 ? edge.candidate : edge.lazy;
  return place < join.dependencies ? edge.data : edge.lazy;
}
