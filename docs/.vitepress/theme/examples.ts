/** Workflows to begin with. They are JavaScript: nothing of a workflow needs a type to be written. */
export interface Example {
  readonly title: string;
  readonly code: string;
}

const counting = `import { step, workflow } from 'millrace';
import { map, timer } from 'rxjs';

// Steps may give values, Promises, Observables or AsyncIterables.
const words = step('words', () => timer(300).pipe(map(() => ['water', 'wheel', 'millrace'])));
const lengths = step('lengths', { words }, async ({ words }, ctx) => {
  for (let done = 1; done <= words.length; done++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    ctx.progress({ done, total: words.length });
  }
  return words.map((word) => word.length);
});
const total = step('total', { lengths }, ({ lengths }) => lengths.reduce((sum, length) => sum + length, 0));
const longest = step('longest', { words, lengths }, ({ words, lengths }) =>
  timer(400).pipe(map(() => words[lengths.indexOf(Math.max(...lengths))])));
const report = step('report', { total, longest }, ({ total, longest }) =>
  \`\${total} letters, the longest word is \${longest}\`);

export default workflow('counting', { report, total });
`;

const limits = `import { forEachStep, step, workflow } from 'millrace';
import { map, timer } from 'rxjs';

// Sixteen children, at most three at once: try other limits, and pause.
const sizes = step('sizes', () => Array.from({ length: 16 }, (_, at) => 150 + ((at * 97) % 500)));
const fetched = forEachStep('fetched', { items: sizes }, (ms) => timer(ms).pipe(map(() => ms)), {
  resource: 'api',
});
const slowest = step('slowest', { fetched }, ({ fetched }) => Math.max(...fetched));

export default workflow('limits', { slowest });
export const options = { limits: { api: 3 } };
`;

const retries = `import { step, workflow } from 'millrace';
import { map, timer } from 'rxjs';

// It fails twice; back-off holds no resources.
const flaky = step(
  'flaky',
  (ctx) =>
    timer(200).pipe(
      map(() => {
        if (ctx.attempt < 3) throw new Error('not yet');
        return 'at last';
      }),
    ),
  { retry: { attempts: 4, delay: '300ms' } },
);
const endless = step('endless', { flaky }, () => timer(60_000), { timeout: '2s', retry: 1 });

export default workflow('retries', { endless });
`;

const race = `import { firstOf, step, workflow } from 'millrace';
import { map, timer } from 'rxjs';

// The first mirror that answers wins, and the others are told to stop.
const mirror = (name, ms) =>
  step(name, () => timer(ms).pipe(map(() => name + ' answered')), { resource: 'light-io' });
const answer = firstOf('answer', [mirror('berlin', 900), mirror('oslo', 500), mirror('lima', 1_400)]);
const shout = step('shout', { answer }, ({ answer }) => answer.toUpperCase());

export default workflow('race', { shout });
`;

export const examples: Readonly<Record<string, Example>> = {
  counting: { title: 'A pipeline', code: counting },
  limits: { title: 'A fan-out under a limit', code: limits },
  retries: { title: 'Retries and a timeout', code: retries },
  race: { title: 'A race', code: race },
};
