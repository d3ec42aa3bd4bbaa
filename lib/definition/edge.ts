import type { Overflow } from '../base/overflow.ts';

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

/** How many values may wait, and what happens to one too many. */
export interface ChannelTerms {
  readonly capacity: number;
  readonly overflow: Overflow | undefined;
}

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
