import { CancellationToken, forEachStep, step, workflow } from 'millrace';
import type * as node from 'millrace/node';
import { retryWithBackoff } from 'millrace/operators';
import type * as report from 'millrace/report';
import { simulate } from 'millrace/simulate';
import type * as store from 'millrace/store';
import type * as testing from 'millrace/testing';
import type * as worker from 'millrace/worker';
import type * as workers from 'millrace/workers';
import { of } from 'rxjs';

const token = new CancellationToken();
const page = step('page', (ctx) => of(ctx.attempt), { retry: 2, timeout: '30s' });
const texts = forEachStep('texts', { items: ['a', 'b'], page }, (item, { page }) => item.repeat(page));
const reading = workflow('reading', { texts });
const ms: number = simulate(reading).makespan;
const result: Promise<{ readonly texts: readonly string[] }> = reading.run({ token, timeout: ms }).result();

export type Entries = [
  typeof node,
  typeof report,
  typeof store,
  typeof testing,
  typeof worker,
  typeof workers,
];
export { result, retryWithBackoff };
