import type { Observable } from 'rxjs';

/** What a stream that ends at once gives: its values, then `'complete'` or the error. */
export function endOf(source: Observable<unknown>): unknown[] {
  const log: unknown[] = [];
  source.subscribe({
    next: (value) => log.push(value),
    error: (error: unknown) => log.push(error),
    complete: () => log.push('complete'),
  });
  return log;
}

/** The error with which a stream ends at once. */
export function errorOf(source: Observable<unknown>): unknown {
  let caught: unknown;
  source.subscribe({
    error: (error: unknown) => {
      caught = error;
    },
  });
  return caught;
}
