import type { ChannelTerms } from './edge.ts';

/** What makes a step that calls no function of its own start: the outcome of those it joins. Places are those of its inputs. */
export type Join =
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
    };

/** How a step needs another: what must become of that one before it starts. */
export const edge = {
  /** It has completed. */
  data: 0,
  /** It is settled, in whatever way. */
  optional: 1,
  /** It is one of those of which one has to complete. */
  candidate: 2,
  /** It is started only once it is chosen. */
  lazy: 3,
  /** It runs at the same time. */
  stream: 4,
} as const;

/** What is special of an edge: its kind, and the terms where it is a stream. */
export interface Mark {
  readonly kind: number;
  readonly terms?: ChannelTerms;
}

/** The marks of a graph whose bodies only wait: what they emit is read by nobody, and so there is no need to hold it back. */
export function withoutBackpressure(
  marks: ReadonlyMap<number, Mark>,
  applies: (at: number) => boolean = () => true,
): ReadonlyMap<number, Mark> {
  return new Map(
    [...marks].map(([at, mark]) =>
      mark.terms === undefined || !applies(at)
        ? [at, mark]
        : [at, { ...mark, terms: { ...mark.terms, overflow: 'latest' } }],
    ),
  );
}

/** How an input of a join is needed, by its place. */
export function joinEdge(join: Join, place: number): number {
  if (join.kind === 'first-of') return edge.candidate;
  if (join.kind === 'fallback') return place === 0 ? edge.candidate : edge.lazy;
  return place < join.dependencies ? edge.data : edge.lazy;
}
