import { input, step, type, workflow } from 'millrace';
import { threadPool } from 'millrace/workers';
import type { tasks } from './primes.worker.ts';
// `?worker&url` has Vite build the module as a worker, and gives the address of what it built.
import workerUrl from './primes.worker.ts?worker&url';

const pool = threadPool<typeof tasks>(new URL(workerUrl, import.meta.url), { size: 2 });

const limit = input('limit', type<number>());
const yields = input('yields', type<boolean>());
const lower = step(
  'lower',
  { limit, yields },
  pool.task('countPrimes', ({ limit, yields }) => ({ from: 0, to: Math.floor(limit / 2), yields })),
);
const upper = step(
  'upper',
  { limit, yields },
  pool.task('countPrimes', ({ limit, yields }) => ({ from: Math.floor(limit / 2), to: limit, yields })),
);
const primes = workflow('primes', { lower, upper });

const start = element('start', HTMLButtonElement);
const cancel = element('cancel', HTMLButtonElement);

start.addEventListener('click', () => void count());
element('memory', HTMLOutputElement).value = crossOriginIsolated ? 'shared' : 'not shared';
pool.stats$.subscribe(({ started, replaced }) => {
  element('threads', HTMLOutputElement).value = `${String(started)} started, ${String(replaced)} replaced`;
});

async function count(): Promise<void> {
  start.disabled = true;
  say('state', 'running');
  say('lower', '');
  say('upper', '');
  // Otherwise the first worker might be done with both halves before the second has started.
  await pool.prewarm();
  const run = primes.run({
    inputs: {
      limit: element('limit', HTMLInputElement).valueAsNumber,
      yields: element('yields', HTMLInputElement).checked,
    },
  });
  cancel.disabled = false;
  cancel.onclick = () => {
    run.cancel('no longer wanted');
  };
  run.progress$.subscribe((event) => {
    if (event.type === 'step-progress')
      element(`${event.stepId}-progress`, HTMLProgressElement).value = event.fraction;
  });
  try {
    const counted = await run.result();
    say('lower', `${String(counted.lower.count)} by ${counted.lower.worker}`);
    say('upper', `${String(counted.upper.count)} by ${counted.upper.worker}`);
    say('state', 'done');
  } catch (error) {
    say('state', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
  start.disabled = false;
  cancel.disabled = true;
}

function say(id: string, text: string): void {
  element(id, HTMLOutputElement).value = text;
}

function element<Element extends HTMLElement>(id: string, kind: new () => Element): Element {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} '${id}'`);
}
