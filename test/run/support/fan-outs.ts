import type { ForEachContext } from 'millrace';
import { map, type Observable, timer } from 'rxjs';
import type { Watched } from './watch.ts';

/** A child that takes as long as its item says. */
export const waits = (ms: number, _: unknown, { scheduler }: ForEachContext): Observable<number> =>
  timer(ms, scheduler).pipe(map(() => ms));

/** When the children started, by id. */
export function startsOf(run: Watched<unknown>): Record<string, number> {
  return Object.fromEntries(run.all('step-started').map(({ stepId, at }) => [stepId, at]));
}

export function mostAtOnce(run: Watched<unknown>, pattern: RegExp): number {
  let running = 0;
  let most = 0;
  for (const event of run.events) {
    if (!('stepId' in event) || !pattern.test(event.stepId)) continue;
    if (event.type === 'step-started') running++;
    else if (/completed|failed|cancelled|retrying/.test(event.type)) running--;
    most = Math.max(most, running);
  }
  return most;
}
