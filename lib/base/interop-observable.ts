import type { InteropObservable, Observable } from 'rxjs';
import { Observable as RxObservable } from './rxjs-parts.ts';

/** Whether a value is an Observable of RxJS, whichever copy: as RxJS tells its own. */
export function isObservable(value: unknown): value is Observable<unknown> {
  const { lift, subscribe } = (value ?? {}) as { readonly lift?: unknown; readonly subscribe?: unknown };
  return typeof lift === 'function' && typeof subscribe === 'function';
}

/** Whether a value says that it is an Observable, be it of another library or of another copy of RxJS. */
export function isInterop(value: object): value is InteropObservable<unknown> {
  return typeof (value as Partial<InteropObservable<unknown>>)[interopKey()] === 'function';
}

/** What it emits, through an Observable of this copy's own. */
export function fromInterop(source: InteropObservable<unknown>): Observable<unknown> {
  return new RxObservable((subscriber) => source[interopKey()]().subscribe(subscriber));
}

/** Where a host has no `Symbol.observable`, as Node hasn't, libraries agree on this name. */
function interopKey(): typeof Symbol.observable {
  return (
    (Symbol as { readonly observable?: typeof Symbol.observable }).observable ?? ('@@observable' as never)
  );
}
