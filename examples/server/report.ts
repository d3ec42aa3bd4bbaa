import { input, step, type, workflow } from 'millrace';
import type { ThreadPool } from 'millrace/workers';
import type { Database } from './database.ts';
import type { tasks } from './rank.tasks.ts';

/**
 * The report on a city: made once, as the server starts, and run for each request.
 *
 * ```
 * sales ──▶ ranking ──▶ report
 * people ────────────────▲
 *  db       heavy-cpu
 * ```
 */
export function reportWorkflow(database: Database, pool: ThreadPool<typeof tasks>) {
  const city = input('city', type<string>());
  const sales = step('sales', { city }, ({ city }, { signal }) => database.sales(city, signal), {
    resource: 'db',
  });
  const people = step('people', { city }, ({ city }, { signal }) => database.people(city, signal), {
    resource: 'db',
  });
  const ranking = step(
    'ranking',
    { sales },
    pool.task('rank', ({ sales }) => sales),
  );
  const report = step('report', { city, people, ranking }, (found) => found);
  return workflow('report', { report });
}
