/*
 * Three kinds of limits at once: the standard classes, names of our own (`db` and `mail`, the latter with a rate), and memory.
 * Each step says what it takes; the run says what there is. What was taken at most is printed beside it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineWorkflow, memory } from 'millrace';

const customers = Array.from({ length: 12 }, (_, place) => `customer ${String(place + 1)}`);

const invoices = defineWorkflow(
  'invoices',
  customers.flatMap((customer, place) => [
    // A connection of the database; each third needs two.
    { id: `load ${customer}`, resource: { db: place % 3 === 0 ? 2 : 1 }, run: () => sleep(15, place) },
    // 64 MiB while it draws, on one of the cores.
    {
      id: `draw ${customer}`,
      dependsOn: [`load ${customer}`],
      resource: ['heavy-cpu', memory('64MiB')],
      run: () => sleep(10),
    },
    { id: `send ${customer}`, dependsOn: [`draw ${customer}`], resource: 'mail', run: () => sleep(1) },
  ]),
);

const run = invoices.run({
  limits: { 'heavy-cpu': 4, memory: '200MiB', db: 3, mail: { limit: 2, rate: { limit: 6, per: '100ms' } } },
});
const sent: number[] = [];
run.progress$.subscribe({
  next: (event) => {
    if (event.type === 'step-started' && event.stepId.startsWith('send')) sent.push(event.at);
  },
  error: console.error,
});
await run.result();

for (const [name, { peak, limit, utilisation }] of Object.entries(run.metrics().resources)) {
  console.log(
    `${name}: ${String(peak)} of ${String(limit)} at most, ${(utilisation * 100).toFixed(0)} % on average`,
  );
}
const most = Math.max(...sent.map((at) => sent.filter((other) => other >= at && other < at + 100).length));
console.log(`mails started within 100 ms: ${String(most)} of 6 at most`);
