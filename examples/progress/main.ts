/*
 * One run, watched in four ways at once: the console (on stderr), an event log, statistics, and a subscriber of our own.
 * Afterwards the log is read back and played once more. Everything is a fold over what the run tells; none of it is in
 * the steps.
 */
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineWorkflow, type StepContext } from 'millrace';
import { readJsonLines, renderProgress, replay, writeJsonLines } from 'millrace/node';

const parts = 5;
const out = new URL('../../out/progress/', import.meta.url);
await mkdir(out, { recursive: true });

const shelves = ['history', 'physics', 'poetry', 'law', 'music', 'travel', 'gardening', 'chess'];
const inventory = defineWorkflow('inventory', [
  ...shelves.map((shelf, place) => ({
    id: shelf,
    resource: 'heavy-io' as const,
    retry: 1,
    run: async (_: unknown, ctx: StepContext) => {
      for (let part = 1; part <= parts; part++) {
        await sleep(20 + 10 * (place % 3));
        ctx.progress({ done: part, total: parts }, `board ${String(part)}`);
        if (shelf === 'poetry' && ctx.attempt === 1 && part === 3) throw new Error('a board is missing');
      }
      return 10 * (place + 1);
    },
  })),
  {
    id: 'total',
    dependsOn: shelves,
    run: (counts) => Object.values(counts as Record<string, number>).reduce((sum, count) => sum + count, 0),
  },
]);

const run = inventory.run({ limits: { 'heavy-io': 3 } });

// 1. What a person sees.
const display = renderProgress(run);

// 2. What is kept.
const file = new URL('run.jsonl', out);
const log = writeJsonLines(run, file);

// 3. What only this program wants to know.
const perShelf = new Map<string, number>();
run.progress$.subscribe({
  next: (event) => {
    if (event.type === 'step-progress') perShelf.set(event.stepId, (perShelf.get(event.stepId) ?? 0) + 1);
  },
  error: console.error,
});

const { total } = await run.result();
await Promise.all([display.done, log.done]);

// 4. What was measured.
const { totalMs, parallelism, resources, criticalPath } = run.metrics();
const io = resources['heavy-io'];
console.log(`${String(total)} books in ${totalMs.toFixed(0)} ms`);
console.log(
  `${parallelism.toFixed(1)} steps at once on average; heavy-io: ${String(io?.peak)} of ${String(io?.limit)} at most`,
);
console.log(`critical path: ${criticalPath.join(' → ')}`);
console.log(
  `boards told: ${[...perShelf].map(([shelf, boards]) => `${shelf} ${String(boards)}`).join(', ')}`,
);

// The log is the run once more.
const kept = await readJsonLines(file);
const { counts } = replay(kept).play().snapshot();
console.log(
  `the log has ${String(kept.events.length)} events; replayed, ${String(counts.completed)} steps completed`,
);
