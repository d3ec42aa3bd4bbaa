import { step, workflow } from 'millrace';
import { mergeMapWithin } from 'millrace/operators';
import { of } from 'rxjs';

const page = step('page', (ctx) => fetch('/', { signal: ctx.signal }));
const text = step('text', { page }, ({ page }) => page.text());
workflow('reading', { text })
  .result$()
  .pipe(mergeMapWithin(1, ({ text }) => of(text)))
  .subscribe((value: string) => {
    document.title = value;
  });
