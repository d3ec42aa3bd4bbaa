import type { Part } from 'millrace/testing';
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
  ReplaySubject,
  range,
  type SchedulerLike,
  scan,
  share,
  take,
  tap,
  throwError,
  throwIfEmpty,
  timeout,
  timer,
  toArray,
} from 'rxjs';

/** What a part gives that was skipped. */
const skipped = Symbol('skipped');

/**
 * The parts of one workflow as RxJS alone has them: what each must come to, and when. No limits, no cancels, nobody who goes on after
 * a failure.
 *
 * `forkJoin` for steps that need several, `shareReplay` for those that several need, `mergeMap` for a fan-out, a race in which errors
 * drop out, `catchError` for a fallback and for another attempt; and a value that says that a part was skipped.
 */
export class NaivePart {
  readonly #time: SchedulerLike;
  readonly #outside: number;
  readonly #onTie: () => void;
  readonly #made: Observable<unknown>[] = [];

  /** @param onTie - hears of two candidates of a race that come at one moment, of which nobody says who is first */
  constructor(time: SchedulerLike, onTie: () => void, outside = 1) {
    this.#time = time;
    this.#onTie = onTie;
    this.#outside = outside;
  }

  /** As the output of a workflow, which may not be missing. */
  whole(part: Part): Observable<unknown> {
    return defer(() => this.#of(part)).pipe(
      map((value) => {
        if (value === skipped) throw new Error('it was skipped');
        return value;
      }),
    );
  }

  #of(part: Part): Observable<unknown> {
    const once = part.kind === 'again' ? this.#again(part.place) : this.#shared(this.#work(part));
    this.#made.push(once);
    return once;
  }

  #again(place: number): Observable<unknown> {
    return this.#made[place % this.#made.length] ?? of('none before');
  }

  /** `shareReplay(1)`, which keeps an error as well. */
  #shared(source: Observable<unknown>): Observable<unknown> {
    return source.pipe(
      share({
        connector: () => new ReplaySubject(1),
        resetOnError: false,
        resetOnComplete: false,
        resetOnRefCountZero: false,
      }),
    );
  }

  #work(part: Exclude<Part, { readonly kind: 'again' }>): Observable<unknown> {
    switch (part.kind) {
      case 'leaf':
        return this.#tried(part, (attempt) => this.#attempt(part, attempt));
      case 'all':
        return together(part.parts.map((each) => this.#of(each)));
      case 'choose':
        return part.parts.map((each) => this.#of(each))[part.chosen] as Observable<unknown>;
      case 'first-of':
        return this.#first(part.parts.map((each) => this.#of(each)));
      case 'gate':
        return this.#of(part.part).pipe(map((value) => (part.runs ? value : skipped)));
      case 'optional':
        return this.#of(part.part).pipe(map((value) => (value === skipped ? null : value)));
      case 'fallback': {
        const [one, other] = [this.#of(part.part), this.#of(part.other)];
        return one.pipe(catchError(() => other));
      }
      case 'for-each':
        return range(0, part.count).pipe(
          mergeMap((place) => this.#child(part).pipe(map((value) => ({ place, value }))), part.concurrency),
          toArray(),
          map((results) => results.sort((a, b) => a.place - b.place).map(({ value }) => value)),
        );
      case 'subflow': {
        const once = defer(() => new NaivePart(this.#time, this.#onTie, this.#outside).whole(part.part)).pipe(
          map((out) => ({ out })),
        );
        return this.#tried(part, () =>
          part.timeout === undefined
            ? once
            : once.pipe(timeout({ first: part.timeout, scheduler: this.#time })),
        );
      }
      case 'returned':
        return this.#tried(part, (attempt) =>
          new NaivePart(this.#time, this.#onTie, attempt).whole(part.part),
        );
      case 'stream':
        return from(Array.from({ length: part.count + 1 }, (_, place) => place)).pipe(
          concatMap((place) => timer(part.ms, this.#time).pipe(map(() => place))),
          toArray(),
        );
    }
  }

  #child(part: Part & { readonly kind: 'for-each' }): Observable<unknown> {
    const child = this.#tried(part, (attempt) =>
      new NaivePart(this.#time, this.#onTie, attempt).whole(part.part),
    );
    return part.settles ? child.pipe(catchError(() => of(null))) : child;
  }

  #attempt(leaf: Part & { readonly kind: 'leaf' }, attempt: number): Observable<unknown> {
    const fails =
      leaf.fails === 'always' ||
      (leaf.fails === 'first' && attempt === 1) ||
      (leaf.fails === 'first outside' && this.#outside === 1);
    const ms = fails && leaf.hangs ? 2 * leaf.ms + 1 : leaf.ms;
    return timer(ms, this.#time).pipe(
      map(() => {
        if (fails) throw new Error('as planned');
        return 'leaf';
      }),
    );
  }

  #first(candidates: readonly Observable<unknown>[]): Observable<unknown> {
    return defer(() => {
      let hasFailed = false;
      const winners = new Set<Observable<unknown>>();
      let wonAt = Infinity;
      const heard = candidates.map((candidate) =>
        candidate.pipe(
          filter((value) => value !== skipped),
          tap(() => {
            wonAt = Math.min(wonAt, this.#time.now());
            if (this.#time.now() === wonAt) winners.add(candidate);
            if (winners.size > 1) this.#onTie();
          }),
          catchError(() => {
            hasFailed = true;
            return EMPTY;
          }),
        ),
      );
      // Those that come too late are heard as well, since nothing that is shared stops.
      for (const each of heard) each.subscribe();
      return merge(...heard).pipe(
        take(1),
        throwIfEmpty(() => new Error('none succeeded')),
        catchError((error: unknown) => {
          if (hasFailed) throw error;
          return of(skipped);
        }),
      );
    });
  }

  #tried(
    { retries, delay }: { readonly retries: number; readonly delay: number },
    once: (attempt: number) => Observable<unknown>,
  ): Observable<unknown> {
    const from = (attempt: number): Observable<unknown> =>
      defer(() => once(attempt)).pipe(
        catchError((error: unknown) =>
          attempt > retries
            ? throwError(() => error)
            : timer(delay * 2 ** (attempt - 1), this.#time).pipe(mergeMap(() => from(attempt + 1))),
        ),
      );
    return from(1);
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
