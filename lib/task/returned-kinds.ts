import type { ObservableInput } from 'rxjs';

// What a task may return besides a plain value.

export function isPromiseLike(value: object): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
}

/** Whether a value is an Observable, or says that it is: of RxJS, which may not be loaded, or of another library. */
export function isObservable(value: object): value is ObservableInput<unknown> {
  const { lift, subscribe } = value as { readonly lift?: unknown; readonly subscribe?: unknown };
  if (typeof lift === 'function' && typeof subscribe === 'function') return true;
  const key = (Symbol as { readonly observable?: symbol }).observable ?? '@@observable';
  return key in value;
}
