import { readFileSync } from 'node:fs';
import { CancellationToken } from 'millrace';
import { mergeMapWithin, retryWithBackoff, takeUntilCancelled } from 'millrace/operators';
import { catchError, type Observable, throwError } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { diagrams, marbleSvg } from '../../scripts/marble-diagrams.js';
import { marbles } from '../support/marbles.ts';

const folder = new URL('../../docs/pictures/', import.meta.url);

test.for(diagrams.map((diagram) => [diagram.file, diagram] as const))(
  '%s is up to date',
  ([file, diagram]) => {
    expect(readFileSync(new URL(file, folder), 'utf8')).toBe(marbleSvg(diagram));
  },
);

function drawing(file: string): { readonly inputs: readonly string[]; readonly output: string } {
  const found = diagrams.find((diagram) => diagram.file === file);
  return { inputs: (found?.inputs ?? []).map((input) => input.marbles), output: found?.output ?? '' };
}

/** What an operator errors with is no part of its picture. */
const anyError = <Value>(source: Observable<Value>): Observable<Value> =>
  source.pipe(catchError(() => throwError(() => 'error')));

describe('the pictures show what the operators do', () => {
  test(
    'mergeMapWithin',
    marbles((m) => {
      const { inputs, output } = drawing('merge-map-within.svg');
      const inner = m.cold(inputs[1] ?? '');
      m.expect(m.hot(inputs[0] ?? '').pipe(mergeMapWithin(2, () => inner))).toBeObservable(output);
    }),
  );

  test(
    'takeUntilCancelled',
    marbles((m) => {
      const { inputs, output } = drawing('take-until-cancelled.svg');
      const token = new CancellationToken();
      m.scheduler.schedule(
        () => {
          token.cancel();
        },
        (inputs[1] ?? '').indexOf('x'),
      );
      m.expect(m.hot(inputs[0] ?? '').pipe(takeUntilCancelled(token), anyError)).toBeObservable(output);
    }),
  );

  test(
    'retryWithBackoff',
    marbles((m) => {
      const { inputs, output } = drawing('retry-with-backoff.svg');
      const policy = { attempts: 3, delay: 4, factor: 2, jitter: 0 };
      const attempts$ = m
        .cold(inputs[0] ?? '')
        .pipe(retryWithBackoff(policy, { scheduler: m.scheduler }), anyError);
      m.expect(attempts$).toBeObservable(output);
    }),
  );
});
