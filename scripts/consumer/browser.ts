import { step, workflow } from 'millrace';
import { mergeMapWithin } from 'millrace/operators';
import { type Plan, plan, simulate } from 'millrace/simulate';
import { of } from 'rxjs';

const page = step('page', (ctx) => fetch('/', { signal: ctx.signal }));
const text = step('text', { page }, ({ page }) => page.text());
const reading = workflow('reading', { text });
const found: Plan = plan(reading, { schedules: 10 });
const ms: number = simulate(reading, { plan: found }).makespan;
reading
  .result$({ plan: found, timeout: 1000 + ms })
  .pipe(mergeMapWithin(1, ({ text }) => of(text)))
  .subscribe((value: string) => {
    document.title = value;
  });
