import type { Mark } from './connections.ts';

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
