/**
 * The runs of this process, or thread, that have started and haven't ended: if nothing is left that could end them, somebody should hear of it.
 *
 * Node exits with code 0, and says nothing, when its event loop has run empty, although a run waits for a Promise that nobody will settle.
 *
 * 1. A run is in here from its start to its end, and keeps nothing alive but itself.
 * 2. Only runs in the host's own time: whether the time of others goes on is for those to say who hold their clocks.
 * 3. A run is told of once, since to write may give the event loop something to do, after which it runs empty again.
 * 4. If all that was told of ends after all, as where another listener cancels it, the exit code is what it was.
 */
import { exitCode, onEmptyEventLoop, setExitCode } from '../base/host.ts';
import type { Engine } from '../engine/engine.ts';

/** As Node exits where a top-level `await` never settles. */
const unsettledCode = 13;
const mostRuns = 5;
const mostSteps = 5;

const unfinished = new Set<Engine>();
const told = new Set<Engine>();
let isListening = false;
let hasSetCode = false;

/** A run starts. */
export function noteStart(run: Engine): void {
  if (!run.clock.live) return;
  unfinished.add(run);
  if (isListening) return;
  isListening = true;
  onEmptyEventLoop(tell);
}

/** A run has ended. */
export function noteEnd(run: Engine): void {
  unfinished.delete(run);
  if (!told.delete(run) || told.size > 0 || !hasSetCode) return;
  hasSetCode = false;
  if (exitCode() === unsettledCode) setExitCode(undefined);
}

function tell(): void {
  const news = [...unfinished].filter((run) => !told.has(run));
  if (news.length === 0) return;
  for (const run of news) told.add(run);
  if (exitCode() === undefined) {
    setExitCode(unsettledCode);
    hasSetCode = true;
  }
  const lines = news.slice(0, mostRuns).map(storyOf);
  if (news.length > mostRuns) lines.push(`  and ${String(news.length - mostRuns)} more runs`);
  // Not written to stderr itself, which fails loudly where nobody reads it.
  console.error(
    `millrace: nothing is left to do, but ${news.length === 1 ? "a run hasn't ended: what it waits" : `${String(news.length)} runs haven't ended: what they wait`} for will never come, such as a Promise that nobody settles.\n${lines.join('\n')}`,
  );
}

/** Where a run stands, in a few lines. */
function storyOf(run: Engine): string {
  const running: (() => string)[] = [];
  const hosting: (() => string)[] = [];
  const waiting: (() => string)[] = [];
  for (const { status, shownId } of run.unsettled())
    (status === 'hosting' ? hosting : status === 'running' || status === 'stopping' ? running : waiting).push(
      shownId,
    );
  const lines = [
    `  run '${run.runId}' of workflow '${run.blueprint.name}'${run.isPaused ? ', which is paused' : run.status === 'waiting' ? ', which waits for other runs to end' : ''}`,
  ];
  // Those whose work is done by others come last: it is the others that don't end.
  for (const [what, steps] of [
    ['running', [...running, ...hosting]],
    ['waiting', waiting],
  ] as const)
    if (steps.length > 0) lines.push(`    ${what}: ${named(steps)}`);
  return lines.join('\n');
}

/** The first few, and how many more there are. */
function named(steps: readonly (() => string)[]): string {
  const names = steps.slice(0, mostSteps).map((shownId) => `'${shownId()}'`);
  if (steps.length > mostSteps) names.push(`and ${String(steps.length - mostSteps)} more`);
  return names.join(', ');
}
