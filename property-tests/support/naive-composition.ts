import {
  catchError,
  concatMap,
  defer,
  EMPTY,
  filter,
  from,
  map,
  merge,
  mergeMap,
  type Observable,
  of,
  range,
  type SchedulerLike,
  scan,
  take,
  throwIfEmpty,
  timer,
  toArray,
} from 'rxjs';

/** What a composition is made of. Times in ms. */
export type Composed =
  | { readonly kind: 'leaf'; readonly ms: number; readonly fails: boolean }
  | { readonly kind: 'all' | 'first-of'; readonly parts: readonly Composed[] }
  | { readonly kind: 'choose'; readonly parts: readonly Composed[]; readonly chosen: number }
  | { readonly kind: 'gate'; readonly part: Composed; readonly runs: boolean }
  | { readonly kind: 'optional' | 'subflow'; readonly part: Composed }
  | { readonly kind: 'fallback'; readonly part: Composed; readonly other: Composed }
  | {
      readonly kind: 'for-each';
      readonly part: Composed;
      readonly count: number;
      readonly concurrency: number;
    }
  | { readonly kind: 'stream'; readonly count: number; readonly ms: number };

/** What a part gives that was skipped. */
export const skipped = Symbol('skipped');

/**
 * A composition as RxJS alone has it: what it must come to, and when. No limits, no cancelling, nothing shared.
 *
 * `forkJoin` for steps that need several, `mergeMap` for a fan-out, a race in which errors drop out, `catchError` for a fallback; and a
 * value that says that a part was skipped.
 */
export function naiveComposition(composed: Composed, time: SchedulerLike): Observable<unknown> {
  const naive = (part: Composed): Observable<unknown> => naiveComposition(part, time);
  switch (composed.kind) {
    case 'leaf':
      return timer(composed.ms, time).pipe(
        map(() => {
          if (composed.fails) throw new Error('as composed');
          return 'leaf';
        }),
      );
    case 'all':
      return together(composed.parts.map(naive));
    case 'choose':
      return defer(() => naive(composed.parts[composed.chosen] as Composed));
    case 'first-of':
      return first(composed.parts.map(naive));
    case 'gate':
      return naive(composed.part).pipe(map((value) => (composed.runs ? value : skipped)));
    case 'optional':
      return naive(composed.part).pipe(map((value) => (value === skipped ? null : value)));
    case 'fallback':
      return naive(composed.part).pipe(catchError(() => naive(composed.other)));
    case 'for-each':
      return range(0, composed.count).pipe(
        mergeMap(
          (place) => needed(naive(composed.part)).pipe(map((value) => ({ place, value }))),
          composed.concurrency,
        ),
        toArray(),
        map((results) => results.sort((a, b) => a.place - b.place).map(({ value }) => value)),
      );
    case 'subflow':
      return needed(naive(composed.part)).pipe(map((out) => ({ out })));
    case 'stream':
      return from(Array.from({ length: composed.count }, (_, place) => place)).pipe(
        concatMap((place) => timer(composed.ms, time).pipe(map(() => place))),
        toArray(),
      );
  }
}

/** `forkJoin`, but for a part that was skipped: then so is the whole, at once. */
function together(parts: readonly Observable<unknown>[]): Observable<unknown> {
  return merge(...parts.map((part, place) => part.pipe(map((value) => [place, value] as const)))).pipe(
    scan((values, [place, value]) => new Map(values).set(place, value), new Map<number, unknown>()),
    filter((values) => values.size === parts.length || [...values.values()].includes(skipped)),
    take(1),
    map((values) =>
      [...values.values()].includes(skipped) ? skipped : parts.map((_, place) => values.get(place)),
    ),
  );
}

function first(candidates: readonly Observable<unknown>[]): Observable<unknown> {
  let hasFailed = false;
  const quiet = candidates.map((candidate) =>
    candidate.pipe(
      filter((value) => value !== skipped),
      catchError(() => {
        hasFailed = true;
        return EMPTY;
      }),
    ),
  );
  return merge(...quiet).pipe(
    take(1),
    throwIfEmpty(() => new Error('none succeeded')),
    catchError((error: unknown) => {
      if (hasFailed) throw error;
      return of(skipped);
    }),
  );
}

/** The output of a workflow may not be missing. */
function needed(part: Observable<unknown>): Observable<unknown> {
  return part.pipe(
    map((value) => {
      if (value === skipped) throw new Error('it was skipped');
      return value;
    }),
  );
}
